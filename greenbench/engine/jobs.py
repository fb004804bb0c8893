"""Single jobs in a process of their own: the parent asks once, hears progress, and gets a result or an error it can show.

parent ── request ──▶ job process      progress, result or failure ──▶ parent      end of input: the parent is gone or said stop
"""

import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from greenbench.core import errors
from greenbench.core.errors import Cancelled, GreenBenchError, WorkerError
from greenbench.core.jobs import CompareAnswers, Export, InspectFile, JobRequest, JobResult, LookInside, PrepareSources, Prove
from greenbench.core.value import Value
from greenbench.engine.disk import disk_full
from greenbench.engine.memory import short_of_memory
from greenbench.engine.process import Child, Wire, how_it_ended, quiet_threads

Request = InspectFile | PrepareSources | LookInside | CompareAnswers | Export | Prove

_WORK = {
    "inspect": "greenbench.ml.files.inspect:inspect",
    "sources": "greenbench.engine.sources:prepare",
    "look": "greenbench.ml.inside:look",
    "differences": "greenbench.ml.differences:differences",
    "export": "greenbench.engine.exporting:export",
    "prove": "greenbench.ml.shipping.proving:prove",
}
_WAKE_S = 0.2


class JobProgress(Value):
    """How far a job is (0 to 1), and what it is doing."""

    tag: Literal["progress"] = "progress"
    fraction: float
    text: str = ""


class JobDone(Value):
    tag: Literal["done"] = "done"
    result: JobResult


class JobFailed(Value):
    """`kind` is the class of the error in greenbench.core.errors, or "" for one that was not expected."""

    tag: Literal["failed"] = "failed"
    kind: str
    message: str
    remedy: str = ""


_REQUESTS: TypeAdapter[Any] = TypeAdapter(JobRequest)
_REPLIES: TypeAdapter[JobProgress | JobDone | JobFailed] = TypeAdapter(
    Annotated[JobProgress | JobDone | JobFailed, Field(discriminator="tag")]
)


def run_job(
    request: Request,
    on_progress: Callable[[float, str], None] = lambda fraction, text: None,
    stopped: Callable[[], bool] = lambda: False,
    threads: int = 1,
) -> Any:
    """Does one job and returns its result (greenbench.core.jobs). Blocks; `on_progress` is called on another thread.

    Raises:
        GreenBenchError: what the job raised, of the same class; WorkerError if its process died.
        Cancelled: `stopped` said so.
    """
    replies: list[JobDone | JobFailed] = []
    ended = threading.Event()
    codes: list[int] = []

    def on_line(line: bytes) -> None:
        reply = _REPLIES.validate_json(line)
        if isinstance(reply, JobProgress):
            on_progress(reply.fraction, reply.text)
        else:
            replies.append(reply)

    def on_end(code: int) -> None:
        codes.append(code)
        ended.set()

    with tempfile.TemporaryDirectory(prefix="greenbench-job-", ignore_cleanup_errors=True) as scratch:
        child = Child(["job"], environment={**quiet_threads(threads), "GREENBENCH_JOB_SCRATCH": scratch}, on_line=on_line, on_end=on_end)
        try:
            child.send(request.model_dump_json().encode() + b"\n")
            while not ended.wait(_WAKE_S) and not replies:  # a process that it left behind may hold the pipe open
                if stopped():
                    raise Cancelled
        finally:
            child.stop(grace_s=1.0)
    if not replies:
        tail = child.tail(5)
        raise WorkerError(f"The process that was to do this {how_it_ended(codes[0])}.", f"Try again. {tail}".strip())
    reply = replies[-1]
    if isinstance(reply, JobDone):
        return reply.result
    raise _error(reply)


def _error(reply: JobFailed) -> GreenBenchError:
    kind = getattr(errors, reply.kind, WorkerError) if reply.kind else WorkerError
    if not (isinstance(kind, type) and issubclass(kind, GreenBenchError)) or kind is errors.PlanError:
        kind = WorkerError
    return kind(reply.message, reply.remedy)


class JobContext:
    """What a job may use: like a step's context (greenbench.core.step.StepContext), without a pipeline around it.

    `folder` is an empty folder that is removed when the job has ended.
    """

    node = ""
    title = ""
    seed = 0
    device = "cpu"

    def __init__(self, say: Callable[[JobProgress], None], trusted: frozenset[str], threads: int) -> None:
        self._say = say
        self.trusted, self.threads = trusted, threads
        self.folder = Path(os.environ.get("GREENBENCH_JOB_SCRATCH") or tempfile.mkdtemp(prefix="greenbench-job-"))

    def check(self) -> None:
        """A stopped job is ended as a process; there is nothing to look for."""

    def progress(self, fraction: float, text: str = "") -> None:
        self._say(JobProgress(fraction=min(max(fraction, 0.0), 1.0), text=text))

    def metric(self, name: str, value: float, variant: str = "") -> None:
        """Jobs feed no plots."""

    def log(self, text: str, level: str = "info") -> None:
        print(f"{level}: {text}", file=sys.stderr, flush=True)  # noqa: T201 - stderr is the job's log


def main() -> int:
    """The process of one job: reads the request, does it, answers, ends."""
    wire = Wire()

    def say(reply: Value) -> None:
        wire.send(reply.model_dump_json().encode() + b"\n")

    line = sys.stdin.buffer.readline()
    if not line:
        return 0
    request = _REQUESTS.validate_json(line)
    threading.Thread(target=_leave_with_parent, daemon=True, name="parent").start()
    trusted = frozenset(getattr(request, "trusted", ()))
    if isinstance(request, PrepareSources):
        trusted = frozenset(request.plan.trusted)
    try:
        module, _, name = _WORK[request.job].partition(":")
        result = getattr(import_module(module), name)(request, JobContext(say, trusted, getattr(request, "threads", 1)))
        say(JobDone(result=result))
    except Exception as error:  # noqa: BLE001 - the door of the process: every failure goes to the parent as an answer
        traceback.print_exc()
        say(_failed(error))
    sys.stderr.flush()
    os._exit(0)  # taking torch down in order lasts over a second


def _failed(error: Exception) -> JobFailed:
    if isinstance(error, GreenBenchError):
        return JobFailed(kind=type(error).__name__, message=error.message, remedy=error.remedy)
    if short_of_memory(error):
        return JobFailed(kind="WorkerError", message="There is not enough memory for this.", remedy="Close other programs and try again.")
    if disk_full(error):
        return JobFailed(kind="WorkerError", message="The disk is full.", remedy="Make room, or clear the cache, and try again.")
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return JobFailed(kind="", message=f"This stopped with an error it did not expect: {first}", remedy="Its log has the details.")


def _leave_with_parent() -> None:
    """End of input: the parent is gone or wants no answer any more."""
    for _ in open(0, "rb", buffering=0, closefd=False):  # noqa: SIM115 - it is the process's own standard input
        pass
    os._exit(0)
