"""Random inputs, for timing alone."""
