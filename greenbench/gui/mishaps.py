"""The door for what nobody foresaw: an action of the window that raises is said in the message bar, with its details in a file.

Qt hands an exception of a slot to `sys.excepthook`, and goes on. A thread hands its own to `threading.excepthook`.
"""

import sys
import threading
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Signal

from greenbench.core.errors import GreenBenchError

LOG = "window.log"
_LARGEST = 1_000_000  # bytes; then the file is begun anew


class Mishaps(QObject):
    """`happened` carries the exception in the window's thread, whichever thread raised it."""

    happened = Signal(object)

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.log = home / LOG
        self._before: tuple[Callable[..., object], Callable[..., object]] | None = None

    def listen(self) -> None:
        """Takes the place of the hooks that write to the terminal alone."""
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self.take
        threading.excepthook = lambda found: self.take(found.exc_type, found.exc_value, found.exc_traceback)

    def close(self) -> None:
        """Puts the hooks back."""
        if self._before is not None:
            sys.excepthook, threading.excepthook = self._before
            self._before = None

    def take(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        """Writes the details down, to the terminal too, and tells the window."""
        sys.__excepthook__(kind, error or kind(), trace)
        if error is None or not issubclass(kind, Exception):
            return  # Ctrl+C and the end of the interpreter are no mishap
        self._write("".join(traceback.format_exception(kind, error, trace)))
        self.happened.emit(error)

    def _write(self, details: str) -> None:
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            fresh = not self.log.exists() or self.log.stat().st_size > _LARGEST
            with self.log.open("w" if fresh else "a", encoding="utf-8") as file:
                file.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')}\n{details}\n")
        except OSError:
            pass  # a full disk must not hide what happened: the terminal has it, and the window says so


def told(error: Exception, log: Path) -> tuple[str, str]:
    """What the message bar says of an exception: the sentence and remedy of the product's own errors, else that the log has the details."""
    if isinstance(error, GreenBenchError):
        return error.message, error.remedy
    first = (str(error).strip().splitlines() or [""])[0][:120].rstrip(".")
    words = f"Something went wrong ({type(error).__name__}{f': {first}' if first else ''})."
    return words, f"The pipeline and its results are as they were. The log has the details: {log}"
