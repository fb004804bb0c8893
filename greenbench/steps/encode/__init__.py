"""The coded file of a model."""
