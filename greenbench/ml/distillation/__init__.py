"""A small model learns from a large one: soft targets, features, and into few bits."""
