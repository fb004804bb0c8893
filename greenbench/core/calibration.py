"""What a wall meter says of this machine's counters: the fitted line between them, and how a sweep of loads is planned and told.

wall W │            ·─●        external = offset + gain × counters
       │       ·─●             offset: what no counter sees and does not change (board, fans, disks), W
       │   ●─·                 gain: what each watt of the counters costs at the wall (regulators, power supply)
       └───┴────┴────┴──▶ counters W
"""

from enum import StrEnum

from greenbench.core.value import Value


class Calibration(Value):
    """The line from counters to an external meter, with the errors of its two numbers.

    `covariance` is that of offset and gain (W), `degrees` what it rests on (load levels − 2), `residual_w` the root mean square by
    which the levels miss the line. It holds from `low_w` to `high_w` of the counters' sum, for the machine (`cpu`, `hostname`) and the
    channels (`counters`) it was made with. `recorded`: it was made from a recording, not on this machine.
    """

    external: str
    external_title: str
    counters: tuple[str, ...]
    counter_titles: tuple[str, ...] = ()
    offset_w: float
    offset_error_w: float
    gain: float
    gain_error: float
    covariance: float
    degrees: int
    n: int
    windows: int
    residual_w: float
    correlation: float
    low_w: float
    high_w: float
    date: str
    cpu: str = ""
    hostname: str = ""
    greenbench: str = ""
    recorded: bool = False

    def wall_w(self, counters_w: float) -> float:
        """Watts at the wall for so many watts of the counters."""
        return self.offset_w + self.gain * counters_w

    @property
    def equation(self) -> str:
        """ "wall = 12.4 W + 1.18 × counters"."""
        sign = "−" if self.offset_w < 0 else ""
        return f"wall = {sign}{abs(self.offset_w):.1f} W + {self.gain:.3f} × counters"


class LoadLevel(Value):
    """How busy the machine is made: a share (0 to 1) of each processor core's time, and of the GPU's."""

    cpu: float
    gpu: float = 0.0

    @property
    def words(self) -> str:
        if not self.cpu and not self.gpu:
            return "idle"
        parts = [f"{name} {share * 100:.0f} %" for name, share in (("processor", self.cpu), ("GPU", self.gpu)) if share]
        return ", ".join(parts)


class LoadWindow(Value):
    """Mean watts of both sides over one piece of one load level; `level` counts from 0."""

    level: int
    t0_ns: int
    t1_ns: int
    counters_w: float
    external_w: float


class SweepPlan(Value):
    """The loads in order, and how long each is held. The first `settle_s` of a level are not used: a plug averages over about 1 s."""

    levels: tuple[LoadLevel, ...]
    seconds: float
    settle_s: float
    window_s: float

    @property
    def total_s(self) -> float:
        return self.seconds * len(self.levels)


class Pace(StrEnum):
    """How long each load is held: a look, or as long as a slow plug needs."""

    QUICK = "quick"
    THOROUGH = "thorough"

    @property
    def seconds(self) -> float:
        return {"quick": 10.0, "thorough": 60.0}[self.value]


class SweepProgress(Value):
    """How far a sweep is: `fraction` 0 to 1 of the whole, the level being held, and the windows read since the last word."""

    fraction: float
    level: int
    levels: int
    words: str
    remaining_s: float
    fresh: tuple[LoadWindow, ...] = ()
