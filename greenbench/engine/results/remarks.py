"""What a reader of the results must know about how they were measured."""

from greenbench.core.run import Remark, RunState, VariantResult
from greenbench.engine.recorder import Recorder


def protocol_remarks(recorder: Recorder, variants: list[VariantResult]) -> list[Remark]:
    """Where the protocol was not kept, and what failed."""
    found = _stopped_by_cap(recorder, variants)
    failed = [variant for variant in variants if variant.failure]
    found += [Remark(kind="warning", text=f"{v.letter} failed: {v.failure.message}", variant=v.letter) for v in failed if v.failure]
    if recorder.environment.on_battery:
        found.append(Remark(kind="warning", text="The machine ran on battery, which may slow the processor."))
    if recorder.state in (RunState.LOST, RunState.CANCELLED):
        found.append(Remark(kind="deviation", text=f"The run was {recorder.state.value} before its end; what was measured is shown."))
    return found


def _stopped_by_cap(recorder: Recorder, variants: list[VariantResult]) -> list[Remark]:
    """One remark for all variants whose interval was still wider than aimed at when the blocks ended."""
    protocol = recorder.plan.protocol
    widths: dict[str, float] = {}
    for variant in variants:
        p50 = variant.metrics.get("latency_p50")
        if len(variant.blocks) < protocol.max_blocks or p50 is None or p50.value is None or p50.low is None or p50.high is None:
            continue
        if (width := (p50.high - p50.low) / p50.value) > protocol.target:
            widths[variant.letter] = width
    if not widths:
        return []
    who = " and ".join(filter(None, (", ".join(list(widths)[:-1]), list(widths)[-1])))
    ends = list(dict.fromkeys(_width(width, protocol.target) for width in (min(widths.values()), max(widths.values()))))
    text = (
        f"{who} stopped by the cap of {protocol.max_blocks} blocks: latency {'interval' if len(widths) == 1 else 'intervals'} "
        f"{' to '.join(f'{end} %' for end in ends)} wide, more than the {protocol.target * 100:g} % aimed at."
    )
    return [Remark(kind="warning", text=text, variant=next(iter(widths)) if len(widths) == 1 else "")]


def _width(share: float, target: float) -> str:
    """A width in per cent, with as many digits as show that it is more than the one aimed at: 5.2, not 5, where that is 5."""
    shown = (round(share * 100, decimals) for decimals in range(4))
    return next((f"{width:g}" for width in shown if width > target * 100), f"just over {target * 100:g}")
