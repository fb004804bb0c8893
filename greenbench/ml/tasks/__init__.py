"""The tasks, one file each: loss, scores and answers."""
