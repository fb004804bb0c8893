"""The process that makes a known load: a share of every core's time, and of the GPU's. It says and measures nothing.

    parent ── "0.75 0\\n" (shares of the cores and of the GPU), or end of file ──▶ stdin │ load

Each core has a thread that hashes, which leaves Python's lock alone, for its share of every tenth of a second, and sleeps for the rest.
The process is polite to others, so that the meter is read in time also at full load, and ends with its parent.
"""

import contextlib
import hashlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec

from greenbench.core.calibration import LoadLevel
from greenbench.engine.process import Child, quiet_threads

_TURN_S = 0.1
_PIECE = bytes(1 << 20)  # about a millisecond of hashing
_POLITE = 5


class _Shares:
    """What the parent wants at this moment."""

    def __init__(self) -> None:
        self.cpu = self.gpu = 0.0
        self.ended = threading.Event()
        self.changed = threading.Event()

    def take(self, line: str) -> None:
        words = line.split()
        with contextlib.suppress(ValueError):
            cpu, gpu = (min(max(float(word), 0.0), 1.0) for word in words)
            self.cpu, self.gpu = cpu, gpu
            self.changed.set()


def main(arguments: list[str]) -> int:
    """The process behind `greenbench load CORES`; returns when its parent is gone."""
    cores = int(arguments[0]) if arguments else os.cpu_count() or 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_POLITE)
    shares = _Shares()
    for number in range(cores):
        threading.Thread(target=_keep_core_busy, args=(shares,), name=f"core {number}", daemon=True).start()
    gpu: threading.Thread | None = None
    for line in sys.stdin:
        shares.take(line)
        if shares.gpu and gpu is None:
            gpu = threading.Thread(target=_keep_gpu_busy, args=(shares,), name="gpu", daemon=True)
            gpu.start()
    shares.ended.set()
    return 0


def _keep_core_busy(shares: _Shares) -> None:
    while not shares.ended.is_set():
        if not shares.cpu:
            shares.changed.wait(0.5)  # idle is idle: nobody wakes ten times a second
            shares.changed.clear()
            continue
        start = time.monotonic()
        busy_until = start + shares.cpu * _TURN_S
        while time.monotonic() < busy_until:
            hashlib.blake2b(_PIECE)
        rest_s = start + _TURN_S - time.monotonic()
        if rest_s > 0:
            time.sleep(rest_s)


def _keep_gpu_busy(shares: _Shares) -> None:
    from greenbench.ml.gpu_load import gpu_is_there, keep_busy  # torch, in this process alone

    if gpu_is_there():
        keep_busy(lambda: shares.gpu, shares.ended)


def cores_allowed() -> int:
    """How many logical cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpu_possible() -> bool:
    """Whether a load on the GPU can be tried: torch is installed. Whether it can use one, only the process finds out."""
    return find_spec("torch") is not None


class Load:
    """The parent's end: `set` changes the load, `close` ends it. It also ends with this process."""

    def __init__(self, cores: int, start: Callable[..., Child] = Child) -> None:
        self._child = start(["load", str(cores)], environment=quiet_threads(1), on_line=lambda line: None)

    def set(self, level: LoadLevel) -> bool:
        """Makes the machine that busy; False if the process is gone."""
        return self._child.send(f"{level.cpu:.4f} {level.gpu:.4f}\n".encode())

    @property
    def alive(self) -> bool:
        return self._child.alive

    def close(self) -> None:
        self._child.stop(grace_s=1.0)
