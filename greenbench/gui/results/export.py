"""Writes PDF, HTML, CSV and JSON on a thread of its own, so that the window never stalls."""

import threading
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from greenbench.core.errors import GreenBenchError, ReportError
from greenbench.core.run import RunResult

FORMATS = {"pdf": "PDF report", "html": "HTML page", "csv": "CSV table", "json": "JSON results"}


class Exporter(QObject):
    """`written` carries the path, `failed` the error; both arrive in the window's thread."""

    written = Signal(object)
    failed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._threads: list[threading.Thread] = []

    @property
    def busy(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def write(self, result: RunResult, path: Path) -> None:
        """Starts writing; the suffix chooses the format."""
        thread = threading.Thread(target=self._work, args=(result, path), name="export", daemon=True)
        self._threads = [old for old in self._threads if old.is_alive()] + [thread]
        thread.start()

    def _work(self, result: RunResult, path: Path) -> None:
        try:
            # Matplotlib and Typst come in here: not before somebody wants a report.
            from greenbench.report.writers import write

            write(result, path)
        except GreenBenchError as error:
            self.failed.emit(error)
        except Exception as error:  # noqa: BLE001  a door: whatever it is, the user hears of it and the window lives on
            self.failed.emit(ReportError(f"{path.name} cannot be written: {error}", "Please report this with the run's JSON."))
        else:
            self.written.emit(path)

    def wait(self) -> None:
        """Blocks until what was begun is written."""
        for thread in self._threads:
            thread.join()
