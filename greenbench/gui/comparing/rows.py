"""The variants of several runs as rows of text: numbers, how far they lie from the pinned one, and what was measured otherwise. No Qt."""

from collections.abc import Sequence
from dataclasses import dataclass

from greenbench.core import quote
from greenbench.core.metrics import BY_KEY, QUALITY
from greenbench.core.run import RunResult, VariantResult
from greenbench.engine.comparing import Change, apart, unlike

KEYS = ("latency_p50", "energy_per_inference", "size_bytes", "size_coded_bytes")
_TITLES = {"latency_p50": "Median"}


@dataclass(frozen=True)
class Shown:
    """A column of numbers: the metric, its head, and whether the difference from the pinned variant stands beside it."""

    key: str
    title: str
    compared: bool


@dataclass(frozen=True)
class Line:
    """One variant of one run. `cells` are in the order of the columns: number, then its difference where that is shown."""

    run: RunResult
    variant: VariantResult
    index: int
    pinned: bool
    cells: tuple[str, ...]
    unlike: tuple[str, ...]


def columns(results: Sequence[RunResult]) -> tuple[Shown, ...]:
    """First what judges the answers, then time, energy and bytes; with differences but for the bytes when coded."""
    judged = tuple(dict.fromkeys(result.quality for result in results))
    keys = (*judged, *KEYS)
    return tuple(Shown(key, _TITLES.get(key, BY_KEY[key].short), key in (*judged, "latency_p50", "energy_per_inference")) for key in keys)


def heads(results: Sequence[RunResult]) -> tuple[str, ...]:
    """The heads of all number columns."""
    scales = _scales(results)
    found: list[str] = []
    for column in columns(results):
        unit = scales[column.key].unit
        found.append(f"{column.title}, {unit}" if unit else column.title)
        if column.compared:
            found.append("against pin")
    return tuple(found)


def lines(results: Sequence[RunResult], pin: tuple[str, str]) -> tuple[Line, ...]:
    """All measured variants; `pin` is the run and the letter of the one that the others are held against."""
    every = [(result, index, v) for result in results for index, v in enumerate(result.variants) if v in result.measured]
    pinned = next(((r, v) for r, _, v in every if (r.run_id, v.letter) == pin), None)
    scales, shown = _scales(results), columns(results)
    found = []
    for result, index, variant in every:
        cells: list[str] = []
        other = tuple(unlike(result, variant, *pinned)) if pinned else ()
        for column in shown:
            quoted = quote.quote(variant.metrics.get(column.key), scales[column.key])
            interval = f" ({quoted.interval})" if quoted.interval else ""
            cells.append(f"{'≈ ' if quoted.approx else ''}{quoted.text}{interval}")
            if column.compared:
                change = apart(column.key, variant, pinned[1]) if pinned else None
                mark = "≠ " if change is not None and muddled(column.key, other) else ""
                cells.append("" if (result.run_id, variant.letter) == pin else f"{mark}{change_words(column.key, change)}")
        found.append(Line(result, variant, index, (result.run_id, variant.letter) == pin, tuple(cells), other))
    return tuple(found)


def muddled(key: str, other: Sequence[str]) -> bool:
    """Whether what was measured otherwise is in the difference of this number: answers depend on the test data, times and joules on all
    the rest."""
    return any((word == "test data") == (key in QUALITY) for word in other)


def change_words(key: str, change: Change | None) -> str:
    """ "−12 % (−14 to −10)"; "—" where nothing can be said."""
    if change is None:
        return quote.NO_READING
    unit = "pp" if BY_KEY[key].fraction else "%"
    if change.low is None or change.high is None:
        return f"{_signed(change.value, change.value)} {unit}"
    half = (change.high - change.low) / 2
    low, high = quote.ends(change.low * 100, change.high * 100, _decimals(change.value, half), signs=True)
    return f"{_signed(change.value, half)} {unit} ({low} to {high})"


def _signed(value: float, half: float) -> str:
    return quote.signed(value * 100, _decimals(value, half))


def _decimals(value: float, half: float) -> int:
    return min(max(quote.interval_decimals(abs(half) * 100, value * 100), 0), 2)


def _scales(results: Sequence[RunResult]) -> dict[str, quote.Scale]:
    found = {}
    for column in columns(results):
        numbers = [v.metrics[column.key] for result in results for v in result.measured if column.key in v.metrics]
        found[column.key] = quote.scale(numbers[0].unit if numbers else "", [m.value for m in numbers])
    return found
