"""Model files as a user brings them: what they are, by content, and whether reading them would run code. Nothing here imports torch unless it must."""
