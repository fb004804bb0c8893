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
    width, _ = widths(energies_j, edges_j)
    return _is_all_edge(energies_j, edges_j, protocol) or (width is not None and width <= protocol.target)


def _is_all_edge(energies_j: Sequence[float], edges_j: Sequence[float], protocol: Protocol) -> bool:
    """Whether what the meter leaves open at the ends of blocks is alone wider than what is asked for."""
    from greenbench.analysis.edge_ratio import widths

    return widths(energies_j, edges_j)[1] > protocol.target


def is_in_doubt(variant: Sequence[float], baseline: Sequence[float], protocol: Protocol) -> bool:
    """Whether more rounds could change what is said of a variant against the baseline; one number for each round of each, from the first.

    The interval of their ratio is to be as narrow as the protocol asks of each, unless all of it is further from no change than it is
    wide: such a difference is found, and knowing it closer is not worth the time. Rounds end on how narrow an interval is, not on what
    it says; that would find differences that are none.
    """
    from greenbench.analysis.intervals import paired_ratio

    count = min(len(variant), len(baseline))
    if count < 2 or min(*variant[:count], *baseline[:count]) <= 0:
        return False
    low, high = paired_ratio(variant[:count], baseline[:count]).ends
    return high - low > protocol.target and max(low - 1, 1 - high) < high - low


def still_needed(
    latencies: Mapping[str, Sequence[np.ndarray]],
    protocol: Protocol,
    energies_j: Mapping[str, Sequence[float]] | None = None,
    edges_j: Mapping[str, Sequence[float]] | None = None,
) -> list[str]:
    """The variants that need another block, with the baseline (the first) as long as any does: differences are paired by round.

    A variant needs more until its own numbers are narrow enough (`is_settled`), and so is its difference from the baseline
    (`is_in_doubt`): two medians that are known within a per cent can be equal or a per cent apart. Energies are compared where the
    meter has read every block of both.
    """
    if max((len(blocks) for blocks in latencies.values()), default=protocol.max_blocks) >= protocol.max_blocks:
        return []
    joules, edges = energies_j or {}, edges_j or {}
    baseline = next(iter(latencies))
    medians = {variant: [float(np.median(block)) for block in blocks] for variant, blocks in latencies.items()}

    def is_read(variant: str) -> bool:
        known = joules.get(variant, ())
        return len(known) == len(medians[variant]) and not _is_all_edge(known, edges.get(variant, ()), protocol)

    def is_open(variant: str) -> bool:
        if not is_settled(latencies[variant], protocol, joules.get(variant, ()), edges.get(variant, ())):
            return True
        if variant == baseline:
            return False
        if is_in_doubt(medians[variant], medians[baseline], protocol):
            return True
        return is_read(variant) and is_read(baseline) and is_in_doubt(joules[variant], joules[baseline], protocol)

    open_ones = [variant for variant in latencies if is_open(variant)]
    return [variant for variant in latencies if open_ones and (variant == baseline or variant in open_ones)]


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
