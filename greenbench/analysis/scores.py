"""A mean over test examples, and two models on the same examples, where a score is a number and not just right or wrong.

Examples are independent of each other and there are many of them, so Student's t on their scores holds; two models are compared by
the differences example by example (paired t-test), since what makes an example hard makes it hard for both.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from greenbench.analysis.intervals import CONFIDENCE, Interval, block_mean

Scores = NDArray[np.float64]


def mean_score(scores: Sequence[float], fraction: bool) -> Interval:
    """The mean with Student's 95 % interval, kept within what is possible: an error is never negative, a share at most 1.

    Scores that are NaN have nothing to judge (an image whose truth is all "ignore") and are left out.

    Raises:
        ValueError: nothing could be judged, or a score is infinite.
    """
    known = _known(scores)
    if known.size == 0 or not np.all(np.isfinite(known)):
        raise ValueError("a mean needs finite scores")
    found = block_mean(known)
    if found.low is None or found.high is None:
        return found
    return Interval(found.value, max(found.low, 0.0), min(found.high, 1.0) if fraction else found.high, found.n)


def infinite(scores: Sequence[float]) -> int:
    """How many answers were no number at all."""
    return int(np.isinf(np.asarray(scores, dtype=np.float64)).sum())


def paired_scores(scores: Sequence[float], baseline: Sequence[float]) -> tuple[Scores, Scores]:
    """The scores of the examples that both could be judged on.

    Raises:
        ValueError: unequal length.
    """
    if len(scores) != len(baseline):
        raise ValueError(f"{len(scores)} and {len(baseline)} examples cannot be compared one by one")
    mine, other = np.asarray(scores, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    both = ~(np.isnan(mine) | np.isnan(other))
    return mine[both], other[both]


def mean_difference(scores: Scores, baseline: Scores, confidence: float = CONFIDENCE) -> Interval:
    """Mean of the paired differences, with Student's t."""
    return block_mean(scores - baseline, confidence)


def paired_t_test(scores: Scores, baseline: Scores) -> float:
    """The two-sided p-value of Student's paired t-test (Student 1908, Biometrika 6, 1); 1 where no example differs."""
    differences = scores - baseline
    if differences.size < 2 or not np.any(differences):
        return 1.0
    error = float(differences.std(ddof=1)) / math.sqrt(differences.size)
    return 0.0 if error == 0 else float(2 * stdtr(differences.size - 1, -abs(float(differences.mean())) / error))


def _known(scores: Sequence[float]) -> Scores:
    found = np.asarray(scores, dtype=np.float64)
    return found[~np.isnan(found)]
