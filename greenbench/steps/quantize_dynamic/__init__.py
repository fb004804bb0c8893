"""Weights in 8 bits, activations rounded at each call."""
