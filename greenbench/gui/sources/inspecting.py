"""Looks at model files as soon as they are chosen: a process of its own reads what they are, by their content."""

import os
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from greenbench.core.jobs import InspectFile
from greenbench.gui.job_bridge import JobBridge
from greenbench.gui.sources.looks import Look, Looks, Stage

Subject = tuple[str, int, int, frozenset[str]]


class FileLooks(QObject):
    """What model files are. `changed` carries the node on whose behalf a file was looked at."""

    changed = Signal(str)

    def __init__(self, jobs: JobBridge, allowed: Callable[[], frozenset[str]]) -> None:
        super().__init__()
        self._allowed = allowed
        self._looks = Looks(jobs, "inspect")
        self._looks.changed.connect(self.changed)

    def subject(self, path: str) -> Subject | None:
        """What is looked at: a file in this state, with these permissions; None where there is none."""
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return None
        return (path, status.st_size, status.st_mtime_ns, self._allowed())

    def look(self, path: str) -> Look:
        """What is known of a file as it is now; its `result` is a Found. INCOMPLETE: there is no such file."""
        subject = self.subject(path)
        return self._looks.at(subject) if subject else Look(Stage.INCOMPLETE)

    def begin(self, node: str, path: str) -> None:
        """Looks at a file for a node, unless that is done or under way."""
        subject = self.subject(path)
        if subject is None or self._looks.at(subject).stage is not Stage.OPEN:
            return
        request = InspectFile(path=path, trusted=tuple(sorted(subject[3])))
        self._looks.begin(node, subject, request, lambda found: Look(Stage.READY, result=found))

    def again(self, node: str, path: str) -> None:
        """Looks once more at a file that could not be read."""
        self._looks.forget(self.subject(path))
        self.begin(node, path)

    def stop(self, node: str) -> None:
        self._looks.stop(node)
