"""Tables of numbers and names."""
