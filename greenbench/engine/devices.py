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


def check_affinity(text: str) -> tuple[int, ...]:
    """The logical cores in "0-3,6", sorted; empty for an empty text: all.

    Raises:
        PlanError: not such a list, or this machine has no such core.
    """
    found: set[int] = set()
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
            raise PlanError([Problem("", f'"{part}" names no cores.', "Write them as 0-3,6.")])
        found.update(range(int(first), int(last or first) + 1))
    cores = os.cpu_count() or 1
    beyond = [core for core in sorted(found) if core >= cores]
    if beyond:
        raise PlanError([Problem("", f"There is no core {beyond[0]} on this machine.", f"Its logical cores are 0 to {cores - 1}.")])
    return tuple(sorted(found))
