"""A student that learns with weights of few bits."""
