"""Round steps and ranges for axes, and seconds as a clock shows them. No Qt."""

import math

MODELLED_OFF = 0.5  # how far a modelled value may be off, as a share of it


def clock(seconds: float) -> str:
    """ "04:30", "1:02:00", "−00:10"."""
    whole = round(abs(seconds))
    sign = "−" if seconds < 0 and whole else ""
    hours, rest = divmod(whole, 3600)
    tail = f"{rest // 60:02d}:{rest % 60:02d}"
    return f"{sign}{hours}:{tail}" if hours else f"{sign}{tail}"


def nice_step(span: float, count: int) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides `span` into about `count` parts."""
    raw = span / max(count, 1)
    if raw <= 0 or not math.isfinite(raw):
        return 1.0
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)


def nice_range(low: float, high: float, *, from_zero: bool, headroom: float) -> tuple[float, float, float]:
    """The range of an axis and its step: round ends, and `headroom` (a fraction of the height) free at the top."""
    if from_zero:
        low = min(0.0, low)
    if high <= low:
        high = low + (abs(low) * 0.2 or 1.0)
    step = nice_step(high - low, 3)
    bottom = math.floor(low / step + 1e-9) * step
    top = math.ceil(high / step - 1e-9) * step
    return bottom, bottom + (top - bottom) / (1 - min(headroom, 0.6)), step
