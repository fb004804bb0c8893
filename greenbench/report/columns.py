"""Columns and rows of a comparison: one unit for a column, every number quoted once, variants in reading order."""

import math

from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.metrics import BY_KEY, METRICS, Metric
from greenbench.core.quote import NO_READING, Quoted, quote, scale
from greenbench.core.run import Comparison, NodeState, RunResult, VariantResult, Verdict
from greenbench.core.timed import call_words
from greenbench.report.labels import pieces, runtime_name, sentence, short_labels, variant_index
from greenbench.report.parts import Cell, Column, Gap, Row
from greenbench.report.verdicts import printed

ENERGY, LATENCY, SIZE = "energy_per_inference", "latency_p50", "size_bytes"
CODED = "size_coded_bytes"
MANY = 12
_SHORTENED = (ENERGY, "mean_absolute_error")
_WORTH_TELLING = 0.5  # of the file: above, coding is not what a variant gained


def columns(result: RunResult) -> dict[str, Column]:
    """A column for each metric, in the unit that suits all variants together."""
    several = result.baseline is not None and len(result.measured) > 1
    compared = {result.quality, result.timing, *((ENERGY,) if result.energy_provenance.measured else ())}
    return {
        metric.key: Column(
            metric.key,
            metric.title,
            metric.short if metric.key in _SHORTENED else metric.title,
            scale(_unit(result, metric), [_value(variant, metric.key) for variant in result.measured]),
            several and metric.key in compared,
        )
        for metric in METRICS
    }


def _unit(result: RunResult, metric: Metric) -> str:
    """The unit of a metric; of an error that of the data's target, which the measurements know."""
    return next((v.metrics[metric.key].unit for v in result.measured if metric.key in v.metrics), metric.unit.removeprefix("target"))


def _value(variant: VariantResult, key: str) -> float | None:
    measurement = variant.metrics.get(key)
    return measurement.value if measurement else None


def of_call(result: RunResult) -> str:
    """ " of one call of 64 examples", after what is the time of a call; "" where a call has one example."""
    words = call_words(variant.batch for variant in result.measured)
    return f" of {words}" if words else ""


def has_reading(result: RunResult, key: str) -> bool:
    """Whether any variant has a number for that metric."""
    return any(_value(variant, key) is not None for variant in result.measured)


def shown(result: RunResult) -> tuple[str, ...]:
    """The columns of the comparison table: those with a reading; the file size beside them if there is room."""
    keys = [key for key in (result.quality, ENERGY, result.timing) if has_reading(result, key)]
    table = columns(result)
    if sum(table[key].compared for key in keys) < 3:
        keys.append(SIZE)
    return tuple(key for key in keys if has_reading(result, key))


def caption(result: RunResult, pick: str | None) -> str:
    """What the comparison table compares with what."""
    if result.baseline is None:
        return "The variants. A, the baseline, has no result, so nothing is compared."
    if len({variant.benchmark for variant in result.variants}) > 1:
        text = "The variants, each against the first of its own benchmark."
    else:
        text = "The variants against A, the baseline." if len(result.measured) > 1 else "The variant that was measured."
    return f"{text} Tinted: {pick}, the pick." if pick else text


def gaps(result: RunResult) -> tuple[Gap, ...]:
    """What no variant has a number for, with the reason and the remedy; modelled energy is named here too."""
    unread = [key for key in (result.quality, ENERGY, LATENCY) if result.measured and not has_reading(result, key)]
    found = [Gap(f"{BY_KEY[key].title}: {NO_READING} for all variants.", missing_reason(result, key)) for key in unread]
    if result.energy_provenance is Provenance.MODELLED:
        remedy = source_remedy(result)
        why = f"It is estimated from load (± 50 %), so a difference between variants would say nothing. {remedy}"
        found.append(Gap("Energy is modelled, not measured: shown with ≈ and not compared.", why.strip()))
    return tuple(found)


def missing_reason(result: RunResult, key: str) -> str:
    """Why a metric has no reading, in the words of the first variant that says so, with the remedy of the power sources."""
    for variant in result.measured:
        measurement = variant.metrics.get(key)
        if measurement and measurement.reason:
            remedy = source_remedy(result) if key == ENERGY else ""
            return f"{sentence(measurement.reason)} {remedy}".strip()
    return f"Not measured. {source_remedy(result)}".strip() if key == ENERGY else "Not measured."


def source_remedy(result: RunResult) -> str:
    """What would bring a measured power source, by the first source that knows a remedy and measures."""
    known = [source.remedy for source in result.sources if source.remedy and source.provenance is not Provenance.MODELLED]
    return f"Remedy: {known[0].strip().rstrip('.')}." if known else ""


def rows(result: RunResult, table: dict[str, Column], pick: str | None) -> tuple[Row, ...]:
    """The variants in reading order: A, then the user's order (above twelve: by the metric of the pick), failed ones last."""
    variants = reading_order(result)
    labels = dict(zip([v.letter for v in variants], short_labels([v.name for v in variants]), strict=True))
    return tuple(_row(result, variant, table, labels[variant.letter], variant.letter == pick) for variant in variants)


def reading_order(result: RunResult) -> list[VariantResult]:
    """See `rows`."""
    measured = [variant for variant in result.variants if variant in result.measured]
    rest = [variant for variant in result.variants if variant not in measured]
    if len(result.variants) > MANY:
        key = ENERGY if result.energy_provenance.measured else result.timing
        sign = 1 if BY_KEY[key].better == "lower" else -1
        head = [variant for variant in measured if variant.letter == "A"]
        tail = [variant for variant in measured if variant.letter != "A"]
        worst = sign * math.inf
        measured = head + sorted(tail, key=lambda v: (v.benchmark != result.variants[0].benchmark, sign * (_value(v, key) or worst)))
    return measured + rest


def _row(result: RunResult, variant: VariantResult, table: dict[str, Column], label: str, pick: bool) -> Row:
    cells: dict[str, Cell] = {}
    if variant in result.measured:
        cells = {key: cell(variant, column, BY_KEY[key]) for key, column in table.items()}
    return Row(
        letter=variant.letter,
        index=variant_index(variant.letter),
        name=variant.name,
        pieces=tuple(pieces(variant.name)),
        label=label,
        facts=facts(result, variant, table, cells),
        cells=cells,
        pick=pick,
        baseline=variant is result.baseline,
        failure="" if cells else _why(variant),
        failure_kind=_kind(variant),
    )


def cell(variant: VariantResult, column: Column, metric: Metric) -> Cell:
    """One number and its verdict. Counts and sizes carry no provenance mark: they are facts of a file."""
    measurement = variant.metrics.get(metric.key)
    quoted = quote(measurement, column.scale)
    if metric.counted and quoted.text != NO_READING:
        quoted = Quoted(quoted.text, quoted.low, quoted.high, quoted.unit)
    return Cell(quoted, printed(metric, _comparison(variant, metric, measurement)))


def _comparison(variant: VariantResult, metric: Metric, measurement: Measurement | None) -> Comparison | None:
    comparison = variant.against.get(metric.key)
    if measurement is None or measurement.value is None:
        return None
    if variant.letter == "A" or (comparison and comparison.verdict is Verdict.BASELINE):
        return Comparison(verdict=Verdict.BASELINE)
    if comparison and measurement and measurement.provenance is Provenance.MODELLED:
        return Comparison(verdict=Verdict.NOT_COMPARED, reason=comparison.reason)
    return comparison


def facts(result: RunResult, variant: VariantResult, table: dict[str, Column], cells: dict[str, Cell]) -> str:
    """The second line of a row: what executes, its operations, its file, and what differs between the variants."""
    words = [variant.precision]
    for key in ("flops",) if SIZE in shown(result) else ("flops", SIZE):
        if key in cells and cells[key].value.text != NO_READING:
            words.append(f"{cells[key].value.text} {table[key].scale.unit}")
    file, coded = _value(variant, SIZE), _value(variant, CODED)
    if file and coded and coded < _WORTH_TELLING * file:
        words.append(f"{quote(variant.metrics[CODED], table[SIZE].scale).text} {table[SIZE].scale.unit} coded")
    for name in ("runtime", "batch", "benchmark"):
        if len({getattr(other, name) for other in result.variants}) > 1:
            words.append(
                {"batch": f"batch {variant.batch}", "benchmark": _title(result, variant.benchmark)}.get(name, runtime_name(variant.runtime))
            )
    return " · ".join(word for word in words if word)


def _title(result: RunResult, node: str) -> str:
    """The title of a node; its id where the plan does not know it."""
    return next((planned.title for planned in result.plan.nodes if planned.id == node), node)


def _why(variant: VariantResult) -> str:
    if variant.failure:
        return f"{sentence(variant.failure.message)} {variant.failure.remedy}".strip()
    return {
        NodeState.CANCELLED: "The run was stopped before this variant was measured.",
        NodeState.SKIPPED: "Something it needs failed.",
    }.get(variant.state, "The run ended before this variant was measured.")


def _kind(variant: VariantResult) -> str:
    states = {NodeState.CANCELLED: "stopped", NodeState.SKIPPED: "skipped", NodeState.FAILED: "failed"}
    return "failed" if variant.failure else states.get(variant.state, "not measured")
