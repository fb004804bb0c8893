"""Which channels stand on either side of a calibration: what covers the whole machine, and the counters of its parts."""

from collections.abc import Iterable, Sequence

import numpy as np

from greenbench.core.measurement import Channel, Domain, Measurement, Provenance
from greenbench.meters.ledger import EnergyLedger

_WHOLE = (Domain.SYSTEM, Domain.BATTERY)


def wholes(channels: Iterable[Channel]) -> tuple[Channel, ...]:
    """The measured channels that cover the whole machine: wall and lab meters first, then the battery."""
    found = [c for c in channels if c.provenance.measured and c.counted and c.domain in _WHOLE]
    return tuple(sorted(found, key=lambda c: c.provenance is not Provenance.EXTERNAL))


def parts(channels: Iterable[Channel]) -> tuple[Channel, ...]:
    """The measured channels of the machine's parts that add up without covering anything twice."""
    several = tuple(channels)
    whole = {channel.key for channel in wholes(several)}
    return tuple(c for c in several if c.provenance.measured and c.counted and c.key not in whole)


def recorded(channels: Iterable[Channel]) -> bool:
    """Whether any of them is played back from a recording."""
    return any(channel.recorded for channel in channels)


def energy_of(ledger: EnergyLedger, channels: Sequence[Channel], t0_ns: int, t1_ns: int) -> Measurement:
    """The joules of these channels together between two times, with what the sources leave open; missing with a reason if one of them
    has a hole there. Gains may be off the same way, so they add; the ends of the span are independent."""
    if not channels:
        return Measurement.missing("J", "no counter of this machine's parts is in use")
    total_j = gain_j = edges_j2 = 0.0
    for channel in channels:
        curve = ledger.curve(channel.key)
        joules, edge_j = curve.energy_j(t0_ns, t1_ns), curve.edge_error_j(t0_ns, t1_ns)
        if joules is None or edge_j is None:
            return Measurement.missing("J", f"{channel.title}: {curve.why_none(t0_ns, t1_ns)}")
        total_j += joules
        gain_j += channel.error * abs(joules)
        edges_j2 += edge_j**2
    half = gain_j + float(np.sqrt(edges_j2))
    provenance = Provenance.least(tuple(channel.provenance for channel in channels))
    return Measurement(value=total_j, low=max(total_j - half, 0.0), high=total_j + half, unit="J", provenance=provenance)
