"""What a log of a meter outside the machine says of a finished run: its windows' joules, joined by time stamp."""

from greenbench.core.measurement import Measurement, WindowKind
from greenbench.core.value import Value


class JoinedWindow(Value):
    """The joules of one window of the run by the log, with the error of its clock."""

    kind: WindowKind
    label: str
    node: str = ""
    variant: str = ""
    block: int = 0
    t0_ns: int
    t1_ns: int
    energy: Measurement


class JoinedLog(Value):
    """A log and what came of it.

    `offset` (s) is what was added to the log's time stamps to bring them to this machine's clock; for a log that counts its own seconds,
    its zero on the clock of the run (seconds since its start). `estimated`: it was found by laying the log over `against`, with that
    `correlation`; else it was given. `t_s` (since the run's start), `power_w` or `energy_j` are the readings that lie in the run, so that
    the joules can be made again; `digest` is the SHA-256 of the file. `per_inference` has J for one example by the variant's letter.
    """

    name: str
    digest: str
    channel: str
    title: str
    joined: str
    offset: Measurement
    estimated: bool
    against: str = ""
    correlation: float | None = None
    refresh_s: float
    error: float = 0.0
    t_s: tuple[float, ...] = ()
    power_w: tuple[float, ...] = ()
    energy_j: tuple[float, ...] = ()
    windows: tuple[JoinedWindow, ...] = ()
    per_inference: dict[str, Measurement] = {}
    notes: tuple[str, ...] = ()
