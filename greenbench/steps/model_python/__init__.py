"""Networks that a user's own Python code makes."""
