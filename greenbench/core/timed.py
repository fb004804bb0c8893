"""What timing a variant gave: its blocks with their conditions, its percentiles, how it stood its scenario."""

from collections.abc import Iterable
from enum import StrEnum

from greenbench.core.quote import significant
from greenbench.core.value import Value


class Conditions(Value):
    """The machine while a block was timed. None: it does not say.

    `load_own` and `load_others` are shares of one processor core's time (1.5: one core and a half), taken by the timed process and by
    all others; `gpu_throttle` is what held the graphics board back, in words.
    """

    temperature_start_c: float | None = None
    temperature_end_c: float | None = None
    clock_min_hz: float | None = None
    clock_mean_hz: float | None = None
    clock_max_hz: float | None = None
    load_own: float | None = None
    load_others: float | None = None
    on_battery: bool | None = None
    battery_percent: float | None = None
    gpu_temperature_c: float | None = None
    gpu_clock_min_hz: float | None = None
    gpu_clock_max_hz: float | None = None
    gpu_throttle: str = ""


class Block(Value):
    """One timed block of one variant. Energy is that of all counted channels of the better tier, gross; None: no reading.
    `edge_j` is what the meter's refresh leaves open of it at both ends (95 %), which no number of blocks mends; None: not kept."""

    index: int
    t0_ns: int
    t1_ns: int
    calls: int
    median_s: float
    energy_j: float | None = None
    edge_j: float | None = None
    conditions: Conditions | None = None


class TwoSpeeds(Value):
    """For a `share` of the time a variant's calls took `factor` times as long as they can."""

    share: float
    factor: float


class Scenario(StrEnum):
    """How queries reach a model (Reddi 2020, MLPerf Inference, section III-C)."""

    SINGLE_STREAM = "single-stream"
    OFFLINE = "offline"
    SERVER = "server"


class Percentile(Value):
    """The `q`-quantile (0 to 1) of a call's duration and its distribution-free 95 % interval, in seconds. `supported`: there are
    `needed` calls or more, so that MLPerf would let the number itself be stated, and its blocks agree on it."""

    q: float
    value_s: float
    low_s: float | None = None
    high_s: float | None = None
    n: int
    needed: int
    supported: bool

    @property
    def enough(self) -> bool:
        """Whether there are as many calls as MLPerf asks for."""
        return self.n >= self.needed

    def in_words(self, factor: float) -> str:
        """As a cell of a table, in the unit that `factor` gives: "1.42" where it may be stated, else "1.3 to 1.6", "over 1.3"."""
        if self.supported:
            return significant(self.value_s * factor, 3)
        low, high = (None if end is None else significant(end * factor, 3) for end in (self.low_s, self.high_s))
        if low is None:
            return "—" if high is None else f"under {high}"
        return f"over {low}" if high is None else low if low == high else f"{low} to {high}"


def call_words(batches: Iterable[int]) -> str:
    """What a latency is the time of, where a call has more than one example: "one call of 64 examples", "one call of 16 to 64 examples";
    "" where each has one."""
    sizes = sorted(set(batches))
    if not sizes or sizes == [1]:
        return ""
    return f"one call of {sizes[0]} examples" if len(sizes) == 1 else f"one call of {sizes[0]} to {sizes[-1]} examples"


PROBE_S = 3.0
"""How long a search for the highest rate tries each."""


class BatchTried(Value):
    """Examples a second at one batch size, in the warm-up of the Offline scenario."""

    batch: int
    throughput: float


class Served(Value):
    """How a variant stood queries that arrive at random times (Poisson) at `rate` a second: the Server scenario.

    `queries` were answered, `late` of them after `bound_s`, waiting included; with 99 % confidence the share of late ones is at least
    `late_low` and at most `late_high`. `valid`: it is at most 1 %; False: it is more; None: neither is shown. `highest_rate` is the
    highest rate tried that held, 0 if none did, `lowest_broken` the lowest that did not; None: not searched for, or there was none.
    """

    rate: float
    bound_s: float
    queries: int
    late: int
    valid: bool | None
    p99_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    late_low: float | None = None
    late_high: float | None = None
    highest_rate: float | None = None
    lowest_broken: float | None = None
    text: str = ""
