"""Measured numbers, and where they come from. "No reading" is never 0."""

from enum import StrEnum
from typing import Self

from greenbench.core.value import Value


class Provenance(StrEnum):
    """How directly a number was obtained, most direct first."""

    EXTERNAL = "external"
    COUNTER = "counter"
    INTEGRATED = "integrated"
    MODELLED = "modelled"
    UNAVAILABLE = "unavailable"

    @property
    def mark(self) -> str:
        """The glyph that stands beside the number (DejaVu Sans Mono has all of them)."""
        return {"external": "▣", "counter": "◉", "integrated": "◐", "modelled": "◌", "unavailable": "—"}[self.value]

    @property
    def meaning(self) -> str:
        return {
            "external": "wall or lab meter, whole system",
            "counter": "energy counter, clock or exact count",
            "integrated": "watts sampled, summed over time",
            "modelled": "estimated from load, ± 50 %",
            "unavailable": "no reading",
        }[self.value]

    @property
    def measured(self) -> bool:
        return self in (Provenance.EXTERNAL, Provenance.COUNTER, Provenance.INTEGRATED)

    @classmethod
    def least(cls, several: "list[Provenance] | tuple[Provenance, ...]") -> "Provenance":
        """The mark of a sum: the least direct of its parts; unavailable if there are none."""
        order = list(cls)
        return max(several, key=order.index) if several else cls.UNAVAILABLE


class Measurement(Value):
    """A number with its 95 % interval, how many observations it rests on, its SI unit and its provenance.

    Where there is no reading, `value` is None and `reason` says why and what would mend it.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 1
    unit: str = ""
    provenance: Provenance = Provenance.COUNTER
    reason: str = ""

    @classmethod
    def missing(cls, unit: str, reason: str) -> Self:
        return cls(value=None, n=0, unit=unit, provenance=Provenance.UNAVAILABLE, reason=reason)

    @classmethod
    def exact(cls, value: float, unit: str = "") -> Self:
        """A count or a file size: nothing uncertain about it."""
        return cls(value=value, low=value, high=value, unit=unit)


class Domain(StrEnum):
    """What part of a machine a power source covers."""

    SYSTEM = "system"
    PLATFORM = "platform"
    PACKAGE = "package"
    CORE = "core"
    UNCORE = "uncore"
    DRAM = "dram"
    GPU = "gpu"
    BATTERY = "battery"
    OTHER = "other"


RECORDED = ", recorded"  # how the title of each source and channel ends that is played back
RECORDED_ENERGY = "The energy is that of a recording played back, not measured in this run."


class Channel(Value):
    """One line of power or energy. `counted` channels add up to the machine's total without covering anything twice;
    `inside` names the channel that contains this one. `error` is the relative gain error (0.05: ±5 %). `refresh_s` is what the maker
    or the literature states, `refresh_measured_s` what was seen here (None: not yet, or it stands still); `resolution` is the smallest
    step of the number: J where energy is counted, W where power is sampled."""

    key: str
    title: str
    domain: Domain
    provenance: Provenance
    covers: str
    refresh_s: float
    counted: bool = True
    inside: str = ""
    error: float = 0.0
    refresh_measured_s: float | None = None
    resolution: float | None = None

    @property
    def recorded(self) -> bool:
        """Whether it is played back from a recording: real numbers, but not of this run."""
        return self.title.endswith(RECORDED)


class Sample(Value):
    """One reading. `t_ns` is monotonic, taken after the read. A counter gives `energy_j`, cumulative and unwrapped, beside
    the mean power since its last change; a power sensor gives `power_w` alone. Both None: no reading, for `reason`."""

    channel: str
    t_ns: int
    power_w: float | None = None
    energy_j: float | None = None
    reason: str = ""


class Facts(Value):
    """What else is known of the machine at one moment. None: this machine does not say. `frequency_hz` is the mean over the cores;
    of several graphics boards the hottest, the slowest and the busiest speak. `gpu_throttle` says why one holds its clocks back ("": none
    does, or none says)."""

    t_ns: int
    cpu_percent: float | None = None
    memory_bytes: int | None = None
    memory_total_bytes: int | None = None
    temperature_c: float | None = None
    frequency_hz: float | None = None
    gpu_percent: float | None = None
    on_battery: bool | None = None
    gpu_temperature_c: float | None = None
    gpu_clock_hz: float | None = None
    gpu_throttle: str = ""
    battery_percent: float | None = None


class SourceState(StrEnum):
    """What became of a power source at discovery."""

    IN_USE = "in use"
    STANDBY = "standby"
    PERMISSION = "needs permission"
    ABSENT = "not present"
    SILENT = "no answer"


class SourceReport(Value):
    """One power source, as `greenbench sensors` shows it: its channels if it can be read, else why not and the remedy."""

    key: str
    title: str
    state: SourceState
    provenance: Provenance
    channels: tuple[Channel, ...] = ()
    covers: str = ""
    refresh_s: float | None = None
    reason: str = ""
    remedy: str = ""
    commands: tuple[str, ...] = ()

    @property
    def recorded(self) -> bool:
        """Whether it is played back from a recording."""
        return self.title.endswith(RECORDED)


class WindowKind(StrEnum):
    """What happened in a span of time; a part is something else than the rest of the step it lies in, its label says what."""

    IDLE = "idle"
    STEP = "step"
    WARM_UP = "warm-up"
    BLOCK = "block"
    ACCURACY = "accuracy"
    COOL_DOWN = "cool-down"
    PART = "part"


class Window(Value):
    """A labelled span of monotonic time. A block belongs to a variant (its letter) and holds `calls` inferences calls of
    `batch` examples each; `cpu_s` is the processor time that the timed process itself took, all its threads together, `cpu_all_s` that
    of all processes of the machine; `process` counts the processes that the variant has had."""

    kind: WindowKind
    label: str
    t0_ns: int
    t1_ns: int = 0
    node: str = ""
    variant: str = ""
    block: int = 0
    calls: int = 0
    batch: int = 1
    cpu_s: float | None = None
    cpu_all_s: float | None = None
    process: int = 0

    @property
    def seconds(self) -> float:
        return (self.t1_ns - self.t0_ns) / 1e9
