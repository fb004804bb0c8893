"""Ticks that a person would choose: 1, 2, 5 on a log axis, halves on an axis of ratios, round steps on a straight one."""

import math

from greenbench.core.quote import number

_FRACTIONS = {-1: "½", -2: "¼", -3: "⅛"}


def log_ticks(low: float, high: float, most: int = 9) -> list[float]:
    """Ticks of a log axis from `low` to `high`: as many of 1, 1.5, 2, 3, 4, 5, 7 in each decade as fit, at least two."""
    found: list[float] = []
    for steps in ((1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0), (1.0, 2.0, 3.0, 5.0), (1.0, 3.0), (1.0,)):
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        found = [step * 10.0**decade for decade in decades for step in steps if low * 0.999 <= step * 10.0**decade <= high * 1.001]
        if len(found) <= most:
            break
    if len(found) < 2:
        found = [tick for tick in straight_ticks(low, high, 4) if tick > 0]
    return found


def straight_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round steps of 1, 2 or 5 times a power of ten between the ends."""
    span = high - low
    if span <= 0:
        return [low]
    step = 10.0 ** math.floor(math.log10(span / most))
    while span / step > most:
        step *= 2 if f"{step:e}"[0] in "15" else 2.5
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 12) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_name(value: float) -> str:
    """A tick's number without needless decimals, with the true minus sign."""
    decimals = 0 if value == 0 else max(0, -math.floor(math.log10(abs(value)) + 1e-9))
    while decimals < 6 and abs(round(value, decimals) - value) > 1e-9 * max(1.0, abs(value)):
        decimals += 1
    return number(value, decimals)


def ratio_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Powers of two between two ratios, thinned where there are many: "¼", "½", "1", "2"."""
    first, last = math.ceil(math.log2(low) - 1e-9), math.floor(math.log2(high) + 1e-9)
    step = max(1, math.ceil((last - first) / (5 if first >= min(_FRACTIONS) and last <= 7 else 3)))  # the names of far powers are long
    if last - first < 1:
        places = [tick for tick in straight_ticks(low, high, 3) if tick > 0]
        return places, [tick_name(place) for place in places]
    powers = [power for power in range(first, last + 1) if power % step == 0]
    return [2.0**power for power in powers], [_ratio_name(power) for power in powers]


def _ratio_name(power: int) -> str:
    return _FRACTIONS.get(power) or (str(2**power) if power >= 0 else f"1/{2**-power}")
