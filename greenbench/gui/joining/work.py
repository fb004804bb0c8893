"""What joining a log does beside the window: reads the file, brings its clock over, keeps what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from greenbench.core.errors import MeterError
from greenbench.engine.joining import JoinOptions, join_log
from greenbench.gui.beside import Beside
from greenbench.meters.power_log import Columns, read_log

if TYPE_CHECKING:
    from greenbench.store.store import Store


class JoinWork(Beside):
    """The joining of logs with one run. `read` carries the log with the path and columns that it was read by."""

    read = Signal(object, object, object)  # PowerLog, Path, Columns
    joined = Signal(object)  # RunResult

    def __init__(self, store: "Store", run_id: str) -> None:
        remedy = "Please report this with the first lines of the log."
        super().__init__("join", lambda error: MeterError(f"The log cannot be joined with run {run_id}: {error}", remedy))
        self._store, self._run_id = store, run_id

    def look(self, path: Path, columns: Columns) -> None:
        """Reads a log, to say what is taken for what."""
        self.begin(lambda: self.read.emit(read_log(path, columns), path, columns))

    def join(self, path: Path, options: JoinOptions) -> None:
        """Joins a log, and keeps it with the run."""
        self.begin(lambda: self.joined.emit(join_log(self._store, self._run_id, path, options)))
