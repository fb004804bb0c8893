"""What a reader of the results must know about how they were measured."""

from collections import Counter

from greenbench.analysis.edge_ratio import widths
from greenbench.core.measurement import WindowKind
from greenbench.core.run import Remark, RunState, VariantResult
from greenbench.engine.recorder import Recorder
from greenbench.engine.results.pairs import FEWEST_PROCESSES


def protocol_remarks(recorder: Recorder, variants: list[VariantResult]) -> list[Remark]:
    """Where the protocol was not kept, and what failed."""
    found = [*_stopped_by_cap(recorder, variants), *_short_blocks(recorder, variants)]
    found += _few_processes(recorder, variants)
    failed = [variant for variant in variants if variant.failure]
    found += [Remark(kind="warning", text=f"{v.letter} failed: {v.failure.message}", variant=v.letter) for v in failed if v.failure]
    if recorder.state in (RunState.LOST, RunState.CANCELLED):
        found.append(Remark(kind="deviation", text=f"The run was {recorder.state.value} before its end; what was measured is shown."))
    return found


def _few_processes(recorder: Recorder, variants: list[VariantResult]) -> list[Remark]:
    """Where starting a model takes too long to do it between rounds, its place in memory stays what it was by chance."""
    timed = {(w.node, w.variant, w.process) for w in recorder.windows if w.kind is WindowKind.BLOCK}
    counts = Counter(key[:2] for key in timed)
    few = {model: many for model, many in counts.items() if many < FEWEST_PROCESSES}
    if len(variants) < 2 or not recorder.plan.protocol.restart_rounds or not few:
        return []
    if len(set(counts.values())) == 1:
        who, it = f"Each model ran in {_processes(*set(counts.values()))}", "it happens"
    else:
        shown = _letters(recorder, variants)
        of = {many: [shown.get(model, model[1]) for model in sorted(few) if few[model] == many] for many in sorted(set(few.values()))}
        who = " and ".join(f"{_listed(letters)} ran in {_processes(many)}" for many, letters in of.items())
        it = "they happen" if len(few) > 1 else "it happens"
    text = f"{who}: where {it} to lie in memory may account for differences of up to about 1 %."
    return [Remark(kind="limit", text=text, code="process")]


def _letters(recorder: Recorder, variants: list[VariantResult]) -> dict[tuple[str, str], str]:
    """The letters in the run of what each benchmark calls A, B …"""
    found = {}
    for node in dict.fromkeys(v.benchmark for v in variants):
        own = sorted({key for at, key in (*recorder.ready, *recorder.failed) if at == node}, key=lambda k: (len(k), k))
        found.update({(node, key): v.letter for key, v in zip(own, [v for v in variants if v.benchmark == node], strict=False)})
    return found


def _processes(many: int) -> str:
    return {1: "one process", 2: "two processes"}.get(many, f"{many} processes")


def _listed(letters: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(letters[:-1]), letters[-1])))


def _stopped_by_cap(recorder: Recorder, variants: list[VariantResult]) -> list[Remark]:
    """One remark on latency and one on energy, each for all variants whose interval was still wider than aimed at when the blocks ended."""
    cap = recorder.plan.protocol.max_blocks
    ended = [variant for variant in variants if len(variant.blocks) >= cap]
    target = recorder.plan.protocol.target
    energies = {v.letter: both for v in ended if (both := _energy_widths(v)) is not None}
    found = [
        _capped(recorder, "latency", {v.letter: width for v in ended if (width := _latency_width(v)) is not None}),
        _capped(recorder, "energy", {key: width for key, (width, edges) in energies.items() if width is not None and edges <= target}),
    ]
    return [remark for remark in found if remark is not None]


def _capped(recorder: Recorder, what: str, widths: dict[str, float]) -> Remark | None:
    protocol = recorder.plan.protocol
    wide = {key: width for key, width in widths.items() if width > protocol.target}
    if not wide:
        return None
    text = (
        f"{_listed(list(wide))} stopped by the cap of {protocol.max_blocks} blocks: {what} {'interval' if len(wide) == 1 else 'intervals'} "
        f"{_ends(wide, protocol.target)} wide, more than the {protocol.target * 100:g} % aimed at."
    )
    return Remark(kind="warning", text=text, variant=next(iter(wide)) if len(wide) == 1 else "", code="cap")


def _short_blocks(recorder: Recorder, variants: list[VariantResult]) -> list[Remark]:
    """Where the meter's edges alone leave more open of the energy than was aimed at, for which no further block was timed."""
    protocol = recorder.plan.protocol
    known = {v.letter: both[1] for v in variants if (both := _energy_widths(v)) is not None}
    wide = {key: edges for key, edges in known.items() if edges > protocol.target}
    if not wide:
        return []
    text = (
        f"Blocks of {protocol.block_s:g} s are short for this meter: what it leaves open at their ends alone makes the energy "
        f"{'interval' if len(wide) == 1 else 'intervals'} of {_listed(list(wide))} at least {_ends(wide, protocol.target)} wide, more than "
        f"the {protocol.target * 100:g} % aimed at. More blocks do not mend that, longer ones do."
    )
    return [Remark(kind="warning", text=text, variant=next(iter(wide)) if len(wide) == 1 else "", code="edges")]


def _ends(wide: dict[str, float], target: float) -> str:
    """ "12 %", "12 % to 30 %"."""
    ends = dict.fromkeys(_width(width, target) for width in (min(wide.values()), max(wide.values())))
    return " to ".join(f"{end} %" for end in ends)


def _latency_width(variant: VariantResult) -> float | None:
    p50 = variant.metrics.get("latency_p50")
    if p50 is None or p50.value is None or p50.low is None or p50.high is None:
        return None
    return (p50.high - p50.low) / p50.value


def _energy_widths(variant: VariantResult) -> tuple[float | None, float] | None:
    """The widths that the stop rule looks at: of scatter and the meter's edges, and of the edges alone; None where most blocks have no
    measured energy."""
    energy = variant.metrics.get("energy_per_inference")
    read = [block for block in variant.blocks if block.energy_j is not None and block.calls]
    if energy is None or not energy.provenance.measured or 2 * len(read) <= len(variant.blocks):
        return None
    return widths([(b.energy_j or 0.0) / b.calls for b in read], [(b.edge_j or 0.0) / b.calls for b in read])


def _width(share: float, target: float) -> str:
    """A width in per cent, with as many digits as show that it is more than the one aimed at: 5.2, not 5, where that is 5."""
    shown = (round(share * 100, decimals) for decimals in range(4))
    return next((f"{width:g}" for width in shown if width > target * 100), f"just over {target * 100:g}")
