"""Which variant is timed when, and when it is enough."""

from collections.abc import Sequence

import numpy as np

from greenbench.core.run import Protocol


def round_order(variants: Sequence[str], number: int) -> list[str]:
    """The order in one round: forward, then backward, so that a drift hits all alike; every two rounds another variant
    starts, so that no variant always has the same neighbours: ABC, CBA, BCA, ACB …"""
    start = number // 2 % max(len(variants), 1)
    turned = [*variants[start:], *variants[:start]]
    return turned if number % 2 == 0 else turned[::-1]


def is_settled(blocks: Sequence[np.ndarray], protocol: Protocol) -> bool:
    """Whether the 95 % interval of the median latency is as narrow as the protocol asks (latencies in seconds, one array a block)."""
    if len(blocks) < protocol.min_blocks:
        return False
    from greenbench.analysis.intervals import block_quantile  # brings SciPy, which a bench child need not wait for

    width = block_quantile(list(blocks), 0.5).relative_width
    return width is not None and width <= protocol.target


def still_needed(latencies: dict[str, list[np.ndarray]], protocol: Protocol) -> list[str]:
    """The variants that need another block, with the baseline (the first) as long as any does: differences are paired by round."""
    rounds = max((len(blocks) for blocks in latencies.values()), default=0)
    if rounds >= protocol.max_blocks:
        return []
    open_ones = [variant for variant, blocks in latencies.items() if not is_settled(blocks, protocol)]
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
