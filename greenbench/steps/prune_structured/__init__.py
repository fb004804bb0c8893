"""Whole channels go."""
