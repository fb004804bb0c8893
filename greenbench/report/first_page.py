"""Page 1: stamps, who and when, verdict, four key numbers, forest plot, and what the energy covers."""

from datetime import datetime

from greenbench.core.measurement import RECORDED_ENERGY, Measurement, Provenance
from greenbench.core.metrics import BY_KEY
from greenbench.core.quote import NO_READING, Quoted, count, quote
from greenbench.core.run import RunResult, RunState, VariantResult
from greenbench.report.columns import ENERGY, LATENCY, SIZE, has_reading, missing_reason
from greenbench.report.labels import listed, plural, runtime_name, sentence, threads
from greenbench.report.method import covering, duration_short, remarks
from greenbench.report.parts import Column, Figure, KeyNumber, Row, Stamp
from greenbench.report.sections import of, parts

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


def stamps(result: RunResult) -> tuple[Stamp, ...]:
    """What a reader must know before the first number."""
    found: list[Stamp] = []
    if result.state in (RunState.CANCELLED, RunState.LOST, RunState.FAILED):
        words = {"cancelled": "stopped early", "lost": "broke off", "failed": "a step failed"}
        found.append(Stamp(words[result.state.value], "bad"))
    if not result.energy_provenance.measured:
        found.append(Stamp("no energy measured", "bad"))
    if result.energy_provenance.measured and result.energy_recorded:
        found.append(Stamp("recorded energy", "bad"))
    if any(remark.code == "digest" for remark in result.warnings):
        found.append(Stamp("raw data has changed", "bad"))
    found.append(Stamp(result.plan.protocol.stamp, "good" if result.plan.protocol.name == "lab" else "bad"))
    return tuple(found)


def date(started: str) -> str:
    """ "22 November 2026" of an ISO time; what does not parse stays as it is."""
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        return started
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def what(result: RunResult) -> tuple[str, ...]:
    """Data, runtime, machine: the line below the title."""
    runtimes = sorted({runtime_name(variant.runtime) for variant in result.variants if variant.runtime})
    batches = sorted({variant.batch for variant in result.variants})
    batch = ("one example at a time" if batches == [1] else f"batch {listed([str(b) for b in batches])}") if batches else ""
    place = ", ".join(filter(None, (result.environment.cpu or result.plan.device, threads(result))))
    return tuple(text for text in (result.data, ", ".join(filter(None, (listed(runtimes), batch))), place) if text)


def who(result: RunResult) -> tuple[str, ...]:
    version = f"GreenBench {result.environment.greenbench}".strip()
    return tuple(filter(None, (date(result.started), f"run {result.run_id}", version)))


def shown_variant(result: RunResult, pick: str | None) -> VariantResult | None:
    """Whose numbers stand on page 1: the pick, else A, else the first that was measured."""
    by_letter = {variant.letter: variant for variant in result.measured}
    return by_letter.get(pick or "A") or by_letter.get("A") or next(iter(result.measured), None)


def keys(result: RunResult, columns: dict[str, Column], pick: str | None) -> tuple[KeyNumber, ...]:
    """Energy, latency, accuracy (or what judges the task) and file size of the pick, with their intervals and the baseline's number."""
    variant = shown_variant(result, pick)
    if variant is None:
        return ()
    numbers = [_key(result, variant, columns[key]) for key in (ENERGY, result.timing, result.quality, SIZE)]
    if variant.letter != pick:
        numbers = [KeyNumber(f"{n.title} of {variant.letter}", n.value, n.below, n.baseline, n.baseline_mark) for n in numbers]
    return tuple(numbers)


def _key(result: RunResult, variant: VariantResult, column: Column) -> KeyNumber:
    metric = BY_KEY[column.key]
    measurement = variant.metrics.get(column.key)
    value = quote(measurement, column.scale)
    if metric.counted and value.text != NO_READING:
        value = Quoted(value.text, unit=value.unit)
    against = result.baseline.metrics.get(column.key) if result.baseline and result.baseline is not variant else None
    baseline = quote(against, column.scale) if against and against.value is not None else None
    return KeyNumber(
        metric.title if variant.batch == 1 or column.key != LATENCY else f"{metric.title}, call of {variant.batch}",
        value,
        _below(result, value, measurement, column.key),
        f"baseline {baseline.full}" if baseline else "",
        baseline.mark if baseline and not metric.counted else "",
    )


def _below(result: RunResult, value: object, measurement: Measurement | None, key: str) -> str:
    if measurement is None or measurement.value is None:
        return missing_reason(result, key) if not has_reading(result, key) else (measurement.reason if measurement else "not measured")
    if measurement.provenance is Provenance.MODELLED:
        return "modelled, ± 50 %; not compared"
    if BY_KEY[key].counted:
        return "exact count of bytes"
    interval = getattr(value, "interval", "")
    return f"95 % interval {interval.replace('–', ' to ')}" if interval else "one reading, no interval"


def forest(result: RunResult, columns: dict[str, Column], rows: tuple[Row, ...]) -> tuple[tuple[Figure, ...], str]:
    """The forest plot in parts of 26 rows, or the reason why there is none."""
    home = result.baseline.benchmark if result.baseline else ""
    together = {v.letter for v in result.measured if v.benchmark == home}
    letters = [row.letter for row in rows if row.letter in together and not row.baseline]
    if not result.measured:
        return (), ""
    if result.baseline is None:
        return (), "No variant is compared: A, the baseline, was not measured."
    shown = [columns[key] for key in forest_keys(result)]
    if not letters:
        return (), "One variant was measured, so there is nothing to compare it with."
    if not shown:
        return (), "No variant has a number that can be compared with A."
    groups = parts(letters)
    failed = [row.letter for row in rows if not row.cells]
    tail = ""
    if failed:
        tail = f" Variant {failed[0]} has no numbers." if len(failed) == 1 else f" Variants {listed(failed)} have no numbers."
    short = any(row.label != row.name for row in rows if row.letter in letters)
    labels = " Labels keep the part of a name that differs; table 1 has the whole name." if short else ""
    caption = (
        "Every variant against A, the baseline in the same runtime. Dot and bar: paired ratio or difference with its 95 % interval, "
        f"filled where a difference is established, hollow where it is not. Grey band: too small to matter.{labels}{tail}"
    )
    figures = tuple(
        Figure("forest", group, caption + of(i, groups), _alt(rows, group, shown), name=f"forest-{i + 1}") for i, group in enumerate(groups)
    )
    return figures, ""


def forest_keys(result: RunResult) -> tuple[str, ...]:
    """The metrics in which at least one variant is compared."""
    return tuple(
        key
        for key in (ENERGY, result.timing, result.quality)
        if any(v.letter != "A" and key in v.against and v.against[key].change is not None for v in result.measured)
        and (key != ENERGY or result.energy_provenance.measured)
    )


def _alt(rows: tuple[Row, ...], letters: tuple[str, ...], columns: list[Column]) -> str:
    said = []
    for row in rows:
        if row.letter in letters:
            words = [f"{column.title.lower()} {row.cells[column.key].verdict.text or NO_READING}" for column in columns]
            said.append(f"{row.letter}: {', '.join(words)}")
    return "Each variant against A. " + "; ".join(said) + "."


def covers(result: RunResult) -> tuple[tuple[str, str], ...]:
    """The three short paragraphs at the foot of page 1."""
    return (("What the energy covers", _covers(result)), ("How sure it is", _sure(result)), ("Before you cite it", _cite(result)))


def _covers(result: RunResult) -> str:
    provenance = result.energy_provenance
    if provenance is Provenance.UNAVAILABLE:
        return f"Energy was not measured. {missing_reason(result, ENERGY)}" if result.measured else "Nothing was measured."
    if provenance is Provenance.MODELLED:
        return "Nothing measured: joules are estimated from load and the processor's rated power, ± 50 %. They are shown, not compared."
    if result.energy_recorded:
        return RECORDED_ENERGY
    parts = covering(result)
    text = sentence(listed(parts)) if parts else "The counted channels of this machine."
    if provenance is Provenance.EXTERNAL:
        return text
    return f"{text} Power supply, fans and disk are not in it."


def _sure(result: RunResult) -> str:
    blocks = [len(variant.blocks) for variant in result.measured if variant.blocks]
    if not blocks:
        return "No timed blocks were kept, so no interval can be given."
    counted = f"{min(blocks)} to {max(blocks)}" if min(blocks) != max(blocks) else str(blocks[0])
    text = f"{counted} interleaved blocks of {duration_short(result.plan.protocol.block_s)} for each variant; intervals over blocks, 95 %."
    judged = [m.n for v in result.measured if (m := v.metrics.get(result.quality)) and m.value is not None]
    return f"{text} {BY_KEY[result.quality].title} over {count(max(judged))} test examples." if judged else text


def _cite(result: RunResult) -> str:
    kinds = [remark.kind for remark in remarks(result)]
    words = [plural(kinds.count(kind), kind) for kind in ("warning", "deviation") if kinds.count(kind)]
    failed = sum(variant.failure is not None for variant in result.variants)
    if failed:
        words.insert(0, f"{plural(failed, 'variant')} failed")
    start = sentence(listed(words)) if words else "No warning and no deviation from the protocol."
    quick = " Quick protocol: measure again with the lab protocol first." if result.plan.protocol.name != "lab" else ""
    return f"{start}{quick} How it was measured and how to repeat it stand at the end."


def legend() -> tuple[tuple[str, str, str], ...]:
    """Mark, word and meaning of each provenance."""
    read = [(p.mark, p.value, p.meaning) for p in Provenance if p is not Provenance.UNAVAILABLE]
    return (*read, (Provenance.UNAVAILABLE.mark, Provenance.UNAVAILABLE.meaning, ""))
