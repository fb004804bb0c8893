"""The curves of a run for drawing: each channel thinned, what went on when, and one block of one variant as power whose area is joules."""

from itertools import pairwise

from greenbench.analysis.headline import find_pick
from greenbench.core.measurement import Provenance, WindowKind
from greenbench.core.run import PowerTrace, RunResult
from greenbench.core.traced import BlockTrace, Phase
from greenbench.engine.recorder import Recorder

_TRACE_BINS = 600
_SPANS, _MARGIN = 120, 0.2  # of a block: how finely it is drawn, and how much of its length before and after
_FEWEST = 8  # spans that show a shape
_READ_S = 0.1
_SMALL = 0.6  # of the run: a benchmark shorter than that would be hard to see in it
_SHOWN = (WindowKind.IDLE, WindowKind.WARM_UP, WindowKind.BLOCK, WindowKind.COOL_DOWN)


def traces(recorder: Recorder) -> tuple[PowerTrace, ...]:
    """The power of each channel over the run, thinned for drawing."""
    if not recorder.started_ns:
        return ()
    return _thinned(recorder, recorder.started_ns, recorder.ended_ns or recorder.started_ns)


def _thinned(recorder: Recorder, t0_ns: int, t1_ns: int) -> tuple[PowerTrace, ...]:
    """All channels between two moments, in seconds since the start of the run."""
    after_s = (t0_ns - recorder.started_ns) / 1e9
    counted = {channel.key for channel in recorder.ledger.counted}
    found = [recorder.ledger.thin(channel.key, _TRACE_BINS, t0_ns, t1_ns) for channel in recorder.ledger.channels]
    return tuple(
        trace.model_copy(update={"t_s": tuple(after_s + t for t in trace.t_s), "counted": trace.channel in counted}) for trace in found
    )


def benchmark_traces(recorder: Recorder) -> tuple[PowerTrace, ...]:
    """The same over the benchmark alone, in seconds since the start of the run, where it is a small part of it: else none are needed."""
    benchmarks = {node.id for node in recorder.plan.nodes if node.step == "benchmark"}
    inside = [w for w in recorder.windows if w.node in benchmarks and w.kind in _SHOWN]
    if not inside or not recorder.started_ns:
        return ()
    first, last = min(w.t0_ns for w in inside), max(w.t1_ns for w in inside)
    if last - first > _SMALL * ((recorder.ended_ns or last) - recorder.started_ns):
        return ()
    return _thinned(recorder, first, last)


def phases(recorder: Recorder) -> tuple[Phase, ...]:
    """Every closed window but the blocks, which the variants keep, in the order in which they began."""
    start = recorder.started_ns
    windows = sorted((w for w in recorder.windows if w.kind is not WindowKind.BLOCK), key=lambda w: (w.t0_ns, w.t1_ns))
    return tuple(
        Phase(kind=w.kind, label=w.label, t0_s=(w.t0_ns - start) / 1e9, t1_s=(w.t1_ns - start) / 1e9, variant=w.variant) for w in windows
    )


def block_trace(recorder: Recorder, result: RunResult) -> BlockTrace | None:
    """The first block with a reading of the pick, or of the baseline; None where there is none, or no reading is fine enough for it."""
    variant = find_pick(result) or result.baseline
    block = next((b for b in variant.blocks if b.energy_j is not None), None) if variant else None
    if variant is None or block is None or block.energy_j is None:
        return None
    counted = recorder.ledger.counted
    length_ns = block.t1_ns - block.t0_ns
    slowest_s = max((max(c.refresh_s, c.refresh_measured_s or 0.0, _READ_S) for c in counted), default=0.0)
    spans = min(_SPANS, int(length_ns / 1e9 / slowest_s)) if slowest_s else 0
    if spans < _FEWEST:
        return None
    step_ns = length_ns / spans
    around = round(_MARGIN * spans)
    edges = [round(block.t0_ns + step_ns * k) for k in range(-around, spans + around + 1)]
    powers = [recorder.ledger.window(a, b).mean_power_w for a, b in pairwise(edges)]
    idle_w = result.idle_before.value if result.idle_before else None
    return BlockTrace(
        variant=variant.letter,
        block=block.index,
        begin_s=-around * step_ns / 1e9,
        step_s=step_ns / 1e9,
        power_w=tuple(powers),
        seconds=length_ns / 1e9,
        energy_j=block.energy_j,
        idle_j=None if idle_w is None else min(_mean_idle(result, idle_w) * length_ns / 1e9, block.energy_j),
        examples=block.calls * variant.batch,
        provenance=Provenance.least([channel.provenance for channel in counted]),
    )


def _mean_idle(result: RunResult, before_w: float) -> float:
    """The idle power that energies are net of: the mean of before and after."""
    after_w = result.idle_after.value if result.idle_after else None
    return before_w if after_w is None else (before_w + after_w) / 2
