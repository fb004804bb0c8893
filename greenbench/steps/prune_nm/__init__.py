"""Zeros in the one pattern that some hardware multiplies faster."""
