"""How small a difference of accuracy a test set can show, before anything was compared."""

from math import sqrt
from statistics import NormalDist

_LEVEL = 0.05
_DISAGREE = 0.25  # the share of examples that one of two models gets right and the other wrong; a paired interval rests on these alone


def least_difference(examples: int, comparisons: int = 1) -> float:
    """Half the interval of a difference of two accuracies on the same examples, as a share.

    With a quarter of the examples judged differently by the two models it is z √(0.25 / n), by the normal approximation of McNemar's
    interval; z belongs to 5 % shared among so many comparisons, as the first step of Holm's step-down does (Holm 1979).

    Raises:
        ValueError: there are no examples, or no comparison.
    """
    if examples < 1 or comparisons < 1:
        raise ValueError("a difference needs examples and a comparison")
    return NormalDist().inv_cdf(1 - _LEVEL / (2 * comparisons)) * sqrt(_DISAGREE / examples)


def indistinct(points: str) -> str:
    """The limit in words; `points` are written with their digits. Whoever says it adds what it rests on: before a run the assumption of
    `least_difference`, after it the answers that were given."""
    return f"differences under about {points} points cannot be told apart"
