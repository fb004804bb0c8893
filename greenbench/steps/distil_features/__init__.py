"""A student that follows its teacher's layers."""
