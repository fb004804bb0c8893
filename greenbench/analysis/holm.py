"""Many variants against one baseline: the correction that keeps chance from finding a difference among them.

Of twenty equal models, tested one by one at 5 %, one is called different on average. Holm's step-down (Holm 1979, Scand. J. Stat. 6, 65)
holds the probability of any false difference at 5 % whatever depends on what, and loses less than Bonferroni's rule:

    p-values in rising order   p1 ≤ α/m ?   p2 ≤ α/(m−1) ?   p3 ≤ α/(m−2) ?  …  up to the first that is not: it and all later ones stay open
"""

from collections.abc import Sequence
from dataclasses import dataclass

from greenbench.analysis.intervals import CONFIDENCE


@dataclass(frozen=True)
class Corrected:
    """One comparison among several: its p-value after the correction, and the confidence of the interval that agrees with it.

    That interval leaves out "no change" just where `p_value` is at most 1 − 95 %."""

    p_value: float
    confidence: float


def holm(p_values: Sequence[float], confidence: float = CONFIDENCE) -> list[Corrected]:
    """The corrected values in the order of those given; a single one stays as it is.

    A rejected comparison has the level α/(m − j) at which its step tested it. Those that stay open share the level of the step that
    stopped: each of their p-values is above it, so each of their intervals holds "no change".

    Raises:
        ValueError: one is not a probability.
    """
    if any(not 0 <= p <= 1 for p in p_values):
        raise ValueError(f"p-values lie between 0 and 1: {list(p_values)}")
    many, alpha = len(p_values), 1 - confidence
    found: dict[int, Corrected] = {}
    adjusted, level, stopped = 0.0, alpha, False
    for step, place in enumerate(sorted(range(many), key=lambda index: p_values[index])):
        adjusted = max(adjusted, min(1.0, (many - step) * p_values[place]))
        if not stopped:
            level = alpha / (many - step)
            stopped = p_values[place] > level
        found[place] = Corrected(adjusted, 1 - level)
    return [found[place] for place in range(many)]
