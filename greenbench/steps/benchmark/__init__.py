"""Measures many models under one protocol, interleaved, each in a process of its own."""
