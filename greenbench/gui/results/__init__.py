"""What came out of a run: the verdict, the comparison table, the trade-off and the distribution of latency."""
