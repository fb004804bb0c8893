"""Keeps a copy of unsaved work, and finds what a crashed window has left behind.

home/autosave/<pid>.greenbench   the pipeline        home/autosave/<pid>.json   who, when, and the file it belongs to
written ~2 s after an edit and at least every 20 s; removed when the window closes well or there is nothing to lose
"""

import contextlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
from PySide6.QtCore import QObject, QTimer

from greenbench.core.catalog import Catalog
from greenbench.core.document import SUFFIX, dumps, read, write_text
from greenbench.core.errors import GreenBenchError
from greenbench.core.pipeline import Pipeline
from greenbench.gui.session import Session

_AFTER_EDIT_MS, _EVERY_MS = 2_000, 20_000


@dataclass(frozen=True)
class Leftover:
    """Work of a window that did not close well."""

    copy: Path
    note: Path
    title: str
    saved: datetime
    original: Path | None

    def read(self, catalog: Catalog) -> Pipeline:
        return read(self.copy, catalog)

    def remove(self) -> None:
        for path in (self.copy, self.note):
            path.unlink(missing_ok=True)


def leftovers(folder: Path) -> list[Leftover]:
    """What processes that are gone have left, newest first. A note that cannot be read is passed over."""
    found = []
    for note in folder.glob("*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads(note.read_text(encoding="utf-8"))
            copy = note.with_suffix(SUFFIX)
            if not copy.is_file() or _alive(int(said["pid"]), float(said["started"])):
                continue
            original = Path(said["path"]) if said["path"] else None
            found.append(Leftover(copy, note, str(said["title"]), datetime.fromisoformat(said["saved"]), original))
    return sorted(found, key=lambda leftover: leftover.saved, reverse=True)


def _alive(pid: int, started: float) -> bool:
    try:
        return bool(abs(psutil.Process(pid).create_time() - started) < 2.0)
    except psutil.Error:
        return False


class Autosave(QObject):
    """Writes the session's pipeline beside; a disk that refuses is no reason to disturb: the next turn tries again."""

    def __init__(self, session: Session, folder: Path) -> None:
        super().__init__()
        self._session, self._folder = session, folder
        self._started = psutil.Process().create_time()
        self._after = QTimer(self, singleShot=True, interval=_AFTER_EDIT_MS)
        self._every = QTimer(self, interval=_EVERY_MS)
        self._after.timeout.connect(self.write)
        self._every.timeout.connect(self.write)
        session.state_changed.connect(self._soon)
        self._every.start()
        self._written = ""

    def _soon(self) -> None:
        """Shortly after an edit; at once when there is nothing to lose any more."""
        if self._session.document.modified:
            self._after.start()
        else:
            self._after.stop()
            self.remove()

    @property
    def copy(self) -> Path:
        return self._folder / f"{os.getpid()}{SUFFIX}"

    def write(self) -> None:
        """Writes the copy if there is something to lose, removes it if not."""
        document = self._session.document
        if not document.modified:
            self.remove()
            return
        text = dumps(document.pipeline)
        if text == self._written:
            return
        note = {
            "pid": os.getpid(),
            "started": self._started,
            "title": document.title,
            "saved": datetime.now().astimezone().isoformat(timespec="seconds"),
            "path": str(document.path) if document.path else "",
        }
        with contextlib.suppress(GreenBenchError, OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            write_text(self.copy, text)
            write_text(self.copy.with_suffix(".json"), json.dumps(note, indent=2))
            self._written = text

    def remove(self) -> None:
        self._written = ""
        with contextlib.suppress(OSError):
            self.copy.unlink(missing_ok=True)
            self.copy.with_suffix(".json").unlink(missing_ok=True)

    def stop(self) -> None:
        """Ends the timers and removes the copy: the window closes well."""
        self._after.stop()
        self._every.stop()
        self.remove()
