"""The bench child: loads one model in one runtime and answers "warm up", "run a block", "how accurate"; times every call.

It imports torch only for the runtimes of PyTorch, so an ONNX Runtime child starts in a fraction of a second and its memory is
that of the model.
"""

import gc
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from greenbench.core.artifact import DatasetArtifact, ModelArtifact
from greenbench.core.clock import now_ns
from greenbench.core.errors import DataError, GreenBenchError, ModelError
from greenbench.core.step import Stored
from greenbench.core.task import TASKS
from greenbench.engine.bench.cores import keep_to
from greenbench.engine.bench.examples import ENOUGH_TO_TIME
from greenbench.engine.bench.schedule import WarmUp
from greenbench.engine.bench.serving import arrivals_ns, serve
from greenbench.engine.memory import short_of_memory
from greenbench.engine.process import Wire
from greenbench.meters.facts import CpuLoad

_JUDGED_BATCH = 64
_WARM_UP_CHUNK_S = 0.05
_WARM_AGAIN_S = 0.02


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
        self, model: dict[str, str], runtime: str, threads: int, device: str, batch: int, examples: str, judged: bool, cores: list[int]
    ) -> dict[str, Any]:
        """Loads the model and the examples that are cycled through while timing. `model` has its artifact, folder and title; `judged`:
        the answers must be such as its task can judge."""
        affinity = keep_to(cores)  # first: threads that libraries start stay where their process is
        from greenbench.ml.runtimes import runtime as find_runtime

        stored = _stored(model, ModelArtifact)
        artifact = stored.model
        session = find_runtime(runtime).prepare(stored, threads=threads, device=device, batch=batch)
        x = np.load(examples, mmap_mode="r")
        count = min(len(x), max(ENOUGH_TO_TIME, batch))
        picked = [np.resize(np.arange(start, start + batch) % count, batch) for start in range(0, max(count - batch + 1, 1), batch)]
        self.hold(session.run, [np.ascontiguousarray(x[indices], dtype=session.dtype) for indices in picked])
        if judged:
            _check_outputs(artifact, session.shape, model["title"])
        self._session, self._task = session, artifact.task
        execution = session.execution.model_copy(update={"affinity": affinity})
        return {"execution": execution.model_dump(mode="json"), "notes": list(session.notes)}

    def hold(self, run: Callable[[np.ndarray], Any], batches: list[np.ndarray]) -> None:
        """Takes what shall be timed: a callable that has answered before, and the batches it is given in turn.

        What is loaded by now stays: the garbage collector need not walk over it before each block. With torch that takes 0.1 s and
        leaves the caches cold, so that the calls of the next 5 ms took 13 to 16 % longer (tests/speed/harness.py).
        """
        self._run, self._batches = run, batches
        gc.collect()
        gc.freeze()

    def _timed(self, seconds: float, least: int = 3) -> tuple[int, int, list[int]]:
        """Calls until the time is up, `least` so many times: start, end, and each call's nanoseconds."""
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
                if end >= deadline and len(durations) >= least:
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
        """Calls one after the other; with the processor time that this process took for them, all its threads together.

        Another variant's block came before, so caches are cold: some untimed calls fill them.
        """
        self._timed(_WARM_AGAIN_S, least=1)
        spent = _Spent()
        started, end, durations = self._timed(seconds)
        return {"t0_ns": started, "t1_ns": end, "durations_ns": durations, **spent.until_now()}

    def do_serve(self, seconds: float, rate: float, seed: int) -> dict[str, Any]:
        """Answers queries that arrive at random, `rate` a second (see `serving`); at twice the time those still waiting are broken off."""
        arrivals = arrivals_ns(rate, seconds, seed)

        def run() -> None:
            self._run(self._batches[self._next % len(self._batches)])
            self._next += 1

        gc.collect()
        gc.disable()
        spent = _Spent()
        try:
            found = serve(run, arrivals, 2 * seconds)
        finally:
            gc.enable()
        times = {"t0_ns": found.t0_ns, "t1_ns": found.t1_ns, **spent.until_now()}
        return {**times, "durations_ns": found.durations_ns, "ends_ns": found.ends_ns}

    def do_accuracy(self, data: dict[str, str], taken_by: dict[str, str]) -> dict[str, Any]:
        """Answers every test example once, with what was timed, and scores it as the model's task does; says how it goes about five
        times a second. The examples are read while they are answered, as the model `taken_by` takes them, which is the one before it
        was converted. `problem` is why they could not be read to the end; then there are no scores."""
        from greenbench.ml.data import open_dataset
        from greenbench.ml.tasks import task as find_task

        task, batch = find_task(self._task), self._session.batch or _JUDGED_BATCH
        scores: list[float] = []
        said = started = now_ns()
        try:
            split = open_dataset(_stored(data, DatasetArtifact), _stored(taken_by, ModelArtifact)).split("test")
            for examples, truth in split.batches(batch):
                scores += task.scores(self._session.answers(examples, batch), truth).tolist()
                if now_ns() - said > 200_000_000:
                    said = now_ns()
                    self._say({"progress": len(scores), "mean": float(np.mean(scores))})
        except DataError as error:  # what was timed stays
            return {"scores": [], "problem": error.message, "t0_ns": started, "t1_ns": now_ns()}
        return {"scores": scores, "problem": "", "t0_ns": started, "t1_ns": now_ns()}

    def do_memory(self) -> dict[str, Any]:
        return {"peak_memory_bytes": peak_memory_bytes()}


class _Spent:
    """Processor time from now on: of this process, and of all processes of the machine."""

    def __init__(self) -> None:
        self._machine = CpuLoad()
        self._own_ns, self._started_ns = time.process_time_ns(), now_ns()

    def until_now(self) -> dict[str, int | None]:
        own_ns, passed_ns = time.process_time_ns() - self._own_ns, now_ns() - self._started_ns
        share = self._machine.fraction()
        return {"cpu_ns": own_ns, "cpu_all_ns": None if share is None else round(share * passed_ns * (os.cpu_count() or 1))}


def _stored(described: dict[str, str], kind: type[ModelArtifact | DatasetArtifact]) -> Stored:
    """What a request says of an artefact: itself, its folder and its title."""
    return Stored(kind.model_validate_json(described["artifact"]), Path(described["folder"]), "", described["title"])


def _check_outputs(artifact: ModelArtifact, shape: tuple[int, ...], title: str) -> None:
    """Raises ModelError if the outputs cannot be answers to the model's task."""
    from greenbench.ml.tasks import task as find_task

    problem = find_task(artifact.task).output_problem(shape, len(artifact.classes))
    if problem:
        raise ModelError(
            f'The answers of "{title}" cannot be judged as {TASKS[artifact.task].title.lower()}. {problem}',
            "Choose the task that the model is for at its source, and check its classes.",
        )


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
