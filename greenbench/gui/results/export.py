"""Writes PDF, HTML, CSV and JSON on a thread of its own, so that the window never stalls."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal

from greenbench.core.errors import ReportError
from greenbench.core.run import RunResult
from greenbench.gui.beside import Beside

FORMATS = {"pdf": "PDF report", "html": "HTML page", "csv": "CSV table", "json": "JSON results"}


class Exporter(Beside):
    """`written` carries the path, `failed` the error; both arrive in the window's thread."""

    written = Signal(object)

    def __init__(self, proved: Callable[[RunResult], RunResult] = lambda result: result) -> None:
        """`proved` holds a result against its raw data and gives it back, with a remark where they disagree."""
        super().__init__(
            "export", lambda error: ReportError(f"The report cannot be written: {error}", "Please report this with the run's JSON.")
        )
        self._proved = proved

    def write(self, result: RunResult, path: Path) -> None:
        """Starts writing; the suffix chooses the format."""

        def work() -> None:
            # Matplotlib and Typst come in here: not before somebody wants a report.
            from greenbench.report.writers import write

            write(self._proved(result), path)
            self.written.emit(path)

        self.begin(work)
