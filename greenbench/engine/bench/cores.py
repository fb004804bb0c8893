"""Keeps a process to chosen logical cores."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from greenbench.core.errors import StepError


def keep_to(cores: Sequence[int]) -> tuple[int, ...]:
    """Moves all threads of this process, and those it will start, to these cores; returns where it may run now. Empty: no change.

    Raises:
        StepError: this system cannot do that, or gives this process none of these cores.
    """
    if not cores:
        return ()
    named = ", ".join(str(core) for core in cores)
    try:
        if hasattr(os, "sched_setaffinity"):
            return _linux(cores)
        import psutil

        process = psutil.Process()
        if not hasattr(process, "cpu_affinity"):
            raise StepError("This system cannot keep a process to chosen cores.", "Leave the cores empty.")
        process.cpu_affinity(list(cores))
        return tuple(sorted(process.cpu_affinity()))
    except (OSError, ValueError) as error:
        raise StepError(f"This process cannot be kept to the cores {named}: {error}.", "Choose cores that this system gives it.") from None


def _linux(cores: Sequence[int]) -> tuple[int, ...]:
    os.sched_setaffinity(0, cores)
    # The call moves one thread; a numeric library may have started others when it was imported.
    for task in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), cores)
    return tuple(sorted(os.sched_getaffinity(0)))
