"""Processor and memory energy from the RAPL counters that Linux shows under /sys/class/powercap (Intel and AMD)."""

from dataclasses import dataclass
from pathlib import Path

from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.meters.machine import Machine, this_machine
from greenbench.meters.meter import NS, Clock, monotonic
from greenbench.meters.rapl_zones import POWERCAP, CounterFile, OpenCounter, Zone, find_zones, without_mirrors
from greenbench.meters.refresh import as_seen
from greenbench.meters.track import CounterTrack

REFRESH_S = 0.001  # Intel SDM 3B, 15.10: the registers are updated about every millisecond
_SHOWN_EVERY_NS = NS // 20  # what is not added need not be read a thousand times a second
ERROR = 0.05  # no bound is published for all generations; as much as NVIDIA states for its sensors

_COVERS = {
    Domain.PACKAGE: "processor package: cores, caches, memory controller, built-in graphics; not the memory modules",
    Domain.DRAM: "memory modules",
    Domain.PLATFORM: "platform: processor, memory and parts of the board",
    Domain.CORE: "processor cores alone",
    Domain.UNCORE: "built-in graphics and what else lies beside the cores",
    Domain.OTHER: "part of the processor",
}
_TITLES = {
    Domain.PACKAGE: "CPU package",
    Domain.DRAM: "Memory",
    Domain.PLATFORM: "Platform",
    Domain.CORE: "CPU cores",
    Domain.UNCORE: "CPU uncore",
}
_RULE = (
    'SUBSYSTEM=="powercap", KERNEL=="intel-rapl*:*|amd-rapl*:*", '
    'RUN+="/bin/chgrp power /sys%p/energy_uj", RUN+="/bin/chmod 0440 /sys%p/energy_uj"'
)
PERMISSION_COMMANDS = (
    "sudo groupadd --system --force power",
    'sudo usermod --append --groups power "$USER"',
    f"echo '{_RULE}' | sudo tee /etc/udev/rules.d/70-greenbench-rapl.rules",
    "sudo udevadm control --reload",
    "sudo udevadm trigger --subsystem-match=powercap --action=add",
)


@dataclass
class _Counter:
    zone: Zone
    channel: Channel
    track: CounterTrack
    file: CounterFile | None
    read_ns: int = 0


class RaplMeter:
    """All RAPL counters of the machine."""

    def __init__(
        self,
        root: Path = POWERCAP,
        clock: Clock = monotonic,
        machine: Machine | None = None,
        open_counter: OpenCounter = CounterFile,
    ) -> None:
        self._root, self._clock, self._open_counter = root, clock, open_counter
        self._machine = machine or this_machine()
        self._counters: list[_Counter] = []
        self._denied: list[Zone] = []
        self._mirrors = 0
        self._shown_every_ns = _SHOWN_EVERY_NS
        self._search()

    def brisk(self, on: bool) -> None:
        """Whether to read also those counters at each beat that are shown but not added."""
        self._shown_every_ns = 0 if on else _SHOWN_EVERY_NS

    @property
    def measuring(self) -> str:
        """The name of the measured processor channel, or "" while there is none."""
        return next((c.channel.title for c in self._counters if c.channel.counted and c.file and not c.track.trouble), "")

    def report(self) -> SourceReport:
        if not self._counters or self._denied:
            self._search()
        state, reason, remedy = self._state()
        shown = state in (SourceState.IN_USE, SourceState.SILENT)
        return SourceReport(
            key="rapl",
            title="Processor energy counters (RAPL)",
            state=state,
            provenance=Provenance.COUNTER if shown else Provenance.UNAVAILABLE,
            channels=tuple(as_seen(counter.channel, counter.track.watch) for counter in self._running()) if shown else (),
            covers=self._covers() if shown else "processor package, memory",
            refresh_s=REFRESH_S if shown else None,
            reason=reason,
            remedy=remedy,
            commands=PERMISSION_COMMANDS if state is SourceState.PERMISSION else (),
        )

    def read(self) -> tuple[Sample, ...]:
        now_ns = self._clock()
        due = [c for c in self._counters if c.channel.counted or not 0 <= now_ns - c.read_ns < self._shown_every_ns]
        samples = [self._read(counter) for counter in due]
        return tuple(sample for sample in samples if sample)

    def close(self) -> None:
        for counter in self._counters:
            self._drop(counter)
        self._counters = []

    def _search(self) -> None:
        zones = find_zones(self._root)
        self._denied = []
        known = {counter.zone.id for counter in self._counters}
        kept = without_mirrors(zones, self._open_counter)
        self._mirrors = len(zones) - len(kept)
        for zone in kept:
            if zone.id in known:
                continue
            try:
                file = self._open_counter(zone.counter)
            except PermissionError:
                self._denied.append(zone)
                continue
            except OSError:
                continue
            channel = _channel(zone, kept)
            self._counters.append(_Counter(zone, channel, CounterTrack(channel.key, zone.range_j, unit_j=1e-6), file))

    def _read(self, counter: _Counter) -> Sample | None:
        counter.read_ns = self._clock()
        try:
            if counter.file is None:
                counter.file = self._open_counter(counter.zone.counter)
            raw_j = counter.file.read_j()
        except PermissionError:
            return self._fail(counter, "Reading the counter is not permitted any more.")
        except (OSError, ValueError):
            return self._fail(counter, "The counter has disappeared.")
        sample = counter.track.advance(raw_j, self._clock())
        if counter.track.trouble:
            self._drop(counter)  # the file may be a leftover of a tree that was replaced: open it anew
        return sample

    def _fail(self, counter: _Counter, reason: str) -> Sample:
        self._drop(counter)
        return counter.track.lost(self._clock(), reason)

    def _drop(self, counter: _Counter) -> None:
        if counter.file is not None:
            counter.file.close()
            counter.file = None

    def _running(self) -> list[_Counter]:
        return [counter for counter in self._counters if not counter.track.stuck]

    def _state(self) -> tuple[SourceState, str, str]:
        counted = [counter for counter in self._running() if counter.channel.counted]
        if counted:
            failing = [counter for counter in counted if counter.track.trouble]
            if failing:
                words = " ".join(f"{c.channel.title}: {c.track.trouble}" for c in failing)
                return SourceState.SILENT, words, "Reading goes on by itself when the counter comes back."
            return SourceState.IN_USE, self._notes(), ""
        if self._counters:
            return (
                SourceState.SILENT,
                "The counters are shown but do not run.",
                "Some virtual machines are like that; measure with a wall meter.",
            )
        if self._denied:
            return (
                SourceState.PERMISSION,
                "The counters are there, but since Linux 5.10 only the administrator may read them (CVE-2020-8694).",
                'Allow reading for the group "power", once, then log out and in again. Nothing needs to run as administrator.',
            )
        return SourceState.ABSENT, *_why_absent(self._machine)

    def _notes(self) -> str:
        notes = []
        if self._denied:
            notes.append(f"Not readable: {', '.join(zone.name for zone in self._denied)}.")
        if self._mirrors:
            notes.append(f"Left out because they show the same counters again: {self._mirrors}.")
        return " ".join(notes)

    def _covers(self) -> str:
        domains = {counter.channel.domain for counter in self._running() if counter.channel.counted}
        if Domain.PLATFORM in domains:
            return "platform"
        return "processor package and memory" if Domain.DRAM in domains else "processor package; memory modules are not covered"


def _channel(zone: Zone, zones: list[Zone]) -> Channel:
    packages = [other for other in zones if other.domain is Domain.PACKAGE]
    psys = next((other.id for other in zones if other.domain is Domain.PLATFORM), "")
    around = psys if zone.domain in (Domain.PACKAGE, Domain.DRAM) else zone.parent
    return Channel(
        key=f"rapl:{zone.id}",
        title=_title(zone, zones),
        domain=zone.domain,
        provenance=Provenance.COUNTER,
        covers=_COVERS[zone.domain],
        refresh_s=REFRESH_S,
        counted=zone.domain in (Domain.PACKAGE, Domain.DRAM) or (zone.domain is Domain.PLATFORM and not packages),
        inside=f"rapl:{around}" if around else "",
        error=ERROR,
    )


def _title(zone: Zone, zones: list[Zone]) -> str:
    title = _TITLES.get(zone.domain, zone.name)
    alike = [other for other in zones if other.domain is zone.domain]
    if len(alike) == 1:
        return title
    if zone.domain is Domain.PACKAGE:
        return f"{title} {zone.name.removeprefix('package-')}"
    return f"{title} {alike.index(zone)}"


def _why_absent(machine: Machine) -> tuple[str, str]:
    if machine.system != "linux":
        return "This system does not show RAPL counters.", "The processor is modelled from its load; a wall meter would measure it."
    if machine.virtual:
        return (
            "This is a virtual machine, and it is not given the processor's energy counters.",
            "Run GreenBench on the physical machine, or measure with a wall meter.",
        )
    if machine.container:
        return (
            "This is a container without the host's energy counters.",
            "Start it with the host's /sys/class/powercap mounted read-only, or run GreenBench on the host.",
        )
    return (
        "The system shows no RAPL counters: the processor has none, or their driver is not loaded.",
        "Load the driver: sudo modprobe intel_rapl_msr",
    )
