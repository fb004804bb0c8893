"""The winning ticket: which weights are worth training alone."""
