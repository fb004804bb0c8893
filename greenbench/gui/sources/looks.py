"""What was found out about something outside the pipeline, by a job: asked once for each subject, remembered while the window is open."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from PySide6.QtCore import QObject, Signal

from greenbench.core.errors import GreenBenchError
from greenbench.gui.job_bridge import WAITS, Job, JobBridge


class Stage(Enum):
    INCOMPLETE = "incomplete"  # a setting is missing or wrong: `error` says which
    OPEN = "open"  # nobody has looked yet
    WORKING = "working"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class Look:
    """How far a look has come: `fraction` and `text` while it is WORKING, `result` when it is READY, `error` when it FAILED."""

    stage: Stage = Stage.OPEN
    fraction: float = 0.0
    text: str = ""
    result: Any = None
    error: GreenBenchError | None = None


OPEN = Look()


class Looks(QObject):
    """The looks of one kind, each at a `subject` (its content's name) on behalf of a node. `changed` carries the node."""

    changed = Signal(str)

    def __init__(self, jobs: JobBridge, kind: str) -> None:
        super().__init__()
        self._jobs, self._kind = jobs, kind
        self._known: dict[Hashable, Look] = {}
        self._under_way: dict[str, Hashable] = {}

    def at(self, subject: Hashable) -> Look:
        """What is known of a subject."""
        return self._known.get(subject, OPEN)

    def note(self, subject: Hashable, look: Look) -> None:
        """Remembers what was found out on another way."""
        self._known[subject] = look

    def forget(self, subject: Hashable) -> None:
        """The next look at it is a new one."""
        self._known.pop(subject, None)

    def begin(
        self,
        node: str,
        subject: Hashable,
        request: Any,
        on_done: Callable[[Any], Look],
        on_failed: Callable[[GreenBenchError], object] = lambda error: None,
    ) -> None:
        """Starts a look for a node; an earlier one of the same node ends. `on_done` makes a look of the job's result; `on_failed`
        hears of a failure besides."""
        self.stop(node)
        self._under_way[node] = subject
        waits = WAITS if self._jobs.held else ""
        self._known[subject] = Look(Stage.WORKING, text=waits)
        job: Job = self._jobs.start((self._kind, node), request)
        job.progress.connect(lambda fraction, text: self._set(node, subject, Look(Stage.WORKING, fraction, text)))
        job.done.connect(lambda result: self._end(node, subject, on_done(result)))
        job.failed.connect(lambda error: self._end(node, subject, Look(Stage.FAILED, error=error)))
        job.failed.connect(on_failed)
        self.changed.emit(node)

    def stop(self, node: str) -> None:
        """Breaks off the look for a node; its subject counts as not looked at."""
        subject = self._under_way.pop(node, None)
        if subject is None:
            return
        self._jobs.stop((self._kind, node))
        if self.at(subject).stage is Stage.WORKING:
            self.forget(subject)
            self.changed.emit(node)

    def _set(self, node: str, subject: Hashable, look: Look) -> None:
        self._known[subject] = look
        self.changed.emit(node)

    def _end(self, node: str, subject: Hashable, look: Look) -> None:
        self._under_way.pop(node, None)
        self._set(node, subject, look)
