"""Ratios of energies whose blocks a meter leaves open at their ends: Student's t over the rounds, joined with what no round mends.

A gain is off by the same share in both energies and cancels in their ratio. What a meter leaves open at the ends of a block does not, and
its lag is no chance of a round: a plug that shows the mean of the last second moves joules from each block into the one after it, in every
round alike. So that part is not divided by √n, and as what one variant loses its neighbour gains, the shares of both add up:

    log ratio ± √(t² + leeway²)        up = ln((1 + a) / (1 − b)), down = ln((1 + b) / (1 − a))        a, b: edge / energy of both

Interval and p-value are made of the same two parts, so they cannot disagree, at whatever level Holm's step-down asks for.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from greenbench.analysis.intervals import CONFIDENCE, Interval, block_mean, paired_ratio, ratio_of_means
from greenbench.analysis.trimming import centre

# An edge as large as the energy itself leaves no logarithm. A factor of about 40 either way says as much: nothing can be told.
MOST_SHARE = 0.95
_LEAST_P = 1e-300


@dataclass(frozen=True)
class Leeway:
    """How far the logarithm of a ratio may lie below and above what was read (95 %), for reasons that more rounds do not mend."""

    down: float = 0.0
    up: float = 0.0

    @property
    def turned(self) -> "Leeway":
        """That of the reciprocal ratio."""
        return Leeway(self.up, self.down)

    def joined(self, other: "Leeway") -> "Leeway":
        """With another that is independent of it."""
        return Leeway(math.hypot(self.down, other.down), math.hypot(self.up, other.up))


def leeway(mine: float, other: float) -> Leeway:
    """What edges of these shares of two energies leave open in their ratio."""
    a, b = (min(max(share, 0.0), MOST_SHARE) for share in (mine, other))
    return Leeway(down=math.log((1 + b) / (1 - a)), up=math.log((1 + a) / (1 - b)))


def edge_share(energies_j: Sequence[float], edges_j: Sequence[float]) -> float:
    """The edges of several blocks as a share of their energy: not less of more blocks. Without energy there is nothing but edge."""
    whole, open_j = abs(sum(energies_j)), sum(edges_j)
    return 0.0 if open_j == 0 else open_j / whole if whole else math.inf


def widths(energies_j: Sequence[float], edges_j: Sequence[float]) -> tuple[float | None, float]:
    """The width of the interval of a mean energy over the mean: with scatter and edges, and of the edges alone.

    A meter's gain is left out: it cancels where variants are compared, and no block mends it. The first is None where there is none.
    """
    scatter, edges = block_mean(energies_j).relative_width, 2 * edge_share(energies_j, edges_j)
    return (None if scatter is None else math.hypot(scatter, edges)), edges


def open_ratio(
    variant: Sequence[float], baseline: Sequence[float], open_: Leeway, confidence: float = CONFIDENCE, factor: float = 1.0
) -> Interval:
    """The ratio of positive numbers paired by round, as `paired_ratio` has it, times an exact `factor`, widened by a leeway.

    Raises:
        ValueError: as `paired_ratio`; or a number is not positive.
    """
    bare = paired_ratio(variant, baseline, confidence)
    if open_ == Leeway() and factor == 1.0:
        return bare
    if min(*variant, *baseline) <= 0:
        raise ValueError("only positive numbers have a logarithm")
    value = bare.value * factor
    if bare.low is None or bare.high is None:
        return Interval(value, None, None, bare.n)
    found = centre(np.log(np.asarray(variant) / np.asarray(baseline)))
    error, middle = float(found.error), math.log(value)
    towards = open_.down if middle > 0 else open_.up
    down, up = (_half(1 - confidence, found.freedom, error, part) for part in (open_.down, open_.up))
    p_value = _p_of(abs(middle), lambda p: _half(p, found.freedom, error, towards))
    return Interval(value, math.exp(middle - down), math.exp(middle + up), bare.n, p_value)


def open_ratio_of_means(
    variant: Sequence[float], baseline: Sequence[float], edges: tuple[float, float], confidence: float = CONFIDENCE
) -> Interval:
    """The ratio of two means of any sign, as `ratio_of_means` has it (Fieller 1954), where `edges` (of both, absolute) are left open.

    No interval where the baseline's mean cannot be told from zero. Raises like `ratio_of_means`.
    """
    bare, n = ratio_of_means(variant, baseline, confidence), len(variant)
    if n < 2 or edges == (0.0, 0.0):
        return bare
    x, y = float(np.mean(variant)), float(np.mean(baseline))
    ex, ey = (edge * _normal(1 - confidence) / _normal(1 - CONFIDENCE) for edge in edges)
    vxx, vxy, vyy = (float(each) / n * _student(1 - confidence, n - 1) ** 2 for each in np.cov(variant, baseline)[[0, 0, 1], [0, 1, 1]])
    # The ratios r of which x − r·y is no further from zero than its scatter and ex + r·ey, as squares.
    a, b, c = y * y - vyy - ey * ey, x * y - vxy + ex * ey, x * x - vxx - ex * ex
    root = b * b - a * c
    if a <= 0 or root < 0:
        return Interval(bare.value, None, None, n)
    error = float(np.std(np.subtract(variant, baseline), ddof=1)) / math.sqrt(n)
    p_value = _p_of(abs(x - y), lambda p: _half(p, n - 1, error, sum(edges)))
    return Interval(bare.value, (b - math.sqrt(root)) / a, (b + math.sqrt(root)) / a, n, p_value)


def _half(p: float, freedom: int, error: float, open_: float) -> float:
    """Half the interval at level 1 − p: Student's of a standard error, and what is left open at 95 %, as squares."""
    return math.hypot(_student(p, freedom) * error, _normal(p) / _normal(1 - CONFIDENCE) * open_)


def _p_of(distance: float, half: Callable[[float], float]) -> float:
    """The level at which an interval of that half-width just reaches so far."""
    if half(_LEAST_P) <= distance:
        return 1.0 if distance == 0 else 0.0
    low, high = math.log(_LEAST_P), 0.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if half(math.exp(middle)) > distance else (low, middle)
    return math.exp(high)


def _student(p: float, freedom: int) -> float:
    return -float(stdtrit(freedom, p / 2))


def _normal(p: float) -> float:
    return -float(ndtri(p / 2))
