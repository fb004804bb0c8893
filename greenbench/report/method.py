"""How it was measured: machine, protocol, power sources, warnings, limits, and how to repeat it."""

from greenbench.core.advice import Tone
from greenbench.core.measurement import Measurement, Provenance, SourceReport, SourceState
from greenbench.core.metrics import BY_KEY
from greenbench.core.quote import Scale, duration, number, quote, scale, significant
from greenbench.core.run import NodeState, Remark, RunResult, RunState
from greenbench.report import joined, trail
from greenbench.report.executed import executed_table
from greenbench.report.labels import listed, plural, runtime_name, sentence, threads
from greenbench.report.parts import Method, Note, Section, TextTable
from greenbench.report.wall import at_the_wall, line_words

_SIGNS = {"warning": "!", "deviation": "≠", "limit": "–"}


def method(result: RunResult, pick: str | None) -> Method:
    """Everything of section "How it was measured" as strings; what the machine does not say is left out."""
    return Method(
        machine=_machine(result),
        protocol=_protocol(result),
        sensors=_sensors(result.sources),
        warnings=_warnings(result),
        limits=_limits(result, pick),
        commands=_commands(result, pick),
        identity=_identity(result, pick),
        executed=executed_table(result),
        remedies=tuple(f"{source.title}: {source.remedy.strip().rstrip('.')}." for source in result.sources if source.remedy),
        joined=joined.tables(result),
    )


def section(result: RunResult) -> Section:
    """The section with its finding: protocol, deviations, what the energy covers."""
    kinds = [remark.kind for remark in remarks(result)]
    words = [f"{result.plan.protocol.name.capitalize()} protocol"]
    for kind in ("warning", "deviation"):
        if kinds.count(kind):
            words.append(plural(kinds.count(kind), kind))
    return Section("method", "How it was measured", f"{listed(words)}; {covered(result)}.")


def remarks(result: RunResult) -> list[Remark]:
    """The warnings and deviations of a run, without those that only repeat the failure of a variant: it has its own line."""
    failures = [variant.failure.message for variant in result.variants if variant.failure]
    return [r for r in result.warnings if r.kind != "limit" and not (r.variant and any(failure in r.text for failure in failures))]


def covered(result: RunResult) -> str:
    """What the energy covers, as the end of a sentence."""
    provenance = result.energy_provenance
    if provenance is Provenance.UNAVAILABLE:
        return "energy was not measured"
    if provenance is Provenance.MODELLED:
        return "energy is modelled from load, not measured"
    if result.energy_recorded:
        return "energy is that of a recording played back, not measured in this run"
    parts = covering(result)
    return f"energy covers {listed(parts)}" if parts else "energy was measured"


def covering(result: RunResult) -> list[str]:
    """What the counted channels of the sources in use cover, each once."""
    found: list[str] = []
    for source in result.sources:
        if source.state is SourceState.IN_USE and source.provenance is result.energy_provenance:
            texts = [channel.covers for channel in source.channels if channel.counted] or [source.covers]
            found.extend(text for text in texts if text and text not in found)
    return found


def _machine(result: RunResult) -> tuple[tuple[str, str], ...]:
    e = result.environment
    cores = f"{e.cores_physical} cores" if e.cores_physical else f"{e.cores_logical} threads" if e.cores_logical else ""
    memory = f"{significant(e.memory_bytes / 2**30, 2)} GiB" if e.memory_bytes else ""
    supply = "" if e.on_battery is None else "on battery" if e.on_battery else "mains power"
    virtual = "" if not e.virtual else "virtual machine" if e.virtual == "yes" else f"virtual machine ({e.virtual})"
    runtimes = sorted({runtime_name(variant.runtime) for variant in result.variants if variant.runtime})
    at_start = [f"{significant(e.temperature_c, 3)} °C"] if e.temperature_c is not None else []
    at_start += [f"load {significant(e.load_1min, 2)}"] if e.load_1min is not None else []
    at_start += [f"{significant(e.frequency_hz / 1e9, 3)} GHz"] if e.frequency_hz else []
    pairs = (
        ("Machine", ", ".join(filter(None, (e.cpu, cores, memory)))),
        ("GPU", ", ".join((*e.gpus, f"driver {e.driver}" if e.driver else "")).strip(", ")),
        ("System", ", ".join(filter(None, (e.system, virtual, supply)))),
        ("Governor, turbo", ", ".join(filter(None, (e.governor, f"turbo {e.turbo}" if e.turbo else "")))),
        ("Runtime", f"{listed(runtimes)}, {_device(result)}" if runtimes else _device(result)),
        ("Libraries", ", ".join(f"{name} {version}" for name, version in sorted(e.libraries.items()))),
        ("At the start", ", ".join(at_start)),
        ("Data", result.data),
    )
    return tuple((word, text) for word, text in pairs if text)


def _device(result: RunResult) -> str:
    return f"{result.plan.device}, {threads(result)}"


def _protocol(result: RunResult) -> tuple[tuple[str, str], ...]:
    p = result.plan.protocol
    batches = sorted({variant.batch for variant in result.variants})
    blocks = [len(variant.blocks) for variant in result.measured if variant.blocks]
    counted = f"{min(blocks)} to {max(blocks)}" if blocks and min(blocks) != max(blocks) else str(blocks[0]) if blocks else "no"
    batch = f"batch {listed([str(b) for b in batches])}, " if batches else ""
    aimed = "median latency and J/inference" if result.energy_provenance.measured else "median latency"
    target = f"{aimed} within ±{p.target * 50:g} % (95 %); {p.min_blocks} to {p.max_blocks} blocks"
    pairs = (
        ("Protocol", f"{p.name}, {batch}seed {result.plan.seed}"),
        ("Idle", _idle(result)),
        ("Warm-up", f"until latency is flat, at most {duration(p.warm_up_s)} a variant"),
        ("Blocks", f"{counted} × {duration(p.block_s)} a variant, A B C …, then … C B A"),
        ("Stop rule", target),
        (BY_KEY[result.quality].title, "all test examples, on the file that was timed" if _is_judged(result) else ""),
        ("Intervals", f"95 %: blocks; {_interval_words(result.quality)}; differences paired"),
        ("Comparisons", _together(result)),
        ("Grid factor", _carbon(result)),
        ("CO₂e", _emissions(result)),
        ("At the wall", at_the_wall(result)),
        ("Calibration", line_words(result.calibration) if result.calibration else ""),
        ("Took", duration(result.seconds) if result.seconds else ""),
    )
    return tuple((word, text) for word, text in pairs if text)


def _is_judged(result: RunResult) -> bool:
    return any(v.metrics.get(result.quality) for v in result.measured)


def _interval_words(quality: str) -> str:
    return "accuracy Wilson" if quality == "accuracy" else f"{BY_KEY[quality].words} Student's t over examples"


def _together(result: RunResult) -> str:
    """How many comparisons with the baseline were corrected for their number; "" for a single one."""
    most = max((comparison.together for variant in result.variants for comparison in variant.against.values()), default=1)
    if most < 2:
        return ""
    return f"{most} at once in each metric, corrected (Holm): any false difference among them in at most 5 of 100 runs"


def _idle(result: RunResult) -> str:
    found = [(word, m) for word, m in (("before", result.idle_before), ("after", result.idle_after)) if m and m.value is not None]
    if not found:
        return f"{duration(result.plan.protocol.idle_s)}; power — (no reading)"
    return f"{duration(result.plan.protocol.idle_s)} " + ", ".join(f"{word} {_watts(m)}" for word, m in found)


def _watts(measurement: Measurement) -> str:
    quoted = quote(measurement, Scale("W", 1.0))
    return f"{quoted.full} {quoted.mark}"


def _carbon(result: RunResult) -> str:
    if not result.carbon:
        return ""
    c = result.carbon
    source = ", ".join(filter(None, (c.region, c.year, c.source)))
    return f"{significant(c.intensity_g_per_kwh, 3)} g CO₂e/kWh ({source}), PUE {number(c.pue, 2)}"


def _emissions(result: RunResult) -> str:
    """Grams for one inference of the lightest and the heaviest variant; the factor is assumed, so is the product."""
    found = [(v.letter, m) for v in result.measured if (m := v.metrics.get("co2e_per_inference")) and m.value is not None]
    if not found:
        return ""
    found.sort(key=lambda entry: entry[1].value or 0.0)
    shown = scale("g", [measurement.value for _, measurement in found])
    ends = [found[0], found[-1]] if len(found) > 1 else found
    quoted = [f"{quote(measurement, shown).full} ({letter})" for letter, measurement in ends]
    return f"{' to '.join(quoted)} for one inference {Provenance.MODELLED.mark}"


def _sensors(sources: tuple[SourceReport, ...]) -> TextTable:
    lines = []
    for source in sources:
        used = source.state is SourceState.IN_USE
        refresh = duration_short(source.refresh_s) if source.refresh_s and used else "—"
        gain = max((channel.error for channel in source.channels), default=0.0)
        error = "± 50 %" if source.provenance is Provenance.MODELLED else f"±{significant(gain * 100, 2)} %" if gain else "—"
        mark = f"{source.provenance.mark} {source.provenance}" if used else "—"
        state = source.state.value if not source.reason else f"{source.state.value}: {source.reason}"
        lines.append((source.title, mark, source.covers or "—", refresh, error if used else "—", state))
    return TextTable(("Power source", "mark", "covers", "refresh", "gain error", "state"), tuple(lines), "lllrrl")


def duration_short(seconds: float) -> str:
    """ "100 ms", "1.0 s"."""
    return f"{significant(seconds * 1e3, 2)} ms" if seconds < 1 else duration(seconds)


def _warnings(result: RunResult) -> tuple[Note, ...]:
    notes = [Note(_SIGNS.get(r.kind, "!"), _lettered(r.variant, r.text)) for r in remarks(result)]
    notes += [Note("×", f"{v.letter} failed: {sentence(v.failure.message)}") for v in result.variants if v.failure]
    known = {v.failure.message for v in result.variants if v.failure}
    broken = [(n.title, n.failure) for n in result.nodes if n.failure and n.state is NodeState.FAILED]
    notes += [Note("×", f"Step “{title}” failed: {sentence(why.message)}") for title, why in broken if why.message not in known]
    words = {RunState.CANCELLED: "was stopped by the user", RunState.LOST: "broke off", RunState.RUNNING: "was still going"}
    if result.state in words:
        notes.insert(0, Note("!", f"The run {words[result.state]}: what is here was measured before that."))
    if told := [advice.title for advice in result.lint if advice.tone is Tone.WARNING]:
        notes.append(Note("!", f"Told before the run: {'; '.join(told)}."))
    return tuple(notes) or (Note("–", "None."),)


def _lettered(letter: str, text: str) -> str:
    return f"{letter}: {text}" if letter and not text.startswith(letter) else text


def _limits(result: RunResult, pick: str | None) -> tuple[Note, ...]:
    texts = [_lettered(w.variant, w.text) for w in result.warnings if w.kind == "limit"]
    if result.energy_provenance.measured:
        texts.append("Ratios are free of the sensor's gain error, joules are not.")
    if pick and len(result.measured) > 2:
        others = len(result.measured) - 1
        texts.append(f"{pick} was picked among {plural(others, 'variant')}: its margin is a little flattering.")
    return tuple(Note("–", text) for text in texts)


def _commands(result: RunResult, pick: str | None) -> tuple[str, ...]:
    plan = result.plan
    return (
        f"greenbench run pipeline.greenbench --protocol {plan.protocol.name} --seed {plan.seed} --device {plan.device}",
        f"greenbench report {result.run_id} --output report.pdf",
        *trail.commands(result, pick),
    )


def _identity(result: RunResult, pick: str | None) -> tuple[tuple[str, str], ...]:
    made = f"GreenBench {result.environment.greenbench}".strip()
    made_by = ("Made by", f"{made}, results version {result.version}")
    pairs = (("Run", result.run_id), ("Plan", result.plan.digest), made_by, *trail.identity(result, pick))
    return tuple((word, text) for word, text in pairs if text)
