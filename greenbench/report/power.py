"""Power over time: the whole run or its benchmark with phases and blocks named, and one block whose area is its joules."""

from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.quote import Scale, duration, interval_decimals, number, quote, scale, significant, significant_decimals
from greenbench.core.run import PowerTrace, RunResult
from greenbench.core.traced import BlockTrace
from greenbench.report.parts import Figure, Section

_WIDE, _LEFT, _RIGHT = 174.0, 116.0, 52.0


def shown_traces(result: RunResult) -> list[PowerTrace]:
    """The curves that are drawn: those of the benchmark where it is a small part of the run, else those of the whole run. Where several
    make up the machine's total, that comes first."""
    traces = [trace for trace in result.benchmark_traces or result.traces if trace.t_s]
    counted = [trace for trace in traces if trace.counted]
    return [together(counted), *traces] if len(counted) > 1 else traces


def together(traces: list[PowerTrace]) -> PowerTrace:
    """The sum of several channels where all of them have a reading; least and most are bounds, for they need not fall together."""
    by_moment = [{round(t, 6): (low, high) for t, low, high in zip(e.t_s, e.low_w, e.high_w, strict=True)} for e in traces]
    moments = sorted(set.intersection(*(set(each) for each in by_moment)))
    return PowerTrace(
        channel="total",
        title="All together",
        provenance=Provenance.least([trace.provenance for trace in traces]),
        t_s=tuple(moments),
        low_w=tuple(sum(each[t][0] for each in by_moment) for t in moments),
        high_w=tuple(sum(each[t][1] for each in by_moment) for t in moments),
        counted=True,
    )


def section(result: RunResult) -> Section | None:
    """Watts over the run, where traces were kept, and one block closely where it was."""
    traces = shown_traces(result)
    if not traces:
        return None
    close = result.block_trace if any(watts is not None for watts in (result.block_trace.power_w if result.block_trace else ())) else None
    figures = [_over_time(result, traces, _LEFT if close else _WIDE)]
    if close:
        figures.append(_of_block(close))
    return Section("power", "Power over time", finding(result, traces), tuple(figures))


def _over_time(result: RunResult, traces: list[PowerTrace], width_mm: float) -> Figure:
    seconds = max(trace.t_s[-1] for trace in traces) - min(trace.t_s[0] for trace in traces)
    highest, _ = highest_of(traces)
    marks = ", ".join(f"{trace.title} {trace.provenance.mark}" for trace in traces if trace.channel != "total")
    words = [f"{marks}. Band: smallest and largest reading of each moment; line: their middle."]
    if Provenance.least([trace.provenance for trace in traces]) is Provenance.MODELLED:
        words.append("Dashed: modelled.")
    if result.started_ns and any(variant.blocks for variant in result.variants):
        words.append("Letters name the variant in a block; every second round runs backwards, so that drift and heat hit all alike.")
    if result.benchmark_traces:
        words.append("The benchmark only; making the models came before.")
    alt = f"Power over {duration(seconds)}, at most {significant(highest, 3)} W."
    return Figure("power", (), " ".join(words), alt, width_mm, "power")


def _of_block(close: BlockTrace) -> Figure:
    joules = joules_words(close)
    idle = " Above the line of idle it is net." if close.idle_j is not None else ""
    hatched = " Hatched: modelled." if close.provenance is Provenance.MODELLED else ""
    caption = f"One block {close.provenance.mark}: the area is the energy.{idle}{hatched}"
    return Figure("block", (close.variant,), caption, f"Block {close.block + 1} of {close.variant}: {joules}.", _RIGHT, "block")


def joules_words(close: BlockTrace) -> str:
    """ "140.3 J, 16 077 inferences"."""
    shown = scale("J", [close.energy_j])
    modelled = close.provenance is Provenance.MODELLED
    energy = f"{'≈ ' if modelled else ''}{significant(close.energy_j * shown.factor, 2 if modelled else 3)} {shown.unit}"
    return f"{energy}, {number(close.examples, 0)} inferences" if close.examples else energy


def highest_of(traces: list[PowerTrace]) -> tuple[float, bool]:
    """The highest reading in W of what makes up the machine's total, and whether it is modelled. Older runs do not say what does."""
    telling = [trace for trace in traces if trace.counted] or traces
    highest = max(telling, key=lambda trace: max(trace.high_w))
    return max(highest.high_w), highest.provenance is Provenance.MODELLED


def finding(result: RunResult, traces: list[PowerTrace]) -> str:
    """Idle before and after, or what the channels reached."""
    before, after = result.idle_before, result.idle_after
    if before and after and before.value is not None and after.value is not None:
        shown = Scale("W", 1.0)
        ends = [quote(idle, shown).full for idle in (before, after)]
        if Provenance.MODELLED in (before.provenance, after.provenance):
            return f"Power is modelled from load, not measured; idle was taken as {ends[0]}."
        if ends[0] == ends[1]:
            return f"Idle drew {ends[0]} before and after: no drift."
        drift = significant(abs(after.value - before.value), 2)
        return f"Idle drew {ends[0]} before and {ends[1]} after, a drift of {drift} W."
    highest_w, modelled = highest_of(traces)
    return f"The highest reading was {'≈ ' if modelled else ''}{significant(highest_w, 3)} W; {_one_idle(before, after)}."


def _one_idle(before: Measurement | None, after: Measurement | None) -> str:
    """What is known of idle where not both ends of the run have a reading."""
    for idle, when, other, missing in ((before, "before", after, "after"), (after, "after", before, "before")):
        if idle is not None and idle.value is not None:
            why = f": {_sentence_end(other.reason)}" if other is not None and other.reason else ""
            return f"idle drew {quote(idle, Scale('W', 1.0)).full} {when} and has no reading {missing}{why}"
    reason = next((idle.reason for idle in (before, after) if idle is not None and idle.reason), "")
    return f"idle power has no reading: {_sentence_end(reason)}" if reason else "idle power was not measured"


def _sentence_end(reason: str) -> str:
    return reason.strip().rstrip(".")


def idle_words(result: RunResult) -> tuple[str, str]:
    """The idle powers before and after as they stand in the figure: "3.42 W"; "" where there is no reading."""
    found = []
    for idle in (result.idle_before, result.idle_after):
        if idle is None or idle.value is None:
            found.append("")
            continue
        half = (idle.high - idle.low) / 2 if idle.high is not None and idle.low is not None else 0.0
        decimals = interval_decimals(half, idle.value) if half else significant_decimals(idle.value, 3)
        rough = "≈ " if idle.provenance is Provenance.MODELLED else ""
        found.append(f"{rough}{number(idle.value, decimals)} W")
    return found[0], found[1]
