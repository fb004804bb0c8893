"""Values with their 95 % interval, from blocks of calls.

Calls inside a block share its temperature, clock and neighbours, so they are not independent: the block is the unit.
A run has few blocks (3 to 20), where a percentile bootstrap over blocks is far too narrow (with 3 blocks its 95 %
interval cannot reach beyond the blocks themselves and holds the truth about 3 times in 4). Student's t over the blocks'
own statistics has the right width at any number of blocks; times are positive and skewed, so it is taken on their
logarithms, from eight blocks on without the outer ones (`greenbench.analysis.trimming`). From ten blocks on
`greenbench.analysis.bootstrap` can be asked for a second opinion.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtr, stdtrit

from greenbench.analysis.trimming import centre
from greenbench.core.measurement import Measurement, Provenance

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A value, the ends of its 95 % interval, and the number of observations (blocks, pairs, examples) it rests on.

    `low` and `high` are None where the observations say nothing about the spread: one block, say. `p_value`, of a ratio: the two-sided
    probability of one at least this far from 1 if nothing differed; below 1 − confidence just where the interval leaves out 1.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    p_value: float | None = None

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return self.low is not None and self.high is not None

    @property
    def ends(self) -> tuple[float, float]:
        """Both ends.

        Raises:
            ValueError: there is no interval.
        """
        if self.low is None or self.high is None:
            raise ValueError(f"{self.n} observations give no interval")
        return self.low, self.high

    @property
    def relative_width(self) -> float | None:
        """Distance of the ends over the value, the number a stop rule looks at; None without interval."""
        if self.low is None or self.high is None or self.value == 0:
            return None
        return (self.high - self.low) / abs(self.value)

    def measurement(self, unit: str, provenance: Provenance = Provenance.COUNTER) -> Measurement:
        """The same as a measurement in an SI unit."""
        return Measurement(value=self.value, low=self.low, high=self.high, n=self.n, unit=unit, provenance=provenance)


def quantiles(blocks: Sequence[ArrayLike], q: float) -> NDArray[np.float64]:
    """The q-quantile (0 to 1) of each block that has a call in it.

    Definition 8 of Hyndman and Fan 1996 (Am. Stat. 50, 361), nearly free of bias: with the usual one the 95th percentile
    of a hundred correlated calls is too low, and an interval over 20 blocks holds the truth in 91 % only.
    """
    arrays = (np.asarray(block, dtype=np.float64) for block in blocks)
    return np.array([np.quantile(block, q, method="median_unbiased") for block in arrays if block.size], dtype=np.float64)


def block_quantile(blocks: Sequence[ArrayLike], q: float) -> Interval:
    """The q-quantile of a call's duration: the geometric mean of the blocks' quantiles, with Student's t on their logs.

    `blocks` holds the positive durations of each block's calls in seconds. A quantile that is zero (a clock that did
    not tick) has no logarithm; then the mean and t are taken on the quantiles themselves.

    Raises:
        ValueError: no block has a call.
    """
    found = quantiles(blocks, q)
    if found.size == 0:
        raise ValueError("no block has a call in it")
    return _t_on_logs(found) if np.all(found > 0) else block_mean(found)


def block_mean(values: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """The mean of one number for each block (throughput, joules per inference), with Student's t.

    Raises:
        ValueError: there is no block, or one is not a finite number.
    """
    found = np.asarray(values, dtype=np.float64)
    _check(found)
    mean = float(found.mean())
    half = _half_width(found, confidence)
    return Interval(mean, None, None, found.size) if half is None else Interval(mean, mean - half, mean + half, found.size)


def paired_ratio(variant: ArrayLike, baseline: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """The ratio of a variant to the baseline, from one positive number for each of their blocks, paired by round.

    Blocks of one round were measured one after the other, so what drifts slowly cancels in their ratio: Student's t on
    the logarithms of the ratios, from eight rounds on without the outer ones. In a balanced order (A B, B A) a steady drift
    turns its sign from round to round; it widens the interval and does not shift it. Neighbours should change from round to
    round: with A … G, G … A for ever, noise that outlasts a block is shared between rounds, and 10 % of equal models are
    called different. Where a number is not positive (a counter that did not move in a short block, energy net of idle),
    there is no logarithm and `ratio_of_means` answers.

    Raises:
        ValueError: no pair, unequal lengths, or a value that is not finite.
    """
    above, below = np.asarray(variant, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    _check(above)
    _check(below)
    if above.size != below.size:
        raise ValueError(f"{above.size} blocks cannot be paired with {below.size}")
    if np.all(above > 0) and np.all(below > 0):
        ratios = above / below
        return replace(_t_on_logs(ratios, confidence), p_value=_p_of_zero(np.log(ratios), trimmed=True))
    return ratio_of_means(above, below, confidence)


def same_rounds(variant: Mapping[int, float], baseline: Mapping[int, float]) -> tuple[list[float], list[float]]:
    """The values of both in the rounds that both have, in order: a variant that needs no more blocks leaves earlier."""
    rounds = sorted(variant.keys() & baseline.keys())
    return [variant[index] for index in rounds], [baseline[index] for index in rounds]


def ratio_of_means(variant: ArrayLike, baseline: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """The ratio of two means over paired blocks, with Fieller's interval (Fieller 1954, J. R. Stat. Soc. B 16, 175).

    Works for values of any sign. No interval where the baseline's mean cannot be told from zero, or with one block. It leaves out 1 just
    where Student's paired t-test rejects, whose p-value it has.

    Raises:
        ValueError: no pair, unequal lengths, a value that is not finite, or a baseline of mean zero.
    """
    above, below = np.asarray(variant, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    _check(above)
    _check(below)
    if above.size != below.size:
        raise ValueError(f"{above.size} blocks cannot be paired with {below.size}")
    n, x, y = above.size, float(above.mean()), float(below.mean())
    if y == 0:
        raise ValueError("a ratio to a mean of zero says nothing")
    if n < 2:
        return Interval(x / y, None, None, n)
    covariance = np.cov(above, below) / n
    t2 = _student(n - 1, confidence) ** 2
    # The ratios r for which x − r·y is not significantly different from zero: a·r² − 2·b·r + c ≤ 0.
    a = y * y - t2 * float(covariance[1, 1])
    b = x * y - t2 * float(covariance[0, 1])
    c = x * x - t2 * float(covariance[0, 0])
    root = b * b - a * c
    if a <= 0 or root < -1e-9 * b * b:
        return Interval(x / y, None, None, n)
    root = max(root, 0.0)  # of proportional values it is 0, but for rounding
    low, high = (b - math.sqrt(root)) / a, (b + math.sqrt(root)) / a
    return Interval(x / y, low, high, n, _p_of_zero(above - below))


def wilson(k: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """The share k of n, with Wilson's score interval (Wilson 1927, J. Am. Stat. Assoc. 22, 209).

    Raises:
        ValueError: n is not positive, or k not within 0 … n.
    """
    if n <= 0 or not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is not a share")
    z = float(ndtri((1 + confidence) / 2))
    share, z2 = k / n, z * z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # At the ends the formula is exact in theory; rounding must not leave the share outside its own interval.
    return Interval(share, 0.0 if k == 0 else centre - half, 1.0 if k == n else centre + half, n)


def _t_on_logs(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> Interval:
    logs = np.log(values)
    _check(logs)
    if logs.size < 2:
        return Interval(float(values[0]), None, None, 1)
    found = centre(logs)
    middle, half = float(found.value), _student(found.freedom, confidence) * float(found.error)
    return Interval(math.exp(middle), math.exp(middle - half), math.exp(middle + half), values.size)


def _half_width(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> float | None:
    """Half of Student's interval of the mean; None for a single value."""
    if values.size < 2:
        return None
    error = float(values.std(ddof=1)) / math.sqrt(values.size)
    return _student(values.size - 1, confidence) * error


def _student(freedom: int, confidence: float) -> float:
    """The two-sided quantile of Student's t with so many degrees of freedom."""
    return float(stdtrit(freedom, (1 + confidence) / 2))


def _p_of_zero(values: NDArray[np.float64], *, trimmed: bool = False) -> float | None:
    """The two-sided p-value of Student's t-test that the mean is zero, or the trimmed one; None for a single value."""
    if values.size < 2:
        return None
    if trimmed:
        found = centre(values)
        mean, error, freedom = abs(float(found.value)), float(found.error), found.freedom
    else:
        mean, error, freedom = abs(float(values.mean())), float(values.std(ddof=1)) / math.sqrt(values.size), values.size - 1
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * stdtr(freedom, -mean / error))


def _check(values: NDArray[np.float64]) -> None:
    if values.size == 0 or not np.all(np.isfinite(values)):
        raise ValueError("an interval needs at least one block, and finite numbers")
