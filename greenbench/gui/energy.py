"""The joules of a span of time, as the live plots and the status bar ask for them."""

from collections.abc import Callable
from dataclasses import dataclass

from greenbench.core.measurement import Provenance


@dataclass(frozen=True)
class SpanEnergy:
    """The joules of a dragged span; None where a reading is missing, for `reason`."""

    energy_j: float | None
    provenance: Provenance
    reason: str = ""


EnergyOf = Callable[[int, int], SpanEnergy]
