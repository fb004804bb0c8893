"""Folders in MNIST's IDX format."""
