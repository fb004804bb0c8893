"""The built-in handwritten digits."""
