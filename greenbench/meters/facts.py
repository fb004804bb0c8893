"""What else the machine says of itself: load, memory, temperature, clock, mains. None where it does not say."""

from collections.abc import Callable
from typing import Any, Protocol

import psutil

from greenbench.core.measurement import Facts
from greenbench.meters.meter import NS, Clock, monotonic

_SLOW_NS = 2 * NS  # sensors behind a bus, and one file for each core: asked seldom
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


class MachineFacts:
    """The facts of this machine. `gpu_percent` asks the graphics boards, if there are any."""

    def __init__(self, gpu_percent: Callable[[], float | None] = lambda: None, clock: Clock = monotonic) -> None:
        self._gpu_percent, self._clock = gpu_percent, clock
        self._load = CpuLoad()
        self._cpu_percent: float | None = None
        self._slow: tuple[float | None, float | None, bool | None, float | None] = (None, None, None, None)
        self._slow_ns = self._clock() - _SLOW_NS

    def read(self) -> Facts:
        if self._clock() - self._slow_ns >= _SLOW_NS:
            self._slow_ns = self._clock()
            self._slow = _temperature_c(), _frequency_hz(), _on_battery(), self._gpu_percent()
        fraction = self._load.fraction()
        if fraction is not None:
            self._cpu_percent = fraction * 100
        memory = psutil.virtual_memory()
        temperature_c, frequency_hz, on_battery, gpu_percent = self._slow
        return Facts(
            t_ns=self._clock(),
            cpu_percent=self._cpu_percent,
            memory_bytes=memory.total - memory.available,
            memory_total_bytes=memory.total,
            temperature_c=temperature_c,
            frequency_hz=frequency_hz,
            gpu_percent=gpu_percent,
            on_battery=on_battery,
        )


def _temperature_c() -> float | None:
    try:
        sensors = psutil.sensors_temperatures()
    except (AttributeError, OSError):  # not on Windows and macOS; a sensor may vanish while it is read
        return None
    for name in _CPU_SENSORS:
        readings = sensors.get(name, [])
        whole = [r for r in readings if r.label.startswith(("Package", "Tctl", "Tdie"))] or readings
        hot = [reading.current for reading in whole if reading.current]
        if hot:
            return float(max(hot))
    return None


def _frequency_hz() -> float | None:
    try:
        frequency = psutil.cpu_freq()
    except (AttributeError, OSError, NotImplementedError):
        return None
    return float(frequency.current) * 1e6 if frequency and frequency.current else None


def _on_battery() -> bool | None:
    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError):
        return None
    return None if battery is None or battery.power_plugged is None else not battery.power_plugged
