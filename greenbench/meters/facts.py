"""What else the machine says of itself: load, memory, temperature, clock, mains. None where it does not say."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from greenbench.core.measurement import Facts
from greenbench.meters.meter import NS, Clock, monotonic

HWMON = Path("/sys/class/hwmon")
_SLOW_NS = NS  # sensors behind a bus, and one file for each core: asked seldom, but once in the shortest block
_CPU_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "acpitz")


class FactsReader(Protocol):
    """Gives the facts of this moment."""

    def read(self) -> Facts: ...


class CpuLoad:
    """The share of the processor's time that was not idle since the last question; each asker has a reader of its own."""

    def __init__(self, times: Callable[[], Any] = psutil.cpu_times) -> None:
        self._times = times
        self._busy_s, self._total_s = self._now()

    def fraction(self) -> float | None:
        """From 0 to 1, or None if no time was counted since the last question."""
        busy_s, total_s = self._now()
        passed_s, worked_s = total_s - self._total_s, busy_s - self._busy_s
        if passed_s <= 0:
            return None
        self._busy_s, self._total_s = busy_s, total_s
        return min(max(worked_s / passed_s, 0.0), 1.0)

    def _now(self) -> tuple[float, float]:
        times = self._times()
        # Linux counts the time of guests in user and nice as well; waiting for a disk is idle time.
        total_s = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        return total_s - times.idle - getattr(times, "iowait", 0.0), total_s


@dataclass(frozen=True)
class GpuFacts:
    """What the graphics boards say; None: none does."""

    percent: float | None = None
    temperature_c: float | None = None
    clock_hz: float | None = None
    throttle: str = ""


@dataclass(frozen=True)
class _Slow:
    """What lies behind a bus or in a file for each core, and changes slowly."""

    temperature_c: float | None = None
    frequency_hz: float | None = None
    on_battery: bool | None = None
    battery_percent: float | None = None
    gpu: GpuFacts = GpuFacts()


class MachineFacts:
    """The facts of this machine. `gpu` asks the graphics boards, if there are any; `hwmon` is where heat is looked for."""

    def __init__(self, gpu: Callable[[], GpuFacts] = GpuFacts, clock: Clock = monotonic, hwmon: Path = HWMON) -> None:
        self._gpu, self._clock = gpu, clock
        self._load = CpuLoad()
        self._cpu_percent: float | None = None
        self._heat = CpuHeat(hwmon)
        self._slow = _Slow()
        self._slow_ns = self._clock() - _SLOW_NS

    def read(self) -> Facts:
        if not 0 <= self._clock() - self._slow_ns < _SLOW_NS:
            self._slow_ns = self._clock()
            self._slow = _Slow(self._heat.read_c(), _frequency_hz(), *_battery(), self._gpu())
        fraction = self._load.fraction()
        if fraction is not None:
            self._cpu_percent = fraction * 100
        memory, slow = psutil.virtual_memory(), self._slow
        return Facts(
            t_ns=self._clock(),
            cpu_percent=self._cpu_percent,
            memory_bytes=memory.total - memory.available,
            memory_total_bytes=memory.total,
            temperature_c=slow.temperature_c,
            frequency_hz=slow.frequency_hz,
            on_battery=slow.on_battery,
            battery_percent=slow.battery_percent,
            gpu_percent=slow.gpu.percent,
            gpu_temperature_c=slow.gpu.temperature_c,
            gpu_clock_hz=slow.gpu.clock_hz,
            gpu_throttle=slow.gpu.throttle,
        )


class CpuHeat:
    """The processor's temperature. On Linux the file is looked for once: reading every sensor would wake drives and radios."""

    def __init__(self, root: Path = HWMON) -> None:
        self._root = root
        self._files = _heat_files(root)

    def read_c(self) -> float | None:
        """Degrees Celsius of the hottest part, or None where no sensor says."""
        if not self._root.is_dir():
            return _psutil_heat_c()
        self._files = self._files or _heat_files(self._root)
        try:
            return max((int(file.read_text()) * 1e-3 for file in self._files), default=None)
        except (OSError, ValueError):
            self._files = []  # a driver that is loaded anew has a folder of another number
            return None


def _heat_files(root: Path) -> list[Path]:
    try:
        drivers = {folder: (folder / "name").read_text().strip() for folder in sorted(root.iterdir())}
    except OSError:
        return []
    for name in _CPU_SENSORS:
        files = [file for folder, driver in drivers.items() if driver == name for file in sorted(folder.glob("temp*_input"))]
        whole = [file for file in files if _label(file).startswith(("Package", "Tctl", "Tdie"))]
        if files:
            return whole or files
    return []


def _label(file: Path) -> str:
    try:
        return file.with_name(file.name.replace("_input", "_label")).read_text().strip()
    except OSError:
        return ""


def _psutil_heat_c() -> float | None:
    try:
        sensors = psutil.sensors_temperatures()
    except (AttributeError, OSError):  # not on Windows and macOS; a sensor may vanish while it is read
        return None
    hot = [reading.current for name in _CPU_SENSORS for reading in sensors.get(name, []) if reading.current]
    return float(max(hot)) if hot else None


def _frequency_hz() -> float | None:
    """The mean over the cores."""
    try:
        frequency = psutil.cpu_freq()
    except (AttributeError, OSError, NotImplementedError):
        return None
    return float(frequency.current) * 1e6 if frequency and frequency.current else None


def _battery() -> tuple[bool | None, float | None]:
    """Whether the machine runs on its battery, and how full that is in per cent."""
    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError):
        return None, None
    if battery is None:
        return None, None
    return None if battery.power_plugged is None else not battery.power_plugged, float(battery.percent)
