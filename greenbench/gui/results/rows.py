"""The comparison table as data: one row for each variant, every number quoted once, in one unit for each column. No Qt."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from greenbench.core import quote
from greenbench.core.measurement import RECORDED_ENERGY, Measurement, Provenance
from greenbench.core.metrics import BY_KEY, METRICS
from greenbench.core.run import Comparison, NodeState, RunResult, VariantResult, Verdict
from greenbench.gui.results.columns import DEFAULT, ENERGY, Column, columns_of
from greenbench.gui.results.execution import details, runs_as
from greenbench.gui.results.scenario import asked

_SIGNS = {
    Verdict.SAME: "equals",
    Verdict.UNCLEAR: "question",
    Verdict.LOWER: "arrow-down-bold",
    Verdict.HIGHER: "arrow-up-bold",
}


@dataclass(frozen=True)
class Cell:
    """What stands in one place: main words, muted words after them (`below`: always under them), a sign with its tone, the
    change for a bar."""

    text: str = ""
    sub: str = ""
    sign: str = ""
    tone: str = ""
    hint: str = ""
    change: float | None = None
    low: float | None = None
    high: float | None = None
    provenance: Provenance | None = None
    value: float | None = None
    below: str = ""

    @property
    def words(self) -> str:
        """All its words in one line."""
        return " ".join(part for part in (self.text, self.sub, f"({self.below})" if self.below else "") if part)


@dataclass(frozen=True)
class Row:
    """One variant. `failure` is the sentence that runs across the columns where there is no result."""

    index: int
    variant: VariantResult
    cells: tuple[Cell, ...]
    failure: str = ""

    @property
    def stopped(self) -> bool:
        """Whether the user ended it: nothing failed."""
        return self.variant.state is NodeState.CANCELLED or (self.variant.failure is not None and self.variant.failure.kind == "Stopped")


@dataclass(frozen=True)
class Table:
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    reach: tuple[float, float]  # the relative changes that the bars reach: below zero and above, both as positive fractions
    compared: str = ENERGY  # the metric of the bars


def build(result: RunResult, chosen: Sequence[str] = DEFAULT, left_out: Collection[int] = ()) -> Table:
    """The table of a run: the columns of these keys, without the variants at these places. The bars show what the verdict compares:
    energy where it was measured, else time, or throughput in the Offline scenario."""
    # NumPy comes in with this: not before there is something to judge.
    from greenbench.analysis.headline import chosen_metric

    variants = result.variants
    scales = _scales(result)
    compared = chosen_metric(result)
    columns = columns_of(result, scales, compared, chosen)
    rows = tuple(
        _row(index, variant, columns, scales, result.energy_recorded) for index, variant in enumerate(variants) if index not in left_out
    )
    places = [index for index, column in enumerate(columns) if column.kind == "bar"]
    bars = [row.cells[place] for row in rows for place in places if row.cells[place].sign]
    changes = [change for cell in bars for change in (cell.change, cell.low, cell.high) if change is not None]
    below, above = max([0.0, *(-change for change in changes)]), max([0.0, *changes])
    return Table(columns, rows, (max(min(below, 1.0), 0.02), max(min(above, 1.0), 0.02)), compared)


def _scales(result: RunResult) -> dict[str, quote.Scale]:
    """One unit for each metric; the latencies share theirs."""
    scales = {metric.key: quote.scale(unit_of(result, metric.key), [_value(v, metric.key) for v in result.variants]) for metric in METRICS}
    scales["latency_p95"] = scales["latency_p50"]
    return scales


def unit_of(result: RunResult, key: str) -> str:
    """The unit of a metric: of a regression's error that of the data set's target, which the numbers themselves know."""
    return next((v.metrics[key].unit for v in result.variants if key in v.metrics), BY_KEY[key].unit)


def _value(variant: VariantResult, key: str) -> float | None:
    measurement = variant.metrics.get(key)
    return measurement.value if measurement else None


def _row(index: int, variant: VariantResult, columns: tuple[Column, ...], scales: dict[str, quote.Scale], recorded: bool) -> Row:
    failure = ""
    if variant.failure is not None:
        failure = variant.failure.message
    elif variant.state is not NodeState.DONE and not variant.metrics:
        failure = {
            NodeState.SKIPPED: "Not measured: something it needs failed.",
            NodeState.CANCELLED: "Not measured: the run was stopped.",
        }.get(variant.state, "Not measured.")
    return Row(index, variant, tuple(_cell(variant, column, scales, recorded) for column in columns), failure)


def _cell(variant: VariantResult, column: Column, scales: dict[str, quote.Scale], recorded: bool) -> Cell:
    measurement = variant.metrics.get(column.metric)
    match column.kind:
        case "variant":
            return Cell(f"{variant.letter} {variant.name}", hint=_lineage(variant))
        case "words" if column.key == "scenario":
            text, below, hint = asked(variant)
            return Cell(text, below=below, hint=hint)
        case "words":
            text, below = runs_as(variant)
            return Cell(text or quote.NO_READING, below=below, hint="\n".join(f"{title}: {words}" for title, words in details(variant)))
        case "number" if column.key == "size":
            return _size(variant, scales["size_bytes"])
        case "number":
            return _number(measurement, scales[column.metric], with_interval=column.with_interval)
        case "source":
            provenance = measurement.provenance if measurement else Provenance.UNAVAILABLE
            below, meaning = ("recorded", RECORDED_ENERGY) if recorded and provenance.measured else ("", provenance.meaning)
            return Cell(provenance.value.capitalize(), provenance=provenance, below=below, hint=_why(measurement) or meaning)
        case _:
            comparison = variant.against.get(column.metric)
            return _comparison(comparison, points=BY_KEY[column.metric].fraction)


def _lineage(variant: VariantResult) -> str:
    steps = " → ".join(step.title for step in variant.lineage)
    how = ", ".join(part for part in (variant.runtime, variant.precision, f"batch {variant.batch}", f"{variant.threads} threads") if part)
    return "\n".join(part for part in (variant.name, steps, how, _parameters(variant), *variant.notes) if part)


def _parameters(variant: VariantResult) -> str:
    """ "1 216 810 parameters, 121 681 of them not zero", as far as it is known."""
    known = {key: _value(variant, key) for key in ("parameters", "nonzero_parameters")}
    if known["parameters"] is None:
        return ""
    rest = "" if known["nonzero_parameters"] is None else f", {quote.count(known['nonzero_parameters'])} of them not zero"
    return f"{quote.count(known['parameters'])} parameters{rest}"


def _size(variant: VariantResult, shown: quote.Scale) -> Cell:
    """The file above, and under it what is left of it when coded without loss: what pruning and weight sharing gain."""
    cell = _number(variant.metrics.get("size_bytes"), shown, with_interval=False)
    coded = variant.metrics.get("size_coded_bytes")
    if coded is None or coded.value is None:
        return replace(cell, hint="\n".join(part for part in (cell.hint, _parameters(variant)) if part))
    quoted = quote.quote(coded, shown)
    words = (
        f"{cell.text} {shown.unit}: {BY_KEY['size_bytes'].help}",
        f"{quoted.full}: {BY_KEY['size_coded_bytes'].help}",
        _parameters(variant),
    )
    return replace(cell, below=quoted.text, hint="\n".join(part for part in words if part))


def _why(measurement: Measurement | None) -> str:
    return "" if measurement is None or measurement.value is not None else measurement.reason


def _number(measurement: Measurement | None, shown: quote.Scale, *, with_interval: bool) -> Cell:
    quoted = quote.quote(measurement, shown)
    text = f"{'≈ ' if quoted.approx else ''}{quoted.text}"
    sub = quoted.interval if with_interval else ""
    hint = quoted.reason
    if not hint and measurement is not None:
        hint = f"{quoted.full}{f', 95 % interval {quoted.interval}' if quoted.interval else ''}\n{measurement.provenance.meaning}"
    value = measurement.value if measurement else None
    return Cell(text, sub, hint=hint, value=value, provenance=measurement.provenance if measurement else None)


def _comparison(comparison: Comparison | None, *, points: bool) -> Cell:
    if comparison is None:
        return Cell(quote.NO_READING)
    if comparison.verdict is Verdict.BASELINE:
        return Cell("Baseline", tone="second")
    if comparison.verdict is Verdict.NOT_COMPARED:
        return Cell("Not compared", tone="muted", hint=comparison.reason)
    tone = "muted" if comparison.good is None else "success" if comparison.good else "danger"
    words = comparison.text[:1].upper() + comparison.text[1:]
    sub = _spread(comparison, points)
    if comparison.verdict is Verdict.UNCLEAR and comparison.change is not None:
        decimals = quote.change_decimals(comparison.change, comparison.low, comparison.high)
        sub = f"{quote.signed(comparison.change * 100, decimals)} {'pp' if points else '%'}"
    elif comparison.verdict is Verdict.SAME:
        sub = ""
    return Cell(words, sub, _SIGNS.get(comparison.verdict, ""), tone, comparison.reason, comparison.change, comparison.low, comparison.high)


def _spread(comparison: Comparison, points: bool) -> str:
    """ "± 2": half of the interval, in per cent or points, with the digits that it supports; "[−88, −20]" where it is lopsided."""
    if comparison.low is None or comparison.high is None or comparison.low == comparison.high:
        return ""
    if comparison.change is not None and not quote.even(comparison.change * 100, comparison.low * 100, comparison.high * 100):
        return _bounds(comparison, points)
    if comparison.change is not None and comparison.change >= 1 and not points:  # "5.1 times as much ± 0.3"
        return f"± {quote.significant((comparison.high - comparison.low) / 2, 2)}"
    half = (comparison.high - comparison.low) / 2 * 100
    digits = quote.significant(half, 2) if half >= 1 else f"{max(half, 0.1):.1f}"  # finer than the words beside it means nothing
    return f"± {digits}{' pp' if points else ''}"


def _bounds(comparison: Comparison, points: bool) -> str:
    """ "[−88, −20]", or of a multiple "[4.8, 5.6]", as in the report."""
    change, low, high = comparison.change or 0.0, comparison.low or 0.0, comparison.high or 0.0
    if change >= 1 and not points:
        _, below, above = quote.with_ends(1 + change, 1 + low, 1 + high)
        return f"[{below}, {above}]"
    below, above = quote.ends(low * 100, high * 100, quote.change_decimals(change, low, high), signs=True)
    return f"[{below}, {above}]{' pp' if points else ''}"
