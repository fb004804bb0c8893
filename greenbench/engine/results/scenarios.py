"""How a variant stood its scenario: the verdict on the bound of the Server scenario, and the batch that Offline chose."""

from collections.abc import Sequence

import numpy as np

from greenbench.analysis.percentiles import percentile
from greenbench.core.measurement import WindowKind
from greenbench.core.quote import count, significant
from greenbench.core.run import PlannedNode, Scenario, Served
from greenbench.engine.recorder import Recorder

_Q = 0.99


def scenario(node: PlannedNode) -> Scenario:
    """The scenario of a benchmark; plans from before there were several have the first."""
    return Scenario(node.params.get("scenario", Scenario.SINGLE_STREAM))


def throughputs(recorder: Recorder, node: PlannedNode, letter: str) -> dict[int, float]:
    """Calls a second in each block of a variant: over the time in them, or where they wait in a queue over the time that passed."""
    latencies = recorder.latencies_of(node.id, letter)
    if scenario(node) is not Scenario.SERVER:
        return {index: len(calls) / sum(calls) for index, calls in latencies.items()}
    windows = {window.block: window for window in recorder.windows_by(WindowKind.BLOCK, node.id).get(letter, [])}
    return {index: len(calls) / windows[index].seconds for index, calls in latencies.items()}


def served(node: PlannedNode, blocks: Sequence[np.ndarray], highest_rate: float | None) -> Served | None:
    """The verdict on the queries of all blocks, each block's times in seconds; None in other scenarios, and without a query."""
    if scenario(node) is not Scenario.SERVER or not any(block.size for block in blocks):
        return None
    rate, bound_s = float(node.params["rate"]), float(node.params["bound_s"])
    found = percentile(blocks, _Q)
    calls = np.concatenate(list(blocks))
    late = int((calls > bound_s).sum())
    valid = None
    if found.low_s is not None and found.low_s > bound_s:
        valid = False
    elif (found.supported and found.value_s <= bound_s) or (found.high_s is not None and found.high_s <= bound_s):
        valid = True
    elif found.supported:
        valid = False
    told = Served(
        rate=rate, bound_s=bound_s, queries=calls.size, late=late, valid=valid, p99_s=found.value_s,
        low_s=found.low_s, high_s=found.high_s, highest_rate=highest_rate,
    )  # fmt: skip
    return told.model_copy(update={"text": _words(told)})


def _words(s: Served) -> str:
    verdict = {True: "valid", False: "not valid", None: "cannot tell yet"}[s.valid]
    text = f"{verdict}: {count(s.late)} of {count(s.queries)} were late"
    if s.highest_rate is None:
        return text
    if s.highest_rate == 0:
        return f"{text}; no rate that was tried keeps it"
    return f"{text}; it bears up to about {significant(s.highest_rate, 2)} a second"
