"""Quotients and products of two independent numbers, with an interval from theirs, which may be lopsided (Wilson's, say)."""

import math

from greenbench.analysis.intervals import Interval
from greenbench.core.measurement import Measurement, Provenance


def quotient(above: Measurement, below: Measurement, unit: str = "") -> Measurement:
    """above ÷ below with a 95 % interval from the intervals of both, taken as independent.

    Donner and Zou 2012, Stat. Methods Med. Res. 21, 347 (MOVER-R, in the form of Newcombe 2016, ibid. 25, 1774); with even intervals it
    is Fieller's (1954, J. R. Stat. Soc. B 16, 175). The upper end is None where the divisor cannot be told from zero.

    Raises:
        ValueError: one of them has no value, or the divisor is not positive.
    """
    x, y = above.value, below.value
    if x is None or y is None or y <= 0:
        raise ValueError("a quotient needs two values and a positive divisor")
    found = Measurement(
        value=x / y, n=min(above.n, below.n), unit=unit, provenance=Provenance.least([above.provenance, below.provenance])
    )  # fmt: skip
    if above.low is None or above.high is None or below.low is None or below.high is None:
        return found
    low = _bound(x, y, x - above.low, below.high - y, -1)
    high = _bound(x, y, above.high - x, y - below.low, 1) if below.low > 0 else None
    return found.model_copy(update={"low": max(low or 0.0, 0.0), "high": high})


def _bound(x: float, y: float, off_x: float, off_y: float, sign: int) -> float | None:
    """One end of x ÷ y, from how far x and y may be off on the side that matters for it."""
    below = y * y - off_y * off_y
    if below <= 0:
        return x / (y + off_y) if sign < 0 else None
    inside = (x * y) ** 2 - (x * x - off_x * off_x) * below
    return (x * y + sign * math.sqrt(max(inside, 0.0))) / below


def product(one: Interval, other: Interval) -> Interval:
    """The product of two independent positive ratios; their distances to each end add as squares on the logarithms.

    Without interval where one of them has none, or is not positive.
    """
    value, n = one.value * other.value, min(one.n, other.n)
    ends = (one.low, one.high, other.low, other.high)
    if any(end is None or end <= 0 for end in ends) or value <= 0:
        return Interval(value, None, None, n)
    (low_a, high_a), (low_b, high_b) = one.ends, other.ends
    down = math.hypot(math.log(one.value / low_a), math.log(other.value / low_b))
    up = math.hypot(math.log(high_a / one.value), math.log(high_b / other.value))
    return Interval(value, value * math.exp(-down), value * math.exp(up), n)
