"""What a reader of the results must know about how they were measured."""

from greenbench.analysis.intervals import block_mean
from greenbench.core.measurement import WindowKind
from greenbench.core.run import Remark, RunState, VariantResult
from greenbench.engine.recorder import Recorder
from greenbench.engine.results.pairs import FEWEST_PROCESSES


def protocol_remarks(recorder: Recorder, variants: list[VariantResult]) -> list[Remark]:
    """Where the protocol was not kept, and what failed."""
    found = _stopped_by_cap(recorder, variants)
    found += _few_processes(recorder, variants)
    failed = [variant for variant in variants if variant.failure]
    found += [Remark(kind="warning", text=f"{v.letter} failed: {v.failure.message}", variant=v.letter) for v in failed if v.failure]
    if recorder.state in (RunState.LOST, RunState.CANCELLED):
        found.append(Remark(kind="deviation", text=f"The run was {recorder.state.value} before its end; what was measured is shown."))
    return found


def _few_processes(recorder: Recorder, variants: list[VariantResult]) -> list[Remark]:
    """Where starting a model takes too long to do it between rounds, its place in memory stays what it was by chance."""
    timed = {(w.node, w.variant, w.process) for w in recorder.windows if w.kind is WindowKind.BLOCK}
    counts = [sum(key[:2] == model for key in timed) for model in {key[:2] for key in timed}]
    if len(variants) < 2 or not recorder.plan.protocol.restart_rounds or not counts or min(counts) >= FEWEST_PROCESSES:
        return []
    many = {1: "one process", 2: "two processes"}[min(counts)]
    text = f"Each model ran in {many}: where it happens to lie in memory may account for differences of up to about 1 %."
    return [Remark(kind="limit", text=text, code="process")]


def _stopped_by_cap(recorder: Recorder, variants: list[VariantResult]) -> list[Remark]:
    """One remark on latency and one on energy, each for all variants whose interval was still wider than aimed at when the blocks ended."""
    cap = recorder.plan.protocol.max_blocks
    ended = [variant for variant in variants if len(variant.blocks) >= cap]
    found = [
        _capped(recorder, "latency", {v.letter: width for v in ended if (width := _latency_width(v)) is not None}),
        _capped(recorder, "energy", {v.letter: width for v in ended if (width := _energy_width(v)) is not None}),
    ]
    return [remark for remark in found if remark is not None]


def _capped(recorder: Recorder, what: str, widths: dict[str, float]) -> Remark | None:
    protocol = recorder.plan.protocol
    wide = {key: width for key, width in widths.items() if width > protocol.target}
    if not wide:
        return None
    who = " and ".join(filter(None, (", ".join(list(wide)[:-1]), list(wide)[-1])))
    ends = list(dict.fromkeys(_width(width, protocol.target) for width in (min(wide.values()), max(wide.values()))))
    text = (
        f"{who} stopped by the cap of {protocol.max_blocks} blocks: {what} {'interval' if len(wide) == 1 else 'intervals'} "
        f"{' to '.join(f'{end} %' for end in ends)} wide, more than the {protocol.target * 100:g} % aimed at."
    )
    return Remark(kind="warning", text=text, variant=next(iter(wide)) if len(wide) == 1 else "", code="cap")


def _latency_width(variant: VariantResult) -> float | None:
    p50 = variant.metrics.get("latency_p50")
    if p50 is None or p50.value is None or p50.low is None or p50.high is None:
        return None
    return (p50.high - p50.low) / p50.value


def _energy_width(variant: VariantResult) -> float | None:
    """The width that the stop rule looks at: the scatter over blocks alone; None where most blocks have no measured energy."""
    energy = variant.metrics.get("energy_per_inference")
    joules = [block.energy_j / block.calls for block in variant.blocks if block.energy_j is not None and block.calls]
    if energy is None or not energy.provenance.measured or 2 * len(joules) <= len(variant.blocks):
        return None
    return block_mean(joules).relative_width


def _width(share: float, target: float) -> str:
    """A width in per cent, with as many digits as show that it is more than the one aimed at: 5.2, not 5, where that is 5."""
    shown = (round(share * 100, decimals) for decimals in range(4))
    return next((f"{width:g}" for width in shown if width > target * 100), f"just over {target * 100:g}")
