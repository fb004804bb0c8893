"""Intel's graphics boards from the energy counters that their drivers i915 and xe show under /sys/class/hwmon.

Only boards of their own have them: graphics built into a processor belong to its package, which RAPL counts.
The drivers (Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon and -xe-hwmon of the Linux kernel):

    i915   name "i915": energy1 = the whole board          name "i915_gt0", "i915_gt1": energy1 = one tile, inside the board
    xe     name "xe":   energy1 = the whole board, energy2 = its package; a board may have the second alone
"""

from dataclasses import dataclass
from pathlib import Path

from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.meters.facts import HWMON
from greenbench.meters.meter import Clock, monotonic
from greenbench.meters.rapl_zones import CounterFile, OpenCounter
from greenbench.meters.refresh import as_seen
from greenbench.meters.track import CounterTrack

REFRESH_S = 0.001  # as RAPL, whose counter it is; what it really does is seen at the start
ERROR = 0.05  # no bound is published; as much as the other counters
_UNIT_J = 1e-6


@dataclass
class _Counter:
    path: Path
    channel: Channel
    track: CounterTrack
    file: CounterFile | None = None


class IntelGpuMeter:
    """All Intel graphics boards of the machine."""

    def __init__(self, root: Path = HWMON, clock: Clock = monotonic, open_counter: OpenCounter = CounterFile) -> None:
        self._root, self._clock, self._open_counter = root, clock, open_counter
        self._counters: list[_Counter] = []
        self._denied: list[str] = []
        self._search()

    def report(self) -> SourceReport:
        if not self._counters or self._denied or any(counter.track.trouble for counter in self._counters):
            self._search()
        state, reason, remedy = self._state()
        shown = state in (SourceState.IN_USE, SourceState.SILENT)
        return SourceReport(
            key="intel-gpu",
            title="Intel graphics boards (hwmon)",
            state=state,
            provenance=Provenance.COUNTER if shown else Provenance.UNAVAILABLE,
            channels=tuple(as_seen(counter.channel, counter.track.watch) for counter in self._running()) if shown else (),
            covers="whole graphics boards",
            refresh_s=REFRESH_S if shown else None,
            reason=reason,
            remedy=remedy,
        )

    def read(self) -> tuple[Sample, ...]:
        samples = [self._read(counter) for counter in self._counters]
        return tuple(sample for sample in samples if sample)

    def close(self) -> None:
        for counter in self._counters:
            self._drop(counter)
        self._counters = []

    def _search(self) -> None:
        found, self._denied = find_channels(self._root), []
        known = {counter.channel.key: counter for counter in self._counters}
        for path, channel in found:
            counter = known.get(channel.key)
            if counter is not None:
                counter.path = path  # hwmon folders are numbered in the order of loading: a driver that came back has another
                continue
            try:
                file = self._open_counter(path)
            except PermissionError:
                self._denied.append(channel.title)
                continue
            except OSError:
                continue
            self._counters.append(_Counter(path, channel, CounterTrack(channel.key, unit_j=_UNIT_J), file))

    def _read(self, counter: _Counter) -> Sample | None:
        try:
            if counter.file is None:
                counter.file = self._open_counter(counter.path)
            joules = counter.file.read_j()
        except (OSError, ValueError):
            self._drop(counter)
            return counter.track.lost(self._clock(), "The board's counter has disappeared.")
        sample = counter.track.advance(joules, self._clock())
        if counter.track.trouble:
            self._drop(counter)
        return sample

    def _drop(self, counter: _Counter) -> None:
        if counter.file is not None:
            counter.file.close()
            counter.file = None

    def _running(self) -> list[_Counter]:
        return [counter for counter in self._counters if not counter.track.stuck]

    def _state(self) -> tuple[SourceState, str, str]:
        running = self._running()
        failing = [counter for counter in running if counter.track.trouble]
        if failing:
            words = " ".join(f"{counter.channel.title}: {counter.track.trouble}" for counter in failing)
            return SourceState.SILENT, words, "Reading goes on by itself when the board answers again."
        if running:
            return SourceState.IN_USE, f"Not readable: {', '.join(self._denied)}." if self._denied else "", ""
        if self._counters:
            return SourceState.SILENT, "The counters are shown but do not run.", "A newer kernel may help; a wall meter measures the whole."
        if self._denied:
            return (
                SourceState.PERMISSION,
                "The board's counter is there, but may not be read.",
                "Let your user read energy*_input under /sys/class/hwmon, by a udev rule for the subsystem hwmon.",
            )
        if not self._root.is_dir():
            return SourceState.ABSENT, "This system does not show Intel graphics boards' counters.", "Measure with a wall meter."
        return (
            SourceState.ABSENT,
            "There is no Intel graphics board with an energy counter; graphics built into the processor belong to its package.",
            "If it has one, use a newer kernel: from 6.2 on the driver i915 shows the counter, and xe in recent ones.",
        )


def find_channels(root: Path = HWMON) -> list[tuple[Path, Channel]]:
    """The counters of all Intel boards. What a board's own counter contains is shown, not added."""
    boards: dict[str, list[tuple[str, Path]]] = {}
    try:
        folders = sorted(root.iterdir(), key=lambda folder: (len(folder.name), folder.name))
    except OSError:
        return []
    for folder in folders:
        driver, _, part = _word(folder / "name").partition("_")
        names = {"i915": {1: part}, "xe": {1: "", 2: "package"}}.get(driver, {})
        counters = [(name, folder / f"energy{number}_input") for number, name in names.items()]
        boards.setdefault(_address(folder), []).extend((name, path) for name, path in counters if path.exists())
    found = {address: sorted(counters) for address, counters in sorted(boards.items()) if counters}
    titles = {address: "Intel graphics board" + (f" {number}" if len(found) > 1 else "") for number, address in enumerate(found)}
    return [
        (path, _channel(f"intel-gpu:{address}", titles[address], name, has_whole=counters[0][0] == ""))
        for address, counters in found.items()
        for name, path in counters
    ]


def _channel(board: str, title: str, part: str, has_whole: bool) -> Channel:
    covers = "whole graphics board with its memory" if not part else f"the board's {part}" + ("" if has_whole else " alone")
    return Channel(
        key=f"{board}:{part}" if part else board,
        title=f"{title}, {part}" if part else title,
        domain=Domain.GPU,
        provenance=Provenance.COUNTER,
        covers=f"{covers} (energy counter)",
        refresh_s=REFRESH_S,
        counted=not part or not has_whole,
        inside=board if part and has_whole else "",
        error=ERROR,
    )


def _address(folder: Path) -> str:
    """The board's place on the bus, which stays while the folders' numbers change."""
    device = folder / "device"
    return device.resolve().name if device.exists() else folder.name


def _word(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, ValueError):
        return ""
