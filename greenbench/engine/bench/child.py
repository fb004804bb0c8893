"""The bench child: loads one model in one runtime and answers "warm up", "run a block", "how accurate"; times every call.

It imports torch only for the eager runtime, so an ONNX Runtime child starts in a fraction of a second and its memory is
that of the model.
"""

import gc
import json
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from greenbench.core.artifact import ModelArtifact
from greenbench.core.clock import now_ns
from greenbench.core.errors import GreenBenchError
from greenbench.core.step import Stored
from greenbench.engine.bench.schedule import WarmUp
from greenbench.engine.memory import short_of_memory
from greenbench.engine.process import Wire

_TIMED_EXAMPLES = 64
_WARM_UP_CHUNK_S = 0.05


def main() -> int:
    """Answers requests, one JSON object a line, until end of input."""
    wire = Wire()
    bench = Bench(lambda reply: wire.send(json.dumps(reply).encode() + b"\n"))
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            reply = getattr(bench, f"do_{request.pop('do')}")(**request)
        except Exception as error:  # noqa: BLE001 - the door of the process: every failure goes to the parent as an answer
            traceback.print_exc()
            remedy = error.remedy if isinstance(error, GreenBenchError) else ""
            message = error.message if isinstance(error, GreenBenchError) else f"{type(error).__name__}: {error}"
            reply = {"error": message, "remedy": remedy, "memory": short_of_memory(error)}
        wire.send(json.dumps(reply).encode() + b"\n")
    return 0


class Bench:
    """One model, ready to be timed."""

    def __init__(self, say: Callable[[dict[str, Any]], None]) -> None:
        self._say = say
        self._batches: list[np.ndarray] = []
        self._run: Callable[[np.ndarray], Any]
        self._next = 0

    def do_load(
        self, artifact: str, folder: str, title: str, runtime: str, threads: int, device: str, batch: int, examples: str
    ) -> dict[str, Any]:
        """Loads the model and the examples that are cycled through while timing."""
        from greenbench.ml.runtimes import runtime as find_runtime

        model = ModelArtifact.model_validate_json(artifact)
        self._session = find_runtime(runtime).prepare(Stored(model, Path(folder), "", title), threads=threads, device=device)
        self._x = np.load(examples, mmap_mode="r")
        count = min(len(self._x), max(_TIMED_EXAMPLES, batch))
        picked = [np.resize(np.arange(start, start + batch) % count, batch) for start in range(0, max(count - batch + 1, 1), batch)]
        self.hold(self._session.run, [np.ascontiguousarray(self._x[indices], dtype=np.float32) for indices in picked])
        return {"precision": self._session.precision, "notes": list(self._session.notes)}

    def hold(self, run: Callable[[np.ndarray], Any], batches: list[np.ndarray]) -> None:
        """Takes what shall be timed: a callable, and the batches it is given in turn. Calls it once."""
        self._run, self._batches = run, batches
        run(batches[0])

    def _timed(self, seconds: float) -> tuple[int, int, list[int]]:
        """Calls until the time is up, at least three times: start, end, and each call's nanoseconds."""
        batches, run, position = self._batches, self._run, self._next
        durations: list[int] = []
        gc.collect()
        gc.disable()
        try:
            started = now_ns()
            deadline = started + int(seconds * 1e9)
            while True:
                batch = batches[position % len(batches)]
                position += 1
                begin = now_ns()
                run(batch)
                end = now_ns()
                durations.append(end - begin)
                if end >= deadline and len(durations) >= 3:
                    break
        finally:
            gc.enable()
        self._next = position
        return started, end, durations

    def do_warm_up(self, seconds: float) -> dict[str, Any]:
        """Runs until latency is flat, or the cap is reached; says which."""
        warm_up = WarmUp()
        started = now_ns()
        while True:
            _, end, durations = self._timed(_WARM_UP_CHUNK_S)
            warm_up.add(durations)
            if warm_up.flat or end - started >= seconds * 1e9:
                return {"t0_ns": started, "t1_ns": end, "flat": warm_up.flat}

    def do_block(self, seconds: float) -> dict[str, Any]:
        started, end, durations = self._timed(seconds)
        return {"t0_ns": started, "t1_ns": end, "durations_ns": durations}

    def do_accuracy(self, labels: str, batch: int) -> dict[str, Any]:
        """Answers every test example once, with what was timed; says how it goes about five times a second."""
        y = np.load(labels)
        correct: list[np.ndarray] = []
        said = started = now_ns()
        for start in range(0, len(y), batch):
            logits = self._run(np.ascontiguousarray(self._x[start : start + batch], dtype=np.float32))
            correct.append(np.argmax(logits, axis=1) == y[start : start + batch])
            if now_ns() - said > 200_000_000:
                said = now_ns()
                self._say({"progress": start + batch, "correct": int(sum(part.sum() for part in correct))})
        bits = "".join("1" if right else "0" for part in correct for right in part)
        return {"correct": bits, "t0_ns": started, "t1_ns": now_ns()}

    def do_memory(self) -> dict[str, Any]:
        return {"peak_memory_bytes": peak_memory_bytes()}


def peak_memory_bytes() -> int | None:
    """The largest resident memory this process has had; None where the system does not say.

    Linux keeps ru_maxrss across exec, so there it would tell the parent's peak; VmHWM begins anew with the program.
    """
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if os.name == "posix":
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return int(peak if sys.platform == "darwin" else peak * 1024)
    import psutil

    return getattr(psutil.Process().memory_info(), "peak_wset", None)
