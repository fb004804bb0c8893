"""How long a whole run still takes, from what its nodes took the last time; of a benchmark from its protocol. No Qt."""

from collections.abc import Mapping
from dataclasses import dataclass

from greenbench.core.run import NodeState, Plan, PlannedNode, Protocol, RunResult

# How far the Benchmark step says it is (greenbench.engine.bench.step): its parts have little to do with how long they take.
_LOADING, _WARMING, _ROUNDS_END = 0.12, 0.15, 0.9


@dataclass(frozen=True)
class Schedule:
    """What a benchmark of so many variants does under its protocol, at most: it may need fewer rounds."""

    protocol: Protocol
    variants: int

    @property
    def round_s(self) -> float:
        """A block of each variant. Starting new processes and warming them up takes no longer than timing does."""
        return self.variants * self.protocol.block_s * (2 if self.protocol.restart_rounds else 1)

    def left(self, fraction: float, warmed: int = 0) -> float:
        """Seconds at most, where the step says `fraction` and has begun to warm up `warmed` variants."""
        idle_s, rounds_s = self.protocol.idle_s, self.protocol.max_blocks * self.round_s
        if fraction < _LOADING:
            return 2 * idle_s + self.variants * self.protocol.warm_up_s + rounds_s
        if fraction <= _WARMING:
            return idle_s + (self.variants - max(warmed - 1, 0)) * self.protocol.warm_up_s + rounds_s
        return idle_s + rounds_s * max(_ROUNDS_END - fraction, 0.0) / (_ROUNDS_END - _WARMING) if fraction < 1 else 0.0


class TimeLeft:
    """`learn` takes the results of earlier runs, the newest last; `begin` the plan of the new one, `hear` what its nodes say. A node
    nobody has seen yet makes the answer unknown: a guess would be worse than none. A benchmark's protocol says what it takes at most;
    where it was seen before, the parts of the protocol share the time that it took."""

    def __init__(self) -> None:
        self._took: dict[str, tuple[str, float]] = {}  # digest and seconds, by node
        self._expected: dict[str, float | None] = {}
        self._schedules: dict[str, Schedule] = {}
        self._warmed: dict[str, set[str]] = {}

    def learn(self, result: RunResult) -> None:
        """Remembers what each node took when it was computed."""
        for node in result.nodes:
            known = node.node in self._took
            if node.seconds is not None and (node.state is NodeState.DONE or (node.state is NodeState.CACHED and not known)):
                self._took[node.node] = (node.digest, node.seconds)

    def begin(self, plan: Plan) -> None:
        """What each node of the plan will take; one that has not changed comes from the cache, unless it measures."""
        self._expected, self._schedules, self._warmed = {}, {}, {}
        for node in plan.nodes:
            digest, seconds = self._took.get(node.id, ("", None))
            unchanged = digest == node.digest and node.cacheable
            self._expected[node.id] = 0.0 if unchanged else seconds
            if node.step == "benchmark":
                schedule = Schedule(plan.protocol, _variants(node))
                self._schedules[node.id] = schedule
                # Another protocol or other variants than last time: what it took then says nothing.
                self._expected[node.id] = seconds if digest == node.digest else None

    def hear(self, node: str, text: str) -> None:
        """What a node says that it is doing."""
        if node in self._schedules and text.startswith("warming up"):
            self._warmed.setdefault(node, set()).add(text)

    def of_node(self, node: str, fraction: float, said_s: float | None) -> float | None:
        """Seconds until a node's end: of a benchmark by its protocol, else what it says of itself."""
        schedule = self._schedules.get(node)
        if schedule is None:
            return said_s
        left_s, expected_s = schedule.left(fraction, len(self._warmed.get(node, ()))), self._expected.get(node)
        return left_s if expected_s is None else left_s * expected_s / schedule.left(0.0)

    def at_most(self, fractions: Mapping[str, float]) -> bool:
        """Whether a benchmark that was not seen before is still to come or under way: it may end earlier."""
        return any(self._expected[node] is None and fractions.get(node, 0.0) < 1.0 for node in self._schedules)

    def left(self, fractions: Mapping[str, float], current: str, remaining_s: float | None) -> float | None:
        """Seconds until the end: `fractions` says how far each node is, `remaining_s` what the current one says of itself."""
        total = 0.0
        for node, expected in self._expected.items():
            done = fractions.get(node, 0.0)
            if done >= 1.0:
                continue
            said_s = self.of_node(node, done, remaining_s if node == current else None)
            if said_s is not None:
                total += said_s
            elif expected is None:
                return None
            else:
                total += expected * (1.0 - done)
        return total


def _variants(node: PlannedNode) -> int:
    return max(len(node.inputs.get("models", ())), 1)
