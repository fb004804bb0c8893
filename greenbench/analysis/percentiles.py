"""Percentiles of single calls: when the number itself may be stated, and what is known of it otherwise.

MLPerf states a percentile only where so many queries were made that its share is known to a twentieth of the tail, with 99 % confidence
(MLPerf Inference rules, appendix "Early stopping / number of queries"; Reddi 2020, section IV-C):

    n ≥ z²·q·(1 − q) / ((1 − q)/20)²,  in multiples of 8,192         p90: 24,576      p95: 57,344      p99: 270,336

Below that, and where the blocks differ too much, an interval between order statistics says what the calls show, whatever their distribution
is.
"""

import math
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, bdtrik, betaincinv, ndtri, stdtrit

from greenbench.analysis.intervals import CONFIDENCE
from greenbench.core.timed import Percentile

MEDIAN = 0.5
SHOWN = (MEDIAN, 0.9, 0.95, 0.99)
STATED_WITH = 0.99
"""The confidence of MLPerf's rules of percentiles and of early stopping."""
SETTLED = 0.1
"""Half the width, as a share of the value, that an interval may have where the number is stated. MLPerf counts calls, as if each were drawn
by itself; where something slows the machine for a while, a hundred thousand calls can be one look."""
_TAIL_PARTS = 20
_QUERIES = 8192


def queries_needed(q: float) -> int:
    """How many queries MLPerf asks for before the q-quantile (0.5 to 1) is stated.

    Raises:
        ValueError: not such a share.
    """
    if not 0.5 <= q < 1:
        raise ValueError(f"{q} is no upper percentile")
    z, margin = float(ndtri((1 + STATED_WITH) / 2)), (1 - q) / _TAIL_PARTS
    return math.ceil(z * z * q * (1 - q) / margin**2 / _QUERIES) * _QUERIES


def ranks(n: int, q: float, confidence: float = CONFIDENCE) -> tuple[int | None, int | None]:
    """The ranks (1 to n) of the order statistics between which the q-quantile of n independent values lies; None where none is so far out.

    Exact, from the binomial number of values below the quantile (David and Nagaraja 2003, Order Statistics, section 7.1): each end errs
    with at most half of 1 − confidence.
    """
    tail = (1 - confidence) / 2
    low, high = _binomial_quantile(tail, n, q), _binomial_quantile(1 - tail, n, q) + 1
    return (low if low >= 1 else None), (high if high <= n else None)


def _binomial_quantile(share: float, n: int, q: float) -> int:
    """The smallest k with P(X ≤ k) ≥ share."""
    k = max(math.ceil(float(bdtrik(share, n, q))), 0)
    return k - 1 if k > 0 and bdtr(k - 1, n, q) >= share else k


def percentile(blocks: Sequence[ArrayLike], q: float) -> Percentile:
    """The q-quantile of all calls of a variant, in seconds, with its distribution-free 95 % interval; `blocks` are each block's calls.

    Calls of a block share its temperature, clock and neighbours, and count for fewer than as many independent ones. How many follows
    from how much the share of calls below the quantile scatters between the blocks, with the degrees of freedom of that scatter
    (Woodruff 1952, J. Am. Stat. Assoc. 47, 635; effective size: Korn and Graubard 1998, Survey Methodology 24, 193). A single block
    tells nothing of that: its calls are taken for independent.

    Raises:
        ValueError: no call at all.
    """
    arrays = [np.asarray(block, dtype=np.float64) for block in blocks]
    arrays = [block for block in arrays if block.size]
    if not arrays:
        raise ValueError("no block has a call in it")
    calls = np.sort(np.concatenate(arrays))
    value = float(np.quantile(calls, q, method="median_unbiased"))
    size = max(int(_effective_size(arrays, value)), 1)
    low, high = ranks(size, q)
    low_s = None if low is None else float(calls[max(math.floor(low / size * calls.size), 1) - 1])
    high_s = None if high is None else float(calls[min(math.ceil(high / size * calls.size), calls.size) - 1])
    return _judged(Percentile(q=q, value_s=value, low_s=low_s, high_s=high_s, n=calls.size, needed=0, supported=True))


def percentiles(blocks: Sequence[ArrayLike]) -> tuple[Percentile, ...]:
    """Those that are shown; none without a call.

    How much the blocks differ is itself known from few blocks. So that no higher percentile seems known to end below where a lower one may
    still be, or a lower one to begin above, each interval reaches at least as far as those beside it.
    """
    if not any(np.size(block) for block in blocks):
        return ()
    found = [percentile(blocks, q) for q in SHOWN]
    lows = list(accumulate((-math.inf if p.low_s is None else p.low_s for p in reversed(found)), min))[::-1]
    highs = accumulate((math.inf if p.high_s is None else p.high_s for p in found), max)
    ends = (
        {"low_s": None if math.isinf(low) else low, "high_s": None if math.isinf(high) else high}
        for low, high in zip(lows, highs, strict=True)
    )
    return tuple(_judged(p.model_copy(update=each)) for p, each in zip(found, ends, strict=True))


def _judged(found: Percentile) -> Percentile:
    """With whether the number itself may be stated: MLPerf's rule is about tails, and the median always is."""
    if found.q <= MEDIAN:
        return found
    needed, low_s, high_s = queries_needed(found.q), found.low_s, found.high_s
    settled = low_s is not None and high_s is not None and high_s - low_s <= 2 * SETTLED * found.value_s
    return found.model_copy(update={"needed": needed, "supported": found.n >= needed and settled})


def share_above(blocks: Sequence[ArrayLike], bound_s: float, confidence: float = STATED_WITH) -> tuple[float, float]:
    """The least and the most that the share of calls longer than `bound_s` may be, each end with that confidence taken alone.

    Exact binomial bounds (Clopper and Pearson 1934, Biometrika 26, 404), by which MLPerf stops early: with none of n above, the share is
    under 1 % from n = 459 on. Calls of a block hang together, so they count for fewer (`percentile`); with none or all above, nothing
    shows by how much, and they are taken for independent.

    Raises:
        ValueError: no call at all.
    """
    arrays = [np.asarray(block, dtype=np.float64) for block in blocks]
    arrays = [block for block in arrays if block.size]
    if not arrays:
        raise ValueError("no block has a call in it")
    n = sum(block.size for block in arrays)
    size = _effective_size(arrays, bound_s)
    above = sum(np.count_nonzero(block > bound_s) for block in arrays) * size / n
    low = float(betaincinv(above, size - above + 1, 1 - confidence)) if above else 0.0
    return low, float(betaincinv(above + 1, size - above, confidence)) if above < size else 1.0


def fewest_calls(share: float, confidence: float = STATED_WITH) -> int:
    """How many calls, none of them above, show that no more than `share` are: 459 for 1 % with 99 % confidence."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - share))


def _effective_size(arrays: Sequence[np.ndarray], value: float) -> float:
    """As many independent calls would know the share below `value` as well as these blocks do."""
    n, count = sum(block.size for block in arrays), len(arrays)
    if count < 2:
        return float(n)
    below = np.array([np.count_nonzero(block <= value) for block in arrays], dtype=np.float64)
    sizes = np.array([block.size for block in arrays], dtype=np.float64)
    share = float(below.sum() / n)
    if not 0 < share < 1:
        return float(n)
    variance = count / (count - 1) * float(((below - share * sizes) ** 2).sum()) / n**2
    independent = share * (1 - share) / n
    tail = (1 + CONFIDENCE) / 2
    freedom = (float(ndtri(tail)) / float(stdtrit(count - 1, tail))) ** 2
    return n * min(independent / variance if variance > 0 else 1.0, 1.0) * freedom
