"""One layer becomes two or three thin ones."""
