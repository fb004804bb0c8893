"""Few values for many weights."""
