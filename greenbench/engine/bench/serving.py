"""The Server scenario: queries that arrive at random times, each answered in turn; its time runs from arrival to answer.

Arrivals are Poisson, as MLPerf's are (Reddi 2020, MLPerf Inference, section III-C): what comes while another query is answered waits,
and that waiting is part of its latency. The process sleeps until the next arrival, and its waking is part of it too, as in any server.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from greenbench.core.clock import now_ns

BOUND_SHARE = 0.99
"""The share of queries that must be answered within the bound."""
_FEWEST = 3
_PROBES = 7
# A search begins at what the model could answer back to back: there no queue is ever empty, and nothing faster can hold.
_SPARE = 1.5


@dataclass(frozen=True)
class Answered:
    """One stretch of serving: when it began and ended, each query's time from arrival to answer, and when each was answered, in ns."""

    t0_ns: int
    t1_ns: int
    durations_ns: list[int]
    ends_ns: list[int]


def arrivals_ns(rate: float, seconds: float, seed: int) -> list[int]:
    """When queries arrive, in ns from the start: Poisson at `rate` a second. At least three, so that there is something to time."""
    random = np.random.default_rng(seed)
    expected = rate * seconds
    gaps = random.exponential(1.0 / rate, size=int(expected + 6 * expected**0.5) + 16)
    times = np.cumsum(gaps)
    count = max(int(np.searchsorted(times, seconds)), _FEWEST)
    return [int(t) for t in times[:count] * 1e9]


def serve(
    run: Callable[[], object],
    arrivals: list[int],
    limit_s: float,
    clock: Callable[[], int] = now_ns,
    wait: Callable[[float], None] = time.sleep,
) -> Answered:
    """Answers queries in the order of their arrival. After `limit_s` those still waiting are broken off: each counts with the time it has
    waited, which is longer than any bound that could be met."""
    started = clock()
    deadline = started + int(limit_s * 1e9)
    durations: list[int] = []
    ends: list[int] = []
    for arrival in arrivals:
        due = started + arrival
        while (early := due - clock()) > 0:
            wait(early / 1e9)
        if clock() < deadline:
            run()
        end = max(clock(), due)
        durations.append(end - due)
        ends.append(end)
    return Answered(started, max(ends, default=started), durations, ends)


def holds(durations_s: np.ndarray, bound_s: float) -> bool:
    """Whether 99 % of these queries were answered within the bound."""
    return bool(np.mean(durations_s <= bound_s) >= BOUND_SHARE)


def highest_rate(probe: Callable[[float], np.ndarray], service_s: float, bound_s: float) -> tuple[float | None, float | None]:
    """The highest rate tried, in queries a second, at which 99 % are answered within the bound, None where not even the slowest holds; and
    the lowest tried at which they are not, None where all hold. The rate that a model can just bear lies between them.

    `probe` serves at a rate and returns each query's time; `service_s` is the time of one answer. Halving on the logarithm of the rate.
    """
    most = _SPARE / service_s
    low, high = most / 100, most
    best: float | None = None
    broken: float | None = None
    for _ in range(_PROBES):
        rate = float((low * high) ** 0.5)
        if holds(probe(rate), bound_s):
            best, low = rate, rate
        else:
            broken = high = rate
    return best, broken
