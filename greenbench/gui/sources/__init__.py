"""A user's own models and data in the window: what a file is, what a data set looks like, whether they fit, which code may run."""
