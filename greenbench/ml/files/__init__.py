"""Files that a user brings: what they are by their content, whether they run code, and how to unpack them safely. Mostly without torch."""
