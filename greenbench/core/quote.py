"""How numbers are written: digits follow the interval, one unit for a column, the minus sign that is one.

Written once, here; the window, the report, CSV and the terminal print the same strings.
Rule for digits: Particle Data Group, Review of Particle Physics, section 5.3 "Rounding".
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from greenbench.core.measurement import Measurement, Provenance

MINUS = "−"
THIN = "\u202f"
NO_READING = "—"
ENDLESS = "∞"  # the upper end of what may be any number: inferences for each joule of an energy that may be zero
_LEAST_SHARE = 0.1  # per cent


@dataclass(frozen=True)
class Scale:
    """A unit as shown, and what to multiply an SI value with to get it."""

    unit: str
    factor: float


_SCALES: dict[str, tuple[Scale, ...]] = {
    "s": (Scale("s", 1.0), Scale("ms", 1e3), Scale("µs", 1e6)),
    "J": (Scale("MJ", 1e-6), Scale("kJ", 1e-3), Scale("J", 1.0), Scale("mJ", 1e3), Scale("µJ", 1e6)),
    "W": (Scale("kW", 1e-3), Scale("W", 1.0), Scale("mW", 1e3)),
    "B": (Scale("GB", 1e-9), Scale("MB", 1e-6), Scale("kB", 1e-3), Scale("B", 1.0)),
    "g": (Scale("kg", 1e-3), Scale("g", 1.0), Scale("mg", 1e3), Scale("µg", 1e6)),
    "1": (Scale("%", 100.0),),
    "1/s": (Scale("1/s", 1.0),),
    "": (Scale("M", 1e-6), Scale("k", 1e-3), Scale("", 1.0)),
    "FLOP": (Scale("GFLOP", 1e-9), Scale("MFLOP", 1e-6), Scale("kFLOP", 1e-3), Scale("FLOP", 1.0)),
    "Wh": (Scale("kWh", 1e-3), Scale("Wh", 1.0), Scale("mWh", 1e3), Scale("µWh", 1e6)),
    "1/J": (Scale("1/J", 1.0), Scale("1/kJ", 1e3), Scale("1/MJ", 1e6)),
    "FLOP/J": (Scale("GFLOP/J", 1e-9), Scale("MFLOP/J", 1e-6), Scale("kFLOP/J", 1e-3), Scale("FLOP/J", 1.0)),
    "J·s": (Scale("J·s", 1.0), Scale("mJ·s", 1e3), Scale("µJ·s", 1e6), Scale("nJ·s", 1e9), Scale("pJ·s", 1e12)),
    "MAC": (Scale("GMAC", 1e-9), Scale("MMAC", 1e-6), Scale("kMAC", 1e-3), Scale("MAC", 1.0)),
}


def scale(unit: str, values: Iterable[float | None]) -> Scale:
    """The unit in which a column of SI values reads best: the largest in which the median of them is at least 1.

    A count under 10,000 is not shortened. Bytes take the unit of the largest value, which is that value's own, unless the
    median is under a hundredth of it: a file has the same words alone and beside its compressed variants.
    """
    known = sorted(abs(v) for v in values if v is not None and v == v and v != 0)
    steps = _SCALES.get(unit, (Scale(unit, 1.0),))
    if not known:
        return next((s for s in steps if s.factor == 1.0), steps[0])
    middle = known[len(known) // 2]
    if unit == "" and middle < 10_000:
        return steps[-1]
    if unit == "B":
        middle = max(middle, min(known[-1], 100 * middle))
    return next((s for s in steps if middle * s.factor >= 0.9995), steps[-1])


@dataclass(frozen=True)
class Quoted:
    """A number as it is printed: "8.73", its ends "8.66" and "8.80", the unit "mJ", the provenance mark, and "≈" before a
    modelled value. A missing reading has the text "—" and its reason."""

    text: str
    low: str = ""
    high: str = ""
    unit: str = ""
    mark: str = ""
    approx: bool = False
    reason: str = ""

    @property
    def full(self) -> str:
        """With "≈" and unit, without interval: "≈ 8.73 mJ"."""
        return f"{'≈ ' if self.approx else ''}{self.text}{' ' + self.unit if self.unit and self.text != NO_READING else ''}"

    @property
    def interval(self) -> str:
        """ "8.66–8.80", or "" where there is none."""
        return f"{self.low}–{self.high}" if self.low and self.high and self.low != self.high else ""


def quote(measurement: Measurement | None, shown: Scale | None = None) -> Quoted:
    """A measurement as it is printed, in the unit `shown` or the one that suits it alone."""
    if measurement is None or measurement.value is None:
        reason = measurement.reason if measurement else "not measured"
        return Quoted(NO_READING, mark=Provenance.UNAVAILABLE.mark, reason=reason)
    shown = shown or scale(measurement.unit, [measurement.value])
    value = measurement.value * shown.factor
    approx = measurement.provenance is Provenance.MODELLED
    mark = measurement.provenance.mark
    low, high = measurement.low, measurement.high
    if low is not None and high is None:
        decimals = interval_decimals((measurement.value - low) * shown.factor, value)
        return Quoted(number(value, decimals), number(low * shown.factor, decimals), ENDLESS, shown.unit, mark, approx)
    if low is None or high is None or low == high:
        whole = measurement.unit == "" and shown.factor == 1 and value.is_integer()
        text = count(value) if whole else significant(value, 3)
        return Quoted(text, unit=shown.unit, mark=mark, approx=approx)
    text, below, above = with_ends(value, low * shown.factor, high * shown.factor)
    return Quoted(text, below, above, shown.unit, mark, approx)


def with_ends(value: float, low: float, high: float) -> tuple[str, str, str]:
    """A value and the ends of its interval, with the digits that the interval supports.

    Where it is so wide that nothing of the value would be left, the value keeps two significant digits, and so does an end that would
    vanish, unless it is under a thousandth of the half-width: 430 in 384 to 32 000 is no "0".
    """
    decimals = interval_decimals((high - low) / 2, value)
    seen = (high - low) / 2000
    if abs(value) <= seen or significant_decimals(value, 1) <= decimals:
        return number(value, decimals), *ends(low, high, decimals)
    below, above = ends(low, high, decimals)
    below, above = (
        significant(end, 2) if abs(end) > seen and not round(end, decimals) else text for end, text in ((low, below), (high, above))
    )
    return significant(value, 2), below, above


def ends(low: float, high: float, decimals: int, *, signs: bool = False) -> tuple[str, str]:
    """The ends of an interval with so many decimals, `signs`: with a plus where they are positive.

    An end of one that leaves out zero is never printed as 0, which would take back what the verdict says: it has the one digit it needs.
    """
    write = signed if signs else number
    apart = (low > 0) == (high > 0) and low != 0 and high != 0
    below, above = (write(end, significant_decimals(end, 1) if apart and not round(end, decimals) else decimals) for end in (low, high))
    return below, above


def even(value: float, low: float, high: float) -> bool:
    """Whether "value ± half" says the same as the ends, with the digits that the interval supports; 69 in 20 to 88 is no "69 ± 34"."""
    return not round(value - (low + high) / 2, interval_decimals((high - low) / 2, value))


def rounded(measurement: Measurement, shown: Scale, most: int = 3) -> str:
    """A value inside a sentence: at most so many significant digits, and no more than its interval supports; one at least."""
    value = (measurement.value or 0.0) * shown.factor
    low, high = measurement.low, measurement.high
    decimals = significant_decimals(value, most)
    if low is not None and high is not None and low != high:
        decimals = min(decimals, interval_decimals((high - low) / 2 * shown.factor, value))
    return number(value, max(decimals, significant_decimals(value, 1)))


def half_share(measurement: Measurement) -> str:
    """Half the interval as a share of the value, "± 1.2 %"; "" where there is none. For what is a measured number times an assumed one:
    digits of its own would say that the product is known as closely."""
    value, low, high = measurement.value, measurement.low, measurement.high
    if not value or low is None or high is None or low == high:
        return ""
    share = (high - low) / abs(value) * 50
    return f"± {significant(share, 2)} %" if share >= _LEAST_SHARE else f"± < {_LEAST_SHARE} %"


def interval_decimals(half_width: float, value: float = 0.0) -> int:
    """How many decimals an interval of that half-width supports (negative: round to tens, hundreds …)."""
    if half_width < 1e-300 or not math.isfinite(half_width):  # below that, floats lose their digits
        return significant_decimals(value, 3)
    exponent = math.floor(math.log10(half_width))
    leading = round(half_width / 10.0 ** (exponent - 2))
    digits = 2 if leading <= 354 or leading >= 950 else 1
    if leading >= 950:
        exponent += 1
    return digits - 1 - exponent


def significant_decimals(value: float, digits: int) -> int:
    """The decimals that show `digits` significant digits of a value."""
    if value == 0 or not math.isfinite(value):
        return 0
    exponent = math.floor(math.log10(abs(value)))
    if round(abs(value), digits - 1 - exponent) >= 10.0 ** (exponent + 1):
        exponent += 1
    return digits - 1 - exponent


def significant(value: float, digits: int) -> str:
    """The value with that many significant digits, never in powers of ten: "0.0123", "1,230" as "1230"."""
    return number(value, significant_decimals(value, digits))


def count(value: float) -> str:
    """A whole number with thin spaces from 10,000 on."""
    return number(value, 0)


def number(value: float, decimals: int) -> str:
    """The value with so many decimals (negative: rounded to tens, hundreds …), a true minus, thin spaces from 10,000 on."""
    rounded = round(value, decimals)
    if rounded == 0:
        rounded = 0.0
    places = max(decimals, 0)
    text = f"{abs(rounded):,.{places}f}" if abs(rounded) >= 10_000 else f"{abs(rounded):.{places}f}"
    return (MINUS if rounded < 0 else "") + text.replace(",", THIN)


def signed(value: float, decimals: int) -> str:
    """Like `number`, with a plus where it is positive."""
    text = number(value, decimals)
    return f"+{text}" if round(value, decimals) > 0 else text


def percent(change: float, low: float | None = None, high: float | None = None) -> str:
    """A relative change as a person says it: at most two significant digits and no more than its interval (`low`, `high`, relative too)
    supports, without sign: "86", "0.6", "70" in 20 to 160."""
    value = abs(change) * 100
    decimals = 0 if value >= 100 else significant_decimals(value, 2)
    return number(value, min(decimals, change_decimals(change, low, high))) if value else "0"


def change_decimals(change: float, low: float | None, high: float | None) -> int:
    """How many decimals of a relative change, in per cent, its interval supports, one significant digit at least; without an interval
    three significant ones."""
    value = change * 100
    if low is None or high is None or low == high:
        return significant_decimals(value, 3)
    return max(interval_decimals((high - low) * 50, value), significant_decimals(value, 1) if value else -9)


def approximate(value: float) -> str:
    """A large number as a person says it, two significant digits: "57 000", "5.0 million", "2.1 billion"."""
    rounded = round(value, significant_decimals(value, 2))
    for word, size in (("trillion", 1e12), ("billion", 1e9), ("million", 1e6)):
        if rounded >= size:
            return f"{significant(rounded / size, 2)} {word}"
    return significant(rounded, 2)


def duration(seconds: float) -> str:
    """ "0.8 s", "42 s", "4 min 10 s", "2 h 5 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def spans(numbers: Iterable[int]) -> str:
    """Whole numbers as they are typed, runs of them by their ends: "0-3,6"."""
    found: list[list[int]] = []
    for each in sorted(numbers):
        if found and each == found[-1][1] + 1:
            found[-1][1] = each
        else:
            found.append([each, each])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in found)
