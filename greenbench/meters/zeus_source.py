"""AMD's graphics boards, Apple's chips and NVIDIA's Jetson boards through the library zeus, which keeps up with their makers' interfaces.

                zeus                                        counted
    AMD         AMDGPUs: joules of each board, else watts   each board
    Apple       get_soc(): joules of the chip's parts       their sum: a part that rests is switched off and counts nothing
    Jetson      get_soc(): joules of two or three rails,    the whole module where it has that rail, else processor and graphics
                added up by zeus from watts, ten times a second

zeus is loaded only where such hardware is: it is an extra, and takes a sixth of a second. NVIDIA boards are never read through it, so
nothing that NVML covers is added twice; where NVML measures a board of a Jetson, only the processor's rail counts beside it.
"""

import importlib
import os
import platform
import queue
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.meters.meter import NS, Clock, monotonic
from greenbench.meters.refresh import as_seen
from greenbench.meters.track import CounterTrack, PowerTrack

ERROR = 0.05  # none is published for these; as much as NVIDIA states for its own
_SHORTEST_NS = NS // 50
_RETRY_NS = 30 * NS  # looking for AMD boards takes zeus half a second
_MJ = 1e-3
_COUNTED = "get_total_energy_consumption"
# Graphics built into a processor show the whole chip's power, which the processor's own counter covers.
_BUILT_IN = re.compile(r"MI300A|Radeon (\d{3,4}[MS] )?Graphics|Radeon \d{3,4}[MS]$")
# What zeus and the makers' libraries under it raise beside their own family of errors.
_FAILURES = (OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, queue.Empty)


class NoReadingError(Exception):
    """The device does not say it now; the text says why."""


class Readings(Protocol):
    """Opened devices: their channels, and what each says now: joules so far, or watts for the keys in `in_watts`."""

    channels: list[Channel]
    in_watts: frozenset[str]

    def read(self) -> Mapping[str, float | NoReadingError]: ...


@dataclass(frozen=True)
class Family:
    """A kind of hardware that zeus can read: whether this machine may have it, and how it is opened."""

    key: str
    title: str
    covers: str
    here: Callable[[Path], bool]
    absent: str
    open: Callable[[Callable[[str], Any], Callable[[], str]], Readings]
    extra: str = "zeus"


@dataclass
class _Opened:
    readings: Readings
    tracks: dict[str, CounterTrack | PowerTrack] = field(default_factory=dict)


class ZeusMeter:
    """One family. `load` imports a module of zeus; `gpu_measured` names a board that NVML measures, or ""; `root` is where marks of the
    hardware are looked for."""

    def __init__(
        self,
        family: Family,
        load: Callable[[str], Any] = importlib.import_module,
        clock: Clock = monotonic,
        gpu_measured: Callable[[], str] = lambda: "",
        root: Path = Path("/"),
    ) -> None:
        self._family, self._load, self._clock, self._gpu_measured, self._root = family, load, clock, gpu_measured, root
        self._opened: _Opened | None = None
        self._absence = SourceState.ABSENT, family.absent, ""
        self._searched_ns = self._read_ns = self._clock() - _RETRY_NS
        self._search()

    @property
    def measuring(self) -> str:
        """The name of a measured channel that covers the processor, or "" while there is none."""
        domains = (Domain.PACKAGE, Domain.PLATFORM)
        return next((c.title for c in self._channels() if c.domain in domains and c.counted and not self._trouble(c)), "")

    def report(self) -> SourceReport:
        if self._opened is None and not 0 <= self._clock() - self._searched_ns < _RETRY_NS:
            self._search()
        channels = self._channels()
        state, reason, remedy = self._state(channels)
        return SourceReport(
            key=self._family.key,
            title=f"{self._family.title} (through zeus)",
            state=state,
            provenance=Provenance.least([channel.provenance for channel in channels]),
            channels=tuple(channels),
            covers=self._family.covers,
            refresh_s=max(channel.refresh_s for channel in channels) if channels else None,
            reason=reason,
            remedy=remedy,
        )

    def read(self) -> tuple[Sample, ...]:
        if self._opened is None or 0 <= self._clock() - self._read_ns < _SHORTEST_NS:
            return ()
        self._read_ns = self._clock()
        said, now_ns = self._opened.readings.read(), self._clock()
        samples: list[Sample | None] = []
        for key, track in self._opened.tracks.items():
            value = said.get(key, NoReadingError("the device is not listed any more"))
            if isinstance(value, NoReadingError):
                samples.append(track.lost(now_ns, f"No answer: {value}."))
            else:
                samples.append(track.advance(value, now_ns))
        return tuple(sample for sample in samples if sample)

    def look_again(self) -> None:
        self._searched_ns = self._clock() - _RETRY_NS

    def close(self) -> None:
        self._opened = None

    def _search(self) -> None:
        self._searched_ns = self._clock()
        if not self._family.here(self._root):
            return
        try:
            readings = self._family.open(self._load, self._gpu_measured)
        except ImportError:
            install = f'Install it: pip install "greenbench[{self._family.extra}]"'
            self._absence = SourceState.ABSENT, "The library zeus, which reads this hardware, is not installed.", install
            return
        except NoReadingError as error:
            self._absence = (
                SourceState.SILENT,
                f"zeus cannot read it: {error}.",
                "Check the maker's driver and library, and start GreenBench again.",
            )
            return
        if not readings.channels:
            self._absence = SourceState.ABSENT, "zeus finds no power reading on it.", "A newer driver or a wall meter may help."
            return
        opened = _Opened(readings)
        for channel in readings.channels:
            key = channel.key
            watts = key in readings.in_watts
            # AMD's watts are whole ones.
            opened.tracks[key] = PowerTrack(key, channel.refresh_s, 1.0) if watts else CounterTrack(key, unit_j=_MJ)
        self._opened = opened

    def _channels(self) -> list[Channel]:
        if self._opened is None:
            return []
        tracks = self._opened.tracks
        seen = [as_seen(channel, tracks[channel.key].watch) for channel in self._opened.readings.channels]
        return [channel for channel in seen if not getattr(tracks[channel.key], "stuck", False)]

    def _trouble(self, channel: Channel) -> str:
        return self._opened.tracks[channel.key].trouble if self._opened else ""

    def _state(self, channels: list[Channel]) -> tuple[SourceState, str, str]:
        if self._opened is None:
            return self._absence
        if not channels:
            return SourceState.SILENT, "The counters are shown but do not run.", "A wall meter measures the whole."
        failing = [channel for channel in channels if channel.counted and self._trouble(channel)]
        if failing:
            words = " ".join(f"{channel.title}: {self._trouble(channel)}" for channel in failing)
            return SourceState.SILENT, words, "Reading goes on by itself when the device answers again."
        return SourceState.IN_USE, "", ""


def zeus_meters(
    clock: Clock = monotonic, gpu_measured: Callable[[], str] = lambda: "", load: Callable[[str], Any] = importlib.import_module
) -> list[ZeusMeter]:
    """A meter for each family, there or not."""
    return [ZeusMeter(family, load, clock, gpu_measured) for family in FAMILIES]


class AmdReadings:
    """AMD's boards, each asked on its own. zeus has checked their counters against their watts."""

    def __init__(self, load: Callable[[str], Any], gpu_measured: Callable[[], str]) -> None:
        module = load("zeus.device.gpu.amd")
        self._failures = (load("zeus.exception").ZeusBaseError, *_FAILURES)
        try:
            if not module.amdsmi_is_available():
                raise NoReadingError("AMD's library amdsmi does not open")
            self._boards = list(module.AMDGPUs().gpus)
        except self._failures as error:
            raise NoReadingError(str(error) or type(error).__name__) from None
        self._ways: dict[str, tuple[Any, str]] = {}
        self.channels: list[Channel] = []
        for number, board in enumerate(self._boards):
            way = self._way(board)
            if way:
                self.channels.append(self._channel(number, board, way))
                self._ways[self.channels[-1].key] = board, way
        self.in_watts = frozenset(key for key, (_, way) in self._ways.items() if way != _COUNTED)

    def read(self) -> Mapping[str, float | NoReadingError]:
        return {key: self._ask(board, way) for key, (board, way) in self._ways.items()}

    def _way(self, board: Any) -> str:
        try:
            if board.supports_get_total_energy_consumption():
                return _COUNTED
        except self._failures:
            pass  # then by its watts
        ways = ("get_instant_power_usage", "get_average_power_usage")
        return next((way for way in ways if not isinstance(self._ask(board, way), NoReadingError)), "")

    def _ask(self, board: Any, way: str) -> float | NoReadingError:
        try:
            return float(getattr(board, way)()) * 1e-3
        except self._failures as error:
            return NoReadingError(str(error) or type(error).__name__)

    def _channel(self, number: int, board: Any, way: str) -> Channel:
        try:
            name = str(board.get_name())
        except self._failures:
            name = f"AMD graphics board {number}"
        words = {_COUNTED: "energy counter", "get_instant_power_usage": "instant power"}.get(way, "mean power")
        counts, built_in = way == _COUNTED, bool(_BUILT_IN.search(name))
        what = (
            "graphics built into a processor; not added, since it shows the whole chip"
            if built_in
            else "whole graphics board with its memory"
        )
        return Channel(
            key=f"amd:{number}",
            title=name if len(self._boards) == 1 else f"{name} {number}",
            domain=Domain.GPU,
            provenance=Provenance.COUNTER if counts else Provenance.INTEGRATED,
            covers=f"{what} ({words})",
            counted=not built_in,
            refresh_s=0.001 if counts else 0.1,
            error=ERROR,
        )


class SocReadings:
    """The rails or parts of a chip, in one reading. `parts`: the channel of each field of zeus's measurement; `whole`: of their sum."""

    in_watts: frozenset[str] = frozenset()

    def __init__(self, load: Callable[[str], Any], parts: Mapping[str, Channel], whole: Channel | None = None) -> None:
        module = load("zeus.device.soc")
        self._failures = (load("zeus.exception").ZeusBaseError, *_FAILURES)
        try:
            self._soc = module.get_soc()
            said = self._soc.get_total_energy_consumption()
        except self._failures as error:
            raise NoReadingError(str(error) or type(error).__name__) from None
        self._parts = {name: channel for name, channel in parts.items() if getattr(said, name, None) is not None}
        self._whole = whole if self._parts else None
        self.channels = [*([self._whole] if self._whole else []), *self._parts.values()]

    def read(self) -> Mapping[str, float | NoReadingError]:
        try:
            said = self._soc.get_total_energy_consumption()
        except self._failures as error:
            return {channel.key: NoReadingError(str(error) or type(error).__name__) for channel in self.channels}
        values = {channel.key: getattr(said, name, None) for name, channel in self._parts.items()}
        known = {key: float(value) * _MJ for key, value in values.items() if value is not None}
        lost = NoReadingError("a part is not shown any more")
        if self._whole:
            values[self._whole.key] = None
            if len(known) == len(self._parts):
                known[self._whole.key] = sum(known.values())
        return {key: known.get(key, lost) for key in values}


def _apple(load: Callable[[str], Any], gpu_measured: Callable[[], str]) -> Readings:
    def made(key: str, title: str, domain: Domain, covers: str) -> Channel:
        words = f"{covers} (Apple's own energy model, IOReport)"
        chip = key == "chip"
        return Channel(
            key=f"apple:{key}",
            title=title,
            domain=domain,
            provenance=Provenance.COUNTER,
            covers=words,
            refresh_s=0.05,
            counted=chip,
            inside="" if chip else "apple:chip",
            error=ERROR,
        )

    parts = {
        "cpu_total_mj": made("cpu", "CPU", Domain.CORE, "all processor cores"),
        "dram_mj": made("dram", "Memory", Domain.DRAM, "memory"),
        "gpu_mj": made("gpu", "GPU", Domain.GPU, "built-in graphics"),
        "gpu_sram_mj": made("gpu-sram", "GPU cache", Domain.OTHER, "the graphics' own cache"),
        "ane_mj": made("ane", "Neural Engine", Domain.OTHER, "neural engine"),
    }
    return SocReadings(load, parts, made("chip", "Apple chip", Domain.PACKAGE, "processor, memory, graphics and neural engine together"))


def _jetson(load: Callable[[str], Any], gpu_measured: Callable[[], str]) -> Readings:
    def rail(key: str, title: str, domain: Domain, covers: str) -> Channel:
        words = f"{covers} (sampled by zeus ten times a second)"
        return Channel(
            key=f"jetson:{key}",
            title=title,
            domain=domain,
            provenance=Provenance.INTEGRATED,
            covers=words,
            refresh_s=0.1,
            error=ERROR,
        )

    rails = {
        "total_energy_mj": rail("total", "Module", Domain.PLATFORM, "whole module: processor, graphics, memory"),
        "cpu_energy_mj": rail("cpu", "CPU", Domain.PACKAGE, "processor rail"),
        "gpu_energy_mj": rail("gpu", "GPU", Domain.GPU, "graphics rail"),
    }
    readings = SocReadings(load, rails)
    keys = {channel.key for channel in readings.channels}
    counted = {"jetson:cpu"} if gpu_measured() else {"jetson:total"} if "jetson:total" in keys else keys
    inside = "jetson:total" if "jetson:total" in keys else ""
    readings.channels = [
        c.model_copy(update={"counted": c.key in counted, "inside": inside if c.key != inside else ""}) for c in readings.channels
    ]
    return readings


def _has_amd(root: Path) -> bool:
    return (root / "dev/kfd").exists() or bool(os.environ.get("ROCM_PATH"))


def _has_apple(root: Path) -> bool:
    return sys.platform == "darwin" and platform.machine() == "arm64"


def _has_jetson(root: Path) -> bool:
    return any((root / mark).exists() for mark in ("etc/nv_tegra_release", "usr/lib/aarch64-linux-gnu/tegra"))


FAMILIES = (
    Family(
        "amd",
        "AMD graphics boards",
        "whole graphics boards with their memory",
        _has_amd,
        "There is no AMD graphics board with its compute driver (ROCm).",
        AmdReadings,
    ),
    Family(
        "apple",
        "Apple silicon",
        "processor, graphics, memory and neural engine of the chip",
        _has_apple,
        "This machine is no Mac with Apple silicon.",
        _apple,
    ),
    Family(
        "jetson",
        "NVIDIA Jetson",
        "the module, or its processor and graphics rails",
        _has_jetson,
        "This machine is no NVIDIA Jetson board.",
        _jetson,
    ),
)
