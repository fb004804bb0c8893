"""What the logs of outside meters say of a run, beside its own numbers: a table for each log, and in words how it was joined."""

from greenbench.core.joined import JoinedLog
from greenbench.core.measurement import Measurement
from greenbench.core.quote import MINUS, Scale, quote, scale
from greenbench.core.run import RunResult
from greenbench.report.parts import TextTable

OWN = "energy_per_inference"
KEPT = "The run's own numbers are as they were."


def clock_words(joined: JoinedLog) -> str:
    """How the log's clock lies to the run's: "its times were moved by +2.00 s ± 0.05 s, as given."."""
    value, low, high = joined.offset.value or 0.0, joined.offset.low or 0.0, joined.offset.high or 0.0
    moved = f"its times were moved by {MINUS if value < 0 else '+'}{abs(value):.2f} s"
    half = f" ± {(high - low) / 2:.2f} s" if high > low else ""
    if not joined.estimated:
        return f"{moved}{half}, as given."
    return f"{moved}{half}, found against {joined.against} (correlation {joined.correlation or 0:.3f})."


def unit_of(result: RunResult, joined: JoinedLog) -> Scale:
    """The one unit in which the log's joules and the run's own read best."""
    found = [*joined.per_inference.values(), *(v.metrics[OWN] for v in result.variants if OWN in v.metrics)]
    return scale("J", [measurement.value for measurement in found])


def tables(result: RunResult) -> tuple[TextTable, ...]:
    """A table for each log that was joined: what one inference took by it, and by the run's own sources."""
    return tuple(_table(result, joined) for joined in result.joined)


def variant_words(result: RunResult, joined: JoinedLog) -> tuple[str, ...]:
    """A line for each variant: "A  20.0 J [19.2–20.8] ↗, by the run's own sources 18.1 J ◉"."""
    shown, found = unit_of(result, joined), []
    for variant in result.variants:
        if variant.letter in joined.per_inference:
            logged, own = joined.per_inference[variant.letter], variant.metrics.get(OWN)
            found.append(f"{variant.letter}  {_words(logged, shown)}, by the run's own sources {_words(own, shown, interval=False)}")
    return tuple(found)


def _words(measurement: Measurement | None, shown: Scale, interval: bool = True) -> str:
    found, ends = quote(measurement, shown), _interval(measurement, shown) if interval else ""
    return " ".join(part for part in (found.full, ends, found.mark) if part)


def _table(result: RunResult, joined: JoinedLog) -> TextTable:
    shown = unit_of(result, joined)
    variants = [variant for variant in result.variants if variant.letter in joined.per_inference]
    rows = []
    for variant in variants:
        ends = [(_cell(m, shown), _interval(m, shown)) for m in (joined.per_inference[variant.letter], variant.metrics.get(OWN))]
        rows.append((variant.letter, variant.name, *ends[0], *ends[1]))
    head = ("", "Energy of one inference", f"{joined.title}, {shown.unit}", "95 %", f"the run's sources, {shown.unit}", "95 %")
    words = (f"{joined.title}, log {joined.name}: {clock_words(joined)}", *joined.notes, KEPT)
    return TextTable(head, tuple(rows), "llrlrl", " ".join(words), letters=tuple(variant.letter for variant in variants))


def _cell(measurement: Measurement | None, shown: Scale) -> str:
    found = quote(measurement, shown)
    return f"{'≈ ' if found.approx else ''}{found.text} {found.mark}"


def _interval(measurement: Measurement | None, shown: Scale) -> str:
    interval = quote(measurement, shown).interval
    return f"[{interval}]" if interval else ""
