"""The devices a plan can name: the processor, and every NVIDIA GPU by number; found without importing torch."""

import os
from dataclasses import dataclass

from greenbench.core.errors import PlanError, Problem
from greenbench.engine.environment import cpu_name, nvidia_gpus, physical_cores


@dataclass(frozen=True)
class Device:
    """`key` is what `--device` takes ("cpu", "cuda:0")."""

    key: str
    title: str
    detail: str


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
    """The processor first."""
    cores = physical_cores()
    found = [Device("cpu", cpu_name(), f"{cores} {'core' if cores == 1 else 'cores'}")]
    names, driver = nvidia_gpus()
    found += [Device(f"cuda:{index}", name, f"driver {driver}") for index, name in enumerate(names)]
    return found


def check_device(key: str) -> str:
    """The key in its full form ("cuda" as "cuda:0").

    Raises:
        PlanError: this machine has no such device; lists those it has.
    """
    full = "cuda:0" if key == "cuda" else key
    known = [device.key for device in devices()]
    if full not in known:
        raise PlanError([Problem("", f'There is no device "{key}" on this machine.', f"Devices: {', '.join(known)}.")])
    return full
