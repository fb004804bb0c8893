"""Several runs of the past side by side, with a mark where their numbers do not answer the same question."""
