"""Model files as a user brings them: what they are, by content, and whether reading them would run code."""
