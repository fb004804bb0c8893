"""The devices a plan can name: the processor with its cores, every GPU that PyTorch could use; found without importing torch."""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from greenbench.core.errors import PlanError, Problem
from greenbench.core.runtimes import torch_builds
from greenbench.engine.environment import cpu_name, physical_cores
from greenbench.engine.gpus import nvidia_gpus, visible


@dataclass(frozen=True)
class Device:
    """`key` is what `--device` takes ("cpu", "cuda:0"). `uuid` names the very GPU, whatever the order; `memory_bytes` where known."""

    key: str
    title: str
    detail: str
    uuid: str = ""
    memory_bytes: int | None = None


def default_threads(window_open: bool = False) -> int:
    """Physical cores, less one for the window where one is open."""
    return max(1, physical_cores() - (1 if window_open else 0))


def check_threads(threads: int) -> int:
    """The number itself.

    Raises:
        PlanError: more threads than logical cores, which would only wait for each other.
    """
    cores = os.cpu_count() or 1
    if threads > cores:
        raise PlanError([Problem("", f"{threads} threads are more than this machine's {cores} cores.", f"Choose at most {cores}.")])
    return threads


def devices() -> list[Device]:
    """The processor first, then the GPUs, counted as PyTorch counts them."""
    cores, logical = physical_cores(), os.cpu_count() or 1
    words = f"{cores} {'core' if cores == 1 else 'cores'}" + (f", {logical} threads" if logical != cores else "")
    found = [Device("cpu", cpu_name(), words)]
    gpus, driver = nvidia_gpus()
    for index, gpu in enumerate(visible(gpus, os.environ.get("CUDA_VISIBLE_DEVICES"))):
        size = f"{gpu.memory_bytes / 2**30:.0f} GiB"
        found.append(Device(f"cuda:{index}", gpu.name, f"{size}, driver {driver}", gpu.uuid, gpu.memory_bytes))
    builds = torch_builds()
    if "mps" in builds:
        found.append(Device("mps", f"{cpu_name()} GPU", "Metal"))
    if "xpu" in builds:
        found += [Device(f"xpu:{index}", f"Intel GPU {index}", "as PyTorch numbers it") for index in range(_intel_gpus())]
    return found


def _intel_gpus() -> int:
    """How many render nodes belong to Intel (vendor 0x8086); where the system does not say, PyTorch is taken at its word for one."""
    if not sys.platform.startswith("linux"):
        return 1
    vendors = Path("/sys/class/drm").glob("renderD*/device/vendor")
    with suppress(OSError):
        return sum(vendor.read_text().strip() == "0x8086" for vendor in vendors)
    return 0


def check_device(key: str) -> str:
    """The key in its full form: "cuda" as "cuda:0", "cuda:GPU-8c2f…" as the number that GPU has.

    Raises:
        PlanError: this machine has no such device, or the UUID fits several; lists those it has.
    """
    known = devices()
    kind, _, place = key.partition(":")
    if place.upper().startswith("GPU-"):
        fitting = [device for device in known if device.uuid.upper().startswith(place.upper())]
        if len(fitting) == 1:
            return fitting[0].key
        what = f'"{key}" fits {len(fitting)} GPUs.' if fitting else f'There is no GPU "{place}" on this machine.'
    else:
        full = f"{kind}:0" if kind in ("cuda", "xpu") and not place else key
        if full in [device.key for device in known]:
            return full
        what = f'There is no device "{key}" on this machine.'
    listed = ", ".join(f"{device.key} ({device.uuid})" if device.uuid else device.key for device in known)
    raise PlanError([Problem("", what, f"Devices: {listed}.")])


def check_affinity(text: str) -> tuple[int, ...]:
    """The logical cores in "0-3,6", sorted; empty for an empty text: all.

    Raises:
        PlanError: not such a list, this machine has no such core or gives it to others, or the system cannot keep to cores.
    """
    found: set[int] = set()
    cores = os.cpu_count() or 1
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
            raise PlanError([Problem("", f'"{part}" names no cores.', "Write them as 0-3,6.")])
        beyond = max(int(first), int(last or first))
        if beyond >= cores:
            raise PlanError([Problem("", f"There is no core {beyond} on this machine.", f"Its logical cores are 0 to {cores - 1}.")])
        found.update(range(int(first), int(last or first) + 1))
    if found and sys.platform == "darwin":
        raise PlanError([Problem("", "macOS cannot keep a process to chosen cores.", "Leave the cores empty.")])
    taken = sorted(found - os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if taken:
        has = ", ".join(str(core) for core in sorted(os.sched_getaffinity(0)))
        raise PlanError([Problem("", f"This process may not run on core {taken[0]}.", f"The system gives it these: {has}.")])
    return tuple(sorted(found))
