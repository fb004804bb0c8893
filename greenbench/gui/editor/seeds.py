"""A node that a claim has repeated over seeds runs as several planned nodes; on the canvas it is one. No Qt.

planned   train   train@1   train@2        what is shown of "train": one state, "seed 2 of 3", the joules of all three
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import NodeState, Plan

if TYPE_CHECKING:
    from greenbench.gui.editor.status import NodeStatus

_WORST_FIRST = (NodeState.FAILED, NodeState.CANCELLED, NodeState.SKIPPED)


class Seeds:
    """Which planned nodes belong to which node of the pipeline."""

    def __init__(self, plan: Plan | None = None) -> None:
        self._base = {node.id: node.of or node.id for node in plan.nodes} if plan else {}
        self._runs: dict[str, list[str]] = {}
        for id, base in self._base.items():
            self._runs.setdefault(base, []).append(id)

    def base(self, id: str) -> str:
        """The node of the pipeline behind a planned one."""
        return self._base.get(id, id)

    def runs(self, base: str) -> list[str]:
        """The planned nodes of a node, in the order of their seeds."""
        return self._runs.get(base, [base])


def joined(several: "Sequence[NodeStatus]") -> "NodeStatus":
    """One status for a node and its repetitions: results and facts are those of the first seed, time and joules of all."""
    first = several[0]
    if len(several) == 1:
        return first
    count = len(several)
    over = sum(status.finished for status in several)
    broken = next((status for state in _WORST_FIRST for status in several if status.state is state), None)
    running = next((number for number, status in enumerate(several) if status.state is NodeState.RUNNING), None)
    fraction = sum(status.fraction for status in several) / count
    whole = replace(
        first, fraction=fraction, remaining_s=None, seeds=count,
        seconds=_sum([status.seconds for status in several if status.finished]),
        energy=_energy([status.energy for status in several if status.finished]),
        log=tuple(line for status in several for line in status.log),
    )  # fmt: skip
    if running is not None:
        return replace(whole, state=NodeState.RUNNING, text=f"seed {running + 1} of {count}")
    if broken is not None:
        return replace(whole, state=broken.state, failure=broken.failure, headline="")
    if over == count:
        cached = all(status.state is NodeState.CACHED for status in several)
        return replace(whole, state=NodeState.CACHED if cached else NodeState.DONE, text="")
    return replace(whole, state=NodeState.WAITING, text=f"{over} of {count} seeds done" if over else "")


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _energy(costs: "Sequence[Measurement | None]") -> Measurement | None:
    """The joules of all seeds together; no reading where one of them has none, and none yet while one is still on its way."""
    known = [cost for cost in costs if cost is not None]
    if not known or len(known) < len(costs):
        return None
    blind = next((cost for cost in known if cost.value is None), None)
    if blind is not None:
        return blind
    ends = [[getattr(cost, end) for cost in known] for end in ("low", "high")]
    low, high = (sum(end) if None not in end else None for end in ends)
    total = sum(cost.value for cost in known if cost.value is not None)
    provenance = Provenance.least([cost.provenance for cost in known])
    return known[0].model_copy(update={"value": total, "low": low, "high": high, "provenance": provenance})
