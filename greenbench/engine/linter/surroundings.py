"""What around a run would disturb it, as it is now: other programs, other runs, the power supply, the clock's governor."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from greenbench.core.measurement import SourceReport
from greenbench.engine import environment
from greenbench.engine.devices import check_device, devices
from greenbench.engine.gpus import processes_on
from greenbench.meters.facts import CpuLoad


@dataclass(frozen=True)
class Surroundings:
    """None, "" or 0: nothing is known, or nothing is there. `load` is the share of all cores that is busy now (0 to 1), `gpu_processes`
    the names of programs on the chosen graphics board, `other_runs` how many runs of GreenBench measure here already."""

    cores_physical: int | None = None
    governor: str = ""
    on_battery: bool | None = None
    virtual: str = ""
    load: float | None = None
    gpu_processes: tuple[str, ...] = ()
    other_runs: int = 0
    sources: tuple[SourceReport, ...] = ()


NOTHING = Surroundings()
_NAMES = ("python", "greenbench")


def look_around(device: str = "cpu", load: float | None = None, sources: tuple[SourceReport, ...] = ()) -> Surroundings:
    """Looks at this machine; takes some tens of milliseconds. `load` and `sources` are what a meter said."""
    workers = [(pid, words) for pid, words in _command_lines() if _is_worker(words)]
    ours = _family() if workers or device != "cpu" else frozenset()  # who began them is asked only where there is somebody
    return Surroundings(
        cores_physical=psutil.cpu_count(logical=False),
        governor=environment.governor(),
        on_battery=environment.on_battery(),
        virtual=environment.virtual(),
        load=load,
        gpu_processes=_on_gpu(device, ours),
        other_runs=other_runs(workers, ours),
        sources=sources,
    )


def load_for(seconds: float) -> float | None:
    """The share of all cores that is busy while this process sleeps so long."""
    import time

    counter = CpuLoad()
    time.sleep(seconds)
    return counter.fraction()


def _family() -> frozenset[int]:
    """This process and all that it started."""
    found = {os.getpid()}
    with suppress(psutil.Error):
        found |= {child.pid for child in psutil.Process().children(recursive=True)}
    return frozenset(found)


def _command_lines() -> list[tuple[int, list[str]]]:
    """Of the programs that could be ours: psutil keeps the names of those it has seen, so a second look is quick."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name().lower().startswith(_NAMES):
                found.append((process.pid, process.cmdline()))
    return found


def other_runs(processes: Iterable[tuple[int, list[str]]], ours: frozenset[int]) -> int:
    """How many workers of GreenBench run that this process did not start; there is one for each run."""
    return sum(pid not in ours and _is_worker(words) for pid, words in processes)


def _is_worker(words: list[str]) -> bool:
    """ "python -m greenbench worker", or the packed program with that word."""
    return "worker" in words[1:] and any(os.path.basename(word).removesuffix(".exe") == "greenbench" for word in words)


def _on_gpu(device: str, ours: frozenset[int]) -> tuple[str, ...]:
    if not device.startswith("cuda"):
        return ()
    key = check_device(device)
    uuid = next((each.uuid for each in devices() if each.key == key), "")
    names = []
    for pid in processes_on(uuid) if uuid else ():
        if pid not in ours:
            name = f"process {pid}"
            with suppress(psutil.Error):
                name = psutil.Process(pid).name()
            names.append(name)
    return tuple(names)
