"""Static int8 for Intel processors."""
