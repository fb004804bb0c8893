"""What a power source is to the rest: it says what became of it, and gives what is new since the last read."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from greenbench.core.clock import now_ns
from greenbench.core.measurement import Sample, SourceReport

Clock = Callable[[], int]
"""Monotonic nanoseconds, the same for all processes of a machine."""

monotonic: Clock = now_ns

NS = 1_000_000_000


class Meter(Protocol):
    """One power source. Nothing here ever raises: a source that fails says so in its samples and in its report."""

    def report(self) -> SourceReport:
        """What became of the source by now. Looks again if it was not there, so it is called every few seconds, not for each read."""

    def read(self) -> tuple[Sample, ...]:
        """The new samples, time-stamped after the read.

        A counter gives joules (cumulative, unwrapped) and mean watts since its last change. A value repeated unchanged within the
        source's refresh interval is no new sample. A failing read gives a sample without numbers and with a reason.
        """

    def close(self) -> None:
        """Gives back what the source holds open."""


@runtime_checkable
class LooksSeldom(Protocol):
    """A meter that looks for its source only now and then, because looking is dear."""

    def look_again(self) -> None:
        """The next report shall look, whenever the last one was."""
