"""Labelled sentences from a file."""
