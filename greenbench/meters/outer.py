"""The meters outside the machine that the user named: follows their list and keeps one reader for each."""

from collections.abc import Callable
from pathlib import Path

from greenbench.core.external import FILE_NAME, ExternalKind, ExternalMeter, load_meters
from greenbench.core.measurement import Provenance, Sample, SourceReport, SourceState
from greenbench.meters.meter import Clock, monotonic
from greenbench.meters.polled import Instrument, PolledMeter

KEY = "external"
_MEND = "Mend the file, or delete it and add the meters again; meters that are read already are read on."
ADD_COMMAND = "greenbench sensors add shelly 192.168.1.40"


def instrument(meter: ExternalMeter) -> Instrument:
    """What speaks with a meter. Its libraries are loaded only where there is such a meter."""
    match meter.kind:
        case ExternalKind.SHELLY:
            from greenbench.meters.shelly import ShellyPlug

            return ShellyPlug(meter)
        case ExternalKind.TASMOTA:
            from greenbench.meters.tasmota import TasmotaPlug

            return TasmotaPlug(meter)
        case ExternalKind.SCPI:
            from greenbench.meters.scpi import ScpiAnalyser

            return ScpiAnalyser(meter)


class OuterMeters:
    """All of them as one source with several reports. A list that changes is followed: a meter that stays the same is read on."""

    def __init__(
        self, home: Path, clock: Clock = monotonic, make: Callable[[ExternalMeter], Instrument] = instrument, start: bool = True
    ) -> None:
        self._home, self._clock, self._make, self._start = home, clock, make, start
        self._polled: dict[str, PolledMeter] = {}
        self._trouble = ""
        self._seen: tuple[int, int] | None = None
        self._follow()

    @property
    def polled(self) -> tuple[PolledMeter, ...]:
        return tuple(self._polled.values())

    @property
    def measuring_whole(self) -> str:
        """The first that measures the whole machine now, by its title; "" if none does."""
        in_use = (meter for meter in self._polled.values() if meter.report().state is SourceState.IN_USE)
        return next((meter.meter.title for meter in in_use if meter.meter.params.whole), "")

    def wait(self, timeout_s: float) -> None:
        """Waits until each has answered or failed once, at most so long: a run that starts at once shall know which are there."""
        until_ns = self._clock() + round(timeout_s * 1e9)
        for meter in self._polled.values():
            meter.wait(max(until_ns - self._clock(), 0) / 1e9)

    def look_again(self) -> None:
        """Reads the list anew and ends all pauses between tries."""
        self._follow()
        for meter in self._polled.values():
            meter.look_again()

    def reports(self) -> tuple[SourceReport, ...]:
        """One for each meter, and one on the list itself where there is something to say of it."""
        if self._stamp() != self._seen:
            self._follow()
        return (*(meter.report() for meter in self._polled.values()), *self._notice())

    def report(self) -> SourceReport:
        return self.reports()[0]

    def read(self) -> tuple[Sample, ...]:
        return tuple(sample for meter in self._polled.values() for sample in meter.read())

    def close(self) -> None:
        for meter in self._polled.values():
            meter.close()
        self._polled = {}

    def _follow(self) -> None:
        self._seen = self._stamp()
        wanted, self._trouble = load_meters(self._home)
        if self._trouble and not wanted:
            return  # a list that was damaged meanwhile takes no meter away that is being read
        before, self._polled = self._polled, {}
        for meter in wanted:
            same = before.get(meter.key)
            if same is not None and same.meter == meter:
                self._polled[meter.key] = before.pop(meter.key)
            else:
                made = PolledMeter(meter, self._make(meter), self._clock)
                self._polled[meter.key] = made.start() if self._start else made
        for gone in before.values():
            gone.close()

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = (self._home / FILE_NAME).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _notice(self) -> tuple[SourceReport, ...]:
        if self._polled and not self._trouble:
            return ()
        return (
            SourceReport(
                key=KEY,
                title="Wall or lab meter",
                state=SourceState.SILENT if self._trouble else SourceState.ABSENT,
                provenance=Provenance.UNAVAILABLE,
                covers="whole system at the wall, power supply loss included",
                reason=self._trouble or "No wall or lab meter has been added.",
                remedy=_MEND
                if self._trouble
                else "Add a plug with a power meter (Shelly, Tasmota) or a power analyser: it measures what no counter sees.",
                commands=() if self._trouble else (ADD_COMMAND,),
            ),
        )
