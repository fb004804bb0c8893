"""Single jobs from the window: each in a process of its own, watched on a thread, its news told in the window's thread.

WAITING ──no run under way──▶ UNDER WAY ──▶ done or failed        stopped, replaced by a later job of the same owner: silent
   ▲─────────a run begins─────────┘   a measurement must not be disturbed: the job starts again after it
"""

import threading
from collections.abc import Callable, Hashable
from typing import Any

from PySide6.QtCore import QObject, Signal

from greenbench.core.errors import Cancelled, GreenBenchError, WorkerError

WAITS = "Waits until the run is over"
_JOIN_S = 5.0

Do = Callable[..., Any]


def _run_job(request: Any, on_progress: Callable[[float, str], None], stopped: Callable[[], bool]) -> Any:
    from greenbench.engine.jobs import run_job  # not before the first paint

    return run_job(request, on_progress, stopped)


class Job(QObject):
    """One job. `done` carries its result (greenbench.core.jobs), `failed` a GreenBenchError; after `stop` neither comes."""

    progress = Signal(float, str)  # share that is done, 0 to 1, and what it is doing
    done = Signal(object)
    failed = Signal(object)

    def __init__(self, bridge: "JobBridge", owner: Hashable, request: Any) -> None:
        super().__init__()
        self._bridge, self.owner, self.request = bridge, owner, request

    def stop(self) -> None:
        """Ends the job at once; nothing more is heard of it."""
        self._bridge.forget(self)


class _Watch:
    """One attempt at a job: the thread that waits for its process, and the word that ends it. It knows nothing of Qt, so that no
    object of the window is ever let go in this thread."""

    def __init__(self, request: Any, do: Do, say: Callable[[object], None]) -> None:
        self._do, self._say = do, say
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._work, args=(request,), name="job", daemon=True)

    def _work(self, request: Any) -> None:
        try:
            result = self._do(request, lambda fraction, text: self._tell("progress", (fraction, text)), self.stopped.is_set)
        except Cancelled:
            return
        except GreenBenchError as error:
            self._tell("failed", error)
        except OSError as error:
            self._tell("failed", WorkerError(f"This cannot be started: {error}.", "Close other programs and try again."))
        except Exception as error:  # noqa: BLE001  a door: whatever it is, the user hears of it and the window lives on
            self._tell("failed", WorkerError(f"This stopped with an error it did not expect: {error}", "Try again."))
        else:
            self._tell("done", result)

    def _tell(self, word: str, news: object) -> None:
        if not self.stopped.is_set():
            self._say((self, word, news))


class JobBridge(QObject):
    """At most one job for each owner: a later one takes the place of an earlier. `do` is greenbench.engine.jobs.run_job."""

    _heard = Signal(object)

    def __init__(self, do: Do = _run_job, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._do = do
        self.held = self._closed = False  # held: a run is under way
        self._jobs: dict[Hashable, Job] = {}
        self._watches: dict[Hashable, _Watch] = {}
        self._ending: list[_Watch] = []
        self._heard.connect(self._on_heard)

    @property
    def busy(self) -> bool:
        """Whether any job is under way or waits."""
        return bool(self._jobs)

    def job(self, owner: Hashable) -> Job | None:
        """The owner's job, while it is not over."""
        return self._jobs.get(owner)

    def start(self, owner: Hashable, request: Any) -> Job:
        """Begins a job (a request of greenbench.core.jobs); connect to its signals right away. An earlier one of the owner ends."""
        self.stop(owner)
        job = Job(self, owner, request)
        self._jobs[owner] = job
        if not self.held:
            self._begin(job)
        return job

    def stop(self, owner: Hashable) -> None:
        """Ends the owner's job, if there is one."""
        if owner in self._jobs:
            self.forget(self._jobs[owner])

    def forget(self, job: Job) -> None:
        """Ends a job; nothing more is heard of it."""
        if self._jobs.get(job.owner) is job:
            del self._jobs[job.owner]
            self._break_off(job.owner)

    def hold(self, held: bool) -> None:
        """While a run is under way no job is: those that were begun start again when it is over."""
        if held == self.held:
            return
        self.held = held
        for job in list(self._jobs.values()):
            if held:
                self._break_off(job.owner)
                job.progress.emit(0.0, WAITS)
            else:
                self._begin(job)

    def waiting(self, owner: Hashable) -> bool:
        """Whether the owner's job waits for the end of a run."""
        return self.held and owner in self._jobs

    def close(self) -> None:
        """Ends everything and waits until no process is left; later starts do nothing."""
        self._closed = True
        for job in list(self._jobs.values()):
            self.forget(job)
        for watch in self._ending:
            watch.thread.join(_JOIN_S)
        self._ending.clear()

    def _begin(self, job: Job) -> None:
        if self._closed:
            return
        watch = _Watch(job.request, self._do, self._heard.emit)
        self._watches[job.owner] = watch
        watch.thread.start()

    def _break_off(self, owner: Hashable) -> None:
        watch = self._watches.pop(owner, None)
        self._ending = [old for old in self._ending if old.thread.is_alive()]
        if watch is not None:
            watch.stopped.set()
            self._ending.append(watch)

    def _on_heard(self, heard: tuple[_Watch, str, Any]) -> None:
        watch, word, news = heard
        owner = next((owner for owner, mine in self._watches.items() if mine is watch), None)
        if owner is None:
            return  # told before it was stopped, heard after
        job = self._jobs[owner]
        if word == "progress":
            job.progress.emit(*news)
            return
        self._break_off(owner)  # its thread is about to end
        del self._jobs[owner]
        getattr(job, word).emit(news)
