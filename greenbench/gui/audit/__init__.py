"""The audit trail of a variant: from its numbers back to blocks, and from a block to the samples that made its joules."""
