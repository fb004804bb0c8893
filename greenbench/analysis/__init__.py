"""Statistics over results: intervals, paired comparisons, verdicts, the Pareto front and the sentences made from them."""
