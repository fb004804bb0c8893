"""The numbers of two variants, paired as they were measured: by round, or by process where one process ran several rounds.

Where a model's weights and buffers happen to lie in memory belongs to its process, for all its life, and moves its median by some tenths
of a per cent (tests/speed/metrology_latency.py measures it). Rounds of one process share that, so they are one observation of it: a pair
is then the mean over the rounds of one pair of processes.
"""

import numpy as np

from greenbench.analysis.intervals import quantiles, same_rounds
from greenbench.core.measurement import WindowKind
from greenbench.engine.recorder import Recorder
from greenbench.engine.results.scenarios import throughputs

# Student's t over fewer would be so wide that nothing could be told; then rounds are paired, and a remark says so.
FEWEST_PROCESSES = 3

Paired = tuple[list[float], list[float]]


class Pairs:
    """Pairs of one benchmark's variants."""

    def __init__(self, recorder: Recorder, node: str) -> None:
        self._recorder, self._node = recorder, node
        blocks = recorder.windows_by(WindowKind.BLOCK, node)
        self._process = {(letter, window.block): window.process for letter, windows in blocks.items() for window in windows}

    def timed(self, key: str, mine: str, other: str) -> Paired:
        """Pairs in a metric of latency or throughput."""
        return self.of(self._by_round(key, mine), self._by_round(key, other), mine, other)

    def of(self, mine: dict[int, float], other: dict[int, float], letter: str, baseline: str) -> Paired:
        """Pairs of two variants' numbers, one for each round of each."""
        rounds = sorted(mine.keys() & other.keys())
        pairs = [(self._process.get((letter, r), 0), self._process.get((baseline, r), 0)) for r in rounds]
        kinds = list(dict.fromkeys(pairs))
        if not FEWEST_PROCESSES <= len(kinds) < len(rounds):
            return same_rounds(mine, other)
        groups = [[r for r, pair in zip(rounds, pairs, strict=True) if pair == kind] for kind in kinds]
        return [_mean([mine[r] for r in group]) for group in groups], [_mean([other[r] for r in group]) for group in groups]

    def _by_round(self, key: str, letter: str) -> dict[int, float]:
        """One number for each block of a variant."""
        if key == "throughput":
            return throughputs(self._recorder, self._recorder.plan.node(self._node), letter)
        blocks = self._recorder.latencies_of(self._node, letter)
        found = quantiles(list(blocks.values()), {"latency_p50": 0.5, "latency_p95": 0.95}[key])
        return dict(zip(blocks, found.tolist(), strict=True))


def _mean(values: list[float]) -> float:
    """Geometric as far as there are logarithms, as everywhere where ratios are taken."""
    found = np.array(values)
    return float(np.exp(np.log(found).mean())) if np.all(found > 0) else float(found.mean())
