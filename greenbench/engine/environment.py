"""The machine as it is at the start of a run. What it does not say stays empty; one missing field wipes nothing."""

import os
import platform
from contextlib import suppress
from pathlib import Path

import psutil

from greenbench.core.run import Environment
from greenbench.engine import libraries
from greenbench.engine.gpus import nvidia_gpus


def snapshot() -> Environment:
    """Reads processor, memory, governor, turbo, GPUs, power supply, load and library versions of this machine."""
    frequency = _frequency_hz()
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    gpus, driver = nvidia_gpus()
    return Environment(
        cpu=cpu_name(),
        cores_physical=psutil.cpu_count(logical=False),
        cores_logical=psutil.cpu_count(),
        memory_bytes=psutil.virtual_memory().total,
        system=_system(),
        hostname=platform.node(),
        governor=_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        turbo=_turbo(),
        virtual=_virtual(),
        gpus=tuple(gpu.name for gpu in gpus),
        driver=driver,
        on_battery=None if battery is None or battery.power_plugged is None else not battery.power_plugged,
        load_1min=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        temperature_c=_temperature_c(),
        frequency_hz=frequency,
        libraries={name: version for name, version in libraries.versions().items() if version},
        greenbench=libraries.own_version(),
    )


def cpu_name() -> str:
    """The processor's own name, as the system gives it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def physical_cores() -> int:
    return psutil.cpu_count(logical=False) or psutil.cpu_count() or 1


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _system() -> str:
    with suppress(OSError):
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "")
        return f"{name}, {platform.system()} {platform.release()}" if name else f"{platform.system()} {platform.release()}"
    return f"{platform.system()} {platform.release()}"


def _turbo() -> str:
    intel = _read("/sys/devices/system/cpu/intel_pstate/no_turbo")
    if intel:
        return "off" if intel == "1" else "on"
    boost = _read("/sys/devices/system/cpu/cpufreq/boost")
    return {"0": "off", "1": "on"}.get(boost, "")


def _virtual() -> str:
    """The hypervisor's name, or "yes" where only its presence is known."""
    flags = next((line for line in _read("/proc/cpuinfo").splitlines() if line.startswith("flags")), "")
    if " hypervisor" not in flags:
        return ""
    return _read("/sys/class/dmi/id/sys_vendor") or "yes"


def _frequency_hz() -> float | None:
    with suppress(Exception):  # psutil raises whatever a platform's files make it raise
        frequency = psutil.cpu_freq()
        return frequency.current * 1e6 if frequency and frequency.current else None
    return None


def _temperature_c() -> float | None:
    with suppress(Exception):
        for name in ("coretemp", "k10temp", "zenpower", "cpu_thermal", "acpitz"):
            readings = psutil.sensors_temperatures().get(name)
            if readings:
                return float(readings[0].current)
    return None
