"""The results of a run that has none of its own: put together from what was recorded before it broke off.

Blocks and their calls are facts; the joined numbers (energy, intervals, comparisons) are there only for variants that
were saved. Nothing is made up for the rest.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenbench.core import run
from greenbench.core.measurement import Measurement, SourceReport, Window
from greenbench.core.run import Block, Environment, NodeResult, NodeState, Plan, RunResult, RunState, Source, VariantResult, letter

_NOTES = {
    RunState.LOST: "The run broke off before its end; what was recorded until then is shown.",
    RunState.CANCELLED: "The run was stopped before its end; what was recorded until then is shown.",
    RunState.RUNNING: "The run is under way; what has been recorded so far is shown.",
}


@dataclass(frozen=True)
class Remains:
    """What the store holds of such a run. `blocks` are the timed windows with the durations of their calls in seconds."""

    run_id: str
    state: RunState
    started: str
    started_ns: int
    last_sample_ns: int | None
    plan: Plan
    environment: Environment
    sources: tuple[SourceReport, ...]
    nodes: tuple[NodeResult, ...]
    variants: tuple[VariantResult, ...]
    windows: tuple[Window, ...]
    blocks: tuple[tuple[Window, NDArray[np.float64]], ...]


def assemble(remains: Remains) -> RunResult:
    """The results of a run from its remains."""
    plan = remains.plan
    order = {node.id: index for index, node in enumerate(plan.nodes)}
    ends = [window.t1_ns for window in remains.windows] + [remains.last_sample_ns or remains.started_ns]
    note = _NOTES.get(remains.state)
    return RunResult(
        run_id=remains.run_id,
        title=plan.title,
        description=plan.description,
        state=remains.state,
        started=remains.started,
        seconds=max(max(ends) - remains.started_ns, 0) / 1e9,
        plan=plan,
        environment=remains.environment,
        sources=remains.sources,
        variants=_variants(remains),
        nodes=tuple(sorted(remains.nodes, key=lambda node: order.get(node.node, len(order)))),
        warnings=(run.Remark(kind="deviation", text=note),) if note else (),
    )


def _variants(remains: Remains) -> tuple[VariantResult, ...]:
    """The saved variants, and those that were timed but not saved, benchmark by benchmark in the plan's order."""
    timed: dict[str, dict[str, list[tuple[Window, NDArray[np.float64]]]]] = defaultdict(lambda: defaultdict(list))
    for window, latencies in remains.blocks:
        if window.variant:
            timed[window.node][window.variant].append((window, latencies))
    saved = {variant.benchmark for variant in remains.variants}
    found: list[VariantResult] = []
    offset = 0
    for benchmark in [node.id for node in remains.plan.nodes if node.id in timed or node.id in saved]:
        mine = [variant for variant in remains.variants if variant.benchmark == benchmark]
        known = {variant.letter for variant in mine}
        places = {_place(key): blocks for key, blocks in timed.get(benchmark, {}).items()}
        for place, blocks in places.items():
            if letter(offset + place) not in known:
                mine.append(_from_blocks(remains.plan, benchmark, place, letter(offset + place), blocks))
        found += mine
        offset += max(len(_models(remains.plan, benchmark)), *(place + 1 for place in places), 0)
    return tuple(sorted(found, key=lambda variant: _place(variant.letter)))


def _models(plan: Plan, benchmark: str) -> tuple[Source, ...]:
    return plan.node(benchmark).inputs.get("models", ())


def _place(key: str) -> int:
    """The inverse of `letter`: A is 0, Z 25, AA 26."""
    place = 0
    for character in key:
        place = place * 26 + ord(character) - ord("A") + 1
    return place - 1


def _from_blocks(plan: Plan, benchmark: str, place: int, key: str, blocks: list[tuple[Window, NDArray[np.float64]]]) -> VariantResult:
    sources = _models(plan, benchmark)
    source = sources[place].node if place < len(sources) else ""
    calls = np.concatenate([latencies for _, latencies in blocks])
    median = Measurement(value=float(np.median(calls)), n=len(blocks), unit="s")
    return VariantResult(
        letter=key,
        node=source,
        name=plan.node(source).title if source else f"Variant {key}",
        lineage=plan.lineage(source) if source else (),
        state=NodeState.DONE if len(blocks) >= plan.protocol.min_blocks else NodeState.CANCELLED,
        benchmark=benchmark,
        batch=blocks[0][0].batch,
        threads=plan.threads,
        metrics={"latency_p50": median},
        latency_quantiles_s=tuple(float(q) for q in np.quantile(calls, np.linspace(0, 1, 101))),
        blocks=tuple(
            Block(index=w.block, t0_ns=w.t0_ns, t1_ns=w.t1_ns, calls=w.calls, median_s=float(np.median(latencies)))
            for w, latencies in blocks
        ),
    )
