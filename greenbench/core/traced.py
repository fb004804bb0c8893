"""What a picture of power over time needs beside the curves: what went on when, and one block seen closely."""

from greenbench.core.measurement import Provenance, WindowKind
from greenbench.core.value import Value


class Phase(Value):
    """What went on between two moments, in seconds since the start of the run. `variant` is the letter it was for, or ""."""

    kind: WindowKind
    label: str
    t0_s: float
    t1_s: float
    variant: str = ""


class BlockTrace(Value):
    """The power of one timed block and a little before and after, all counted channels together.

    `power_w` is the mean power in spans of `step_s`, the first of which begins `begin_s` after the block (negative: before); None where
    there is no reading. Over the block it adds up to `energy_j`, of which `idle_j` is what the machine would have taken at rest.
    """

    variant: str
    block: int
    begin_s: float
    step_s: float
    power_w: tuple[float | None, ...]
    seconds: float
    energy_j: float
    idle_j: float | None = None
    examples: int = 0
    provenance: Provenance = Provenance.COUNTER
