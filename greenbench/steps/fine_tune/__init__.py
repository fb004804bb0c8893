"""A little more training, at a lower rate."""
