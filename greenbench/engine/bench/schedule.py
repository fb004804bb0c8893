"""Which variant is timed when, in which process, and when it is enough."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from greenbench.core.run import Protocol


def round_order(variants: Sequence[str], number: int) -> list[str]:
    """The order in one round: forward, then backward, so that a drift hits all alike; every two rounds another variant
    starts, so that no variant always has the same neighbours: ABC, CBA, BCA, ACB …"""
    start = number // 2 % max(len(variants), 1)
    turned = [*variants[start:], *variants[:start]]
    return turned if number % 2 == 0 else turned[::-1]


def rounds_in_one_process(protocol: Protocol, start_s: float) -> int:
    """After how many rounds every variant gets a new process, when starting one takes `start_s`; 0: never.

    Where a model lies in memory is drawn by lot once for each process and moves its median for good, by 0.3 to 0.5 % for small graphs
    (Mytkowicz 2009, Producing Wrong Data Without Doing Anything Obviously Wrong; tests/speed/metrology_latency.py). With one
    process for each variant that passes for a difference: at 0.34 % equal models are called different 12 to 19 times in a hundred,
    with new ones for each round once or never. Starting shall not take longer than timing does, so costly starts are seldom.
    """
    if not protocol.restart_rounds:
        return 0
    return max(protocol.restart_rounds, math.ceil(start_s / protocol.block_s))


def is_settled(blocks: Sequence[np.ndarray], protocol: Protocol, energies_j: Sequence[float] = (), edges_j: Sequence[float] = ()) -> bool:
    """Whether the 95 % intervals are as narrow as the protocol asks: of the median latency (seconds, one array a block) and of J for one
    inference (one number a block). The latter joins scatter and `edges_j`, what the meter leaves open at the ends of each of these blocks:
    as it is printed but for the meter's gain, which no block mends and which cancels in every comparison.

    Where most blocks have no measured energy the rule is on latency alone; and where the edges alone are wider than what is asked for,
    which no number of blocks of that length mends.
    """
    if len(blocks) < protocol.min_blocks:
        return False
    from greenbench.analysis.edge_ratio import widths  # brings SciPy, which a bench child need not wait for
    from greenbench.analysis.intervals import block_quantile

    width = block_quantile(list(blocks), 0.5).relative_width
    if width is None or width > protocol.target:
        return False
    if 2 * len(energies_j) <= len(blocks):
        return True
    width, edges = widths(energies_j, edges_j)
    return edges > protocol.target or (width is not None and width <= protocol.target)


def still_needed(
    latencies: Mapping[str, Sequence[np.ndarray]],
    protocol: Protocol,
    energies_j: Mapping[str, Sequence[float]] | None = None,
    edges_j: Mapping[str, Sequence[float]] | None = None,
) -> list[str]:
    """The variants that need another block, with the baseline (the first) as long as any does: differences are paired by round."""
    rounds = max((len(blocks) for blocks in latencies.values()), default=0)
    if rounds >= protocol.max_blocks:
        return []
    known, edges = energies_j or {}, edges_j or {}
    open_ones = [v for v, blocks in latencies.items() if not is_settled(blocks, protocol, known.get(v, ()), edges.get(v, ()))]
    if not open_ones:
        return []
    baseline = next(iter(latencies))
    return [variant for variant in latencies if variant == baseline or variant in open_ones]


class WarmUp:
    """Decides when latency has stopped falling, from chunk to chunk.

    Flat: the medians of the last `SPAN` chunks show no trend beyond 1 % from the first half of them to the second.
    """

    SPAN = 6
    TOLERANCE = 0.01

    def __init__(self) -> None:
        self.medians: list[float] = []

    def add(self, latencies_s: Sequence[float]) -> None:
        self.medians.append(float(np.median(latencies_s)))

    @property
    def flat(self) -> bool:
        if len(self.medians) < self.SPAN:
            return False
        recent = np.array(self.medians[-self.SPAN :])
        early, late = np.median(recent[: self.SPAN // 2]), np.median(recent[self.SPAN // 2 :])
        return bool(late >= early * (1 - self.TOLERANCE))
