"""Weights rounded to few levels, bucket by bucket."""
