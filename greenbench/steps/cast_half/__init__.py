"""Half the bytes for every number."""
