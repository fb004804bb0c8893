"""How long a whole run still takes, from what its nodes took the last time. No Qt."""

from collections.abc import Mapping

from greenbench.core.run import NodeState, Plan, RunResult


class TimeLeft:
    """`learn` takes the results of earlier runs, the newest last; `begin` the plan of the new one. A node nobody has seen yet
    makes the answer unknown: a guess would be worse than none."""

    def __init__(self) -> None:
        self._took: dict[str, tuple[str, float]] = {}  # digest and seconds, by node
        self._expected: dict[str, float | None] = {}

    def learn(self, result: RunResult) -> None:
        """Remembers what each node took when it was computed."""
        for node in result.nodes:
            known = node.node in self._took
            if node.seconds is not None and (node.state is NodeState.DONE or (node.state is NodeState.CACHED and not known)):
                self._took[node.node] = (node.digest, node.seconds)

    def begin(self, plan: Plan) -> None:
        """What each node of the plan will take; one that has not changed comes from the cache, unless it measures."""
        self._expected = {}
        for node in plan.nodes:
            digest, seconds = self._took.get(node.id, ("", None))
            unchanged = digest == node.digest and node.cacheable
            self._expected[node.id] = 0.0 if unchanged else seconds

    def left(self, fractions: Mapping[str, float], current: str, remaining_s: float | None) -> float | None:
        """Seconds until the end: `fractions` says how far each node is, `remaining_s` what the current one says of itself."""
        total = 0.0
        for node, expected in self._expected.items():
            done = fractions.get(node, 0.0)
            if done >= 1.0:
                continue
            if node == current and remaining_s is not None:
                total += remaining_s
            elif expected is None:
                return None
            else:
                total += expected * (1.0 - done)
        return total
