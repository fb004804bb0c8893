"""Processor energy on Windows from the Energy Meter Interface, by codecarbon's reader: no administrator, no driver of its own.

Windows 11 shows the processor's RAPL counters there, older ones only meters that are built in. codecarbon's functions find the devices,
name their channels, choose those that do not contain each other, and read counters in picowatt-hours; its tracker is not used. The module
is loaded on Windows alone, since codecarbon brings pandas.

    Package (PKG) and memory (DRAM) count; the cores' own channels lie inside the package and are left out by codecarbon's choice.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.meters.meter import NS, Clock, monotonic
from greenbench.meters.refresh import as_seen
from greenbench.meters.track import CounterTrack

REFRESH_S = 0.001  # as RAPL, whose counters these are
ERROR = 0.05
_J_PER_PWH = 3600e-12
_SHORTEST_NS = NS // 100  # each read opens the device anew
_RETRY_NS = 10 * NS


def load_emi() -> Any:
    """codecarbon's reader. Raises ImportError."""
    return importlib.import_module("codecarbon.core.windows_emi")


@dataclass
class _Meter:
    """One channel of one device. `device` and `index` are where codecarbon reads it."""

    device: str
    index: int
    channel: Channel
    track: CounterTrack


class WindowsEmiMeter:
    """The processor's energy counters that Windows shows."""

    def __init__(self, load: Callable[[], Any] = load_emi, clock: Clock = monotonic, system: str = sys.platform) -> None:
        self._load, self._clock, self._system = load, clock, system
        self._emi: Any = None
        self._meters: list[_Meter] = []
        self._widths: dict[str, int] = {}
        self._absence = SourceState.ABSENT, "", ""
        self._searched_ns = self._read_ns = self._clock() - _RETRY_NS
        self._search()

    @property
    def measuring(self) -> str:
        """The name of the measured processor channel, or "" while there is none."""
        return next((m.channel.title for m in self._running() if not m.track.trouble), "")

    def report(self) -> SourceReport:
        if not self._meters and not 0 <= self._clock() - self._searched_ns < _RETRY_NS:
            self._search()
        state, reason, remedy = self._state()
        shown = state in (SourceState.IN_USE, SourceState.SILENT) and bool(self._running())
        return SourceReport(
            key="windows-emi",
            title="Processor energy counters (Windows EMI)",
            state=state,
            provenance=Provenance.COUNTER if shown else Provenance.UNAVAILABLE,
            channels=tuple(as_seen(meter.channel, meter.track.watch) for meter in self._running()) if shown else (),
            covers="processor package, memory",
            refresh_s=REFRESH_S if shown else None,
            reason=reason,
            remedy=remedy,
        )

    def read(self) -> tuple[Sample, ...]:
        if not self._meters or 0 <= self._clock() - self._read_ns < _SHORTEST_NS:
            return ()
        self._read_ns = self._clock()
        samples: list[Sample | None] = []
        for device, width in self._widths.items():
            mine = [meter for meter in self._meters if meter.device == device]
            try:
                counters = self._emi._read_device_measurements(device, width)
            except (OSError, ValueError) as error:
                samples += [meter.track.lost(self._clock(), f"The energy meter does not answer: {error}.") for meter in mine]
                continue
            now_ns = self._clock()
            for meter in mine:
                known = meter.index < len(counters)
                lost = "The energy meter does not have the channel any more."
                energy_j = counters[meter.index][0] * _J_PER_PWH if known else 0.0
                samples.append(meter.track.advance(energy_j, now_ns) if known else meter.track.lost(now_ns, lost))
        return tuple(sample for sample in samples if sample)

    def look_again(self) -> None:
        self._searched_ns = self._clock() - _RETRY_NS

    def close(self) -> None:
        self._meters = []

    def _search(self) -> None:
        self._searched_ns = self._clock()
        if not self._system.startswith("win"):
            self._absence = SourceState.ABSENT, "This is not Windows; other systems show the same counters in other ways.", ""
            return
        try:
            self._emi = self._load()
        except ImportError:
            self._absence = SourceState.ABSENT, "codecarbon's reader is not installed.", "Install it: pip install codecarbon"
            return
        paths = self._emi.list_emi_device_paths()
        devices = [(path, names) for path in paths if (names := self._names(path))]
        if not devices:
            self._absence = (
                SourceState.ABSENT,
                "Windows shows no energy meter here.",
                "It needs Windows 11 on the machine itself, not in a virtual one; a wall meter always measures.",
            )
            return
        self._take(devices)

    def _names(self, path: str) -> list[str]:
        try:
            names: list[str] = self._emi._read_device_channels(path)
        except (OSError, ValueError):
            return []
        return names

    def _take(self, devices: Sequence[tuple[str, list[str]]]) -> None:
        chosen = self._emi.select_channels(list(devices), include_dram=True)
        self._widths = {path: len(names) for path, names in devices if path in chosen}
        found = [(path, index, names[index]) for path, names in devices for index in chosen.get(path, [])]
        for path, index in self._mirrors(found):
            found = [one for one in found if one[:2] != (path, index)]
        names = [name for _, _, name in found]
        for place, (path, index, name) in enumerate(found):
            again = names[:place].count(name)
            channel = _channel(name, f":{again}" if again else "")
            self._meters.append(_Meter(path, index, channel, CounterTrack(channel.key, unit_j=_J_PER_PWH)))

    def _mirrors(self, found: Sequence[tuple[str, int, str]]) -> list[tuple[str, int]]:
        """Dies of one processor that show one counter: codecarbon compares the counts."""
        counts = []
        for path, index, name in found:
            try:
                energies = self._emi._read_device_measurements(path, self._widths[path])
            except (OSError, ValueError):
                continue
            if "dram" not in name.lower() and index < len(energies):
                counts.append(((path, index), energies[index][0]))
        return list(self._emi.find_mirrored_channels(counts))

    def _running(self) -> list[_Meter]:
        return [meter for meter in self._meters if not meter.track.stuck]

    def _state(self) -> tuple[SourceState, str, str]:
        if not self._meters:
            return self._absence
        running = self._running()
        if not running:
            return SourceState.SILENT, "The counters are shown but do not run.", "Some machines are like that; measure with a wall meter."
        failing = [meter for meter in running if meter.track.trouble]
        if failing:
            words = " ".join(f"{meter.channel.title}: {meter.track.trouble}" for meter in failing)
            return SourceState.SILENT, words, "Reading goes on by itself when the meter answers again."
        return SourceState.IN_USE, "", ""


def _channel(name: str, mark: str = "") -> Channel:
    """The channel of an EMI name such as RAPL_Package0_PKG; `mark` tells those apart that have one name."""
    domain = Domain.DRAM if "dram" in name.lower() else Domain.PACKAGE if "pkg" in name.lower() else Domain.OTHER
    title = {Domain.DRAM: "Memory", Domain.PACKAGE: "CPU package"}.get(domain, name)
    digits = "".join(character for character in name.lower().partition("package")[2].partition("_")[0] if character.isdigit())
    return Channel(
        key=f"emi:{name}{mark}",
        title=f"{title} {digits}" if digits and digits != "0" else title,
        domain=domain,
        provenance=Provenance.COUNTER,
        covers={Domain.DRAM: "memory modules", Domain.PACKAGE: "processor package"}.get(domain, f"what Windows calls {name}"),
        refresh_s=REFRESH_S,
        error=ERROR,
    )
