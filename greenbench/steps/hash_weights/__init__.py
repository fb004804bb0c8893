"""Dense layers whose weights a hash draws from a few values."""
