"""A close look at the sources for two seconds, before anything is measured: how often does each really say something new?

A counter that changes every millisecond shows it only to who reads it several times a millisecond, which is far too dear to go on with.
What is read meanwhile is told no more often than at the ordinary beat.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from greenbench.core.measurement import Sample
from greenbench.meters.meter import NS, Clock, Meter

# Pause and length in seconds: for counters that change every millisecond, then for those that change ten times a second.
_LOOKS = ((0.00025, 0.15), (0.004, 1.9))


class Stop(Protocol):
    """Tells when to end."""

    def wait(self, timeout: float) -> bool:
        """Waits at most `timeout` seconds; whether it is time to end."""


@runtime_checkable
class Brisk(Protocol):
    """A meter that usually spares its source, and can read faster for a short time."""

    def brisk(self, on: bool) -> None: ...


def study(meters: Sequence[Meter], stop: Stop, clock: Clock, tell: Callable[[list[Sample]], None], interval_s: float = 0.1) -> None:
    """Reads all meters fast until their refresh intervals can be known; `tell` gets the newest samples at the ordinary interval."""
    _set_brisk(meters, True)
    newest: dict[str, Sample] = {}
    told: list[Sample] = []
    due_ns = clock()
    try:
        for pause_s, length_s in _LOOKS:
            until_ns = clock() + round(length_s * NS)
            while clock() < until_ns and not stop.wait(pause_s):
                for sample in (sample for meter in meters for sample in meter.read()):
                    before = newest.pop(sample.channel, None)
                    if sample.reason and before:
                        told.append(before)
                    if sample.reason:
                        told.append(sample)
                    else:
                        newest[sample.channel] = sample
                if clock() >= due_ns:
                    due_ns += round(interval_s * NS)
                    tell([*told, *newest.values()])
                    told.clear()
                    newest.clear()
    finally:
        _set_brisk(meters, False)
        tell([*told, *newest.values()])


def _set_brisk(meters: Sequence[Meter], on: bool) -> None:
    for meter in meters:
        if isinstance(meter, Brisk):
            meter.brisk(on)
