"""Joules as they stand in cards and tables: the number, and how far it may be off. No Qt."""

from greenbench.core import quote
from greenbench.core.measurement import Measurement


def joule_words(joules: float, scale: quote.Scale) -> str:
    """Three digits in the unit of its neighbours; what is nothing beside them says so."""
    shown = joules * scale.factor
    if shown < 0.01:
        return f"< 0.01 {scale.unit}"
    return f"{quote.significant(shown, 3) if shown >= 0.1 else quote.number(shown, 2)} {scale.unit}"


def cell_words(energy: Measurement, scale: quote.Scale) -> tuple[str, str]:
    """A number and its ±, without unit: ("≈ 7.6", "3.8"). Nothing beside its neighbours: ("< 0.01", "")."""
    if energy.value is None:
        return quote.NO_READING, ""
    quoted = quote.quote(energy, scale)
    half = half_words(energy, scale)
    small = energy.value * scale.factor < 0.1
    text = quoted.text if half and not small else joule_words(energy.value, scale).removesuffix(f" {scale.unit}")
    return f"{'≈ ' if quoted.approx else ''}{text}", "" if small else half


def half_words(energy: Measurement, scale: quote.Scale) -> str:
    """Half of its interval with the digits that it has: "3.8"; "" where it has none."""
    if energy.low is None or energy.high is None or energy.low == energy.high:
        return ""
    half = (energy.high - energy.low) / 2 * scale.factor
    return quote.number(half, quote.interval_decimals(half))


def with_half(energy: Measurement, scale: quote.Scale) -> str:
    """ "≈ 7.6 ± 3.8 kJ", where the interval is lopsided "1.3 [−70, 30] mJ"; without interval only the number."""
    quoted, half = quote.quote(energy, scale), half_words(energy, scale)
    if (
        half
        and energy.value is not None
        and not quote.even(*(each * scale.factor for each in (energy.value, energy.low or 0.0, energy.high or 0.0)))
    ):
        return f"{'≈ ' if quoted.approx else ''}{quoted.text} [{quoted.low}, {quoted.high}] {scale.unit}"
    return f"{'≈ ' if quoted.approx else ''}{quoted.text} ± {half} {scale.unit}" if half else quoted.full
