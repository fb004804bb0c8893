"""The machine as it is at the start of a run. What it does not say stays empty; one missing field wipes nothing."""

import os
import platform
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from greenbench.core import processor
from greenbench.core.run import Environment
from greenbench.engine import libraries
from greenbench.engine.gpus import nvidia_gpus


def snapshot() -> Environment:
    """Reads processor, memory, governor, turbo, GPUs, power supply, load and library versions of this machine."""
    frequency = _frequency_hz()
    gpus, driver = nvidia_gpus()
    return Environment(
        cpu=cpu_name(),
        cpu_features=cpu_features(),
        cores_physical=psutil.cpu_count(logical=False),
        cores_logical=psutil.cpu_count(),
        memory_bytes=psutil.virtual_memory().total,
        system=_system(),
        hostname=platform.node(),
        governor=governor(),
        turbo=_turbo(),
        virtual=virtual(),
        gpus=tuple(gpu.name for gpu in gpus),
        driver=driver,
        on_battery=on_battery(),
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


def cpu_features(root: Path = Path("/"), system: str = sys.platform) -> tuple[str, ...]:
    """Names of greenbench.core.processor; none where the system does not list them (Windows)."""
    if system == "darwin":
        return processor.recorded(_darwin_features())
    for line in _read(str(root / "proc/cpuinfo")).splitlines():
        if line.startswith(("flags", "Features")):
            return processor.recorded(line.partition(":")[2].split())
    return ()


# What Apple's sysctl calls the features, and what Linux does.
_DARWIN = {
    "hw.optional.neon": "asimd", "hw.optional.arm.FEAT_FP16": "asimdhp", "hw.optional.arm.FEAT_DotProd": "asimddp",
    "hw.optional.arm.FEAT_I8MM": "i8mm", "hw.optional.arm.FEAT_BF16": "bf16", "hw.optional.avx2_0": "avx2",
    "hw.optional.avx512f": "avx512f", "hw.optional.avx512vnni": "avx512_vnni",
}  # fmt: skip


def _darwin_features() -> list[str]:
    found = []
    with suppress(OSError, subprocess.SubprocessError):
        asked = subprocess.run(["/usr/sbin/sysctl", "hw.optional"], capture_output=True, text=True, timeout=2, check=True)
        for line in asked.stdout.splitlines():
            name, _, value = line.partition(":")
            if value.strip() == "1" and name.strip() in _DARWIN:
                found.append(_DARWIN[name.strip()])
    return found


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


def governor() -> str:
    """What sets the clock of the first core: "performance", "powersave" …; "" where the system does not say."""
    return _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def on_battery() -> bool | None:
    """Whether no mains is connected; None: no battery, or it does not say."""
    with suppress(Exception):  # psutil raises whatever a platform's files make it raise
        battery = psutil.sensors_battery()
        return None if battery is None or battery.power_plugged is None else not battery.power_plugged
    return None


def virtual() -> str:
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
