"""What an audit does beside the window: joins the run again, reads the samples of a block, writes the raw data. On threads."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from greenbench.core.audit import Audit, AuditedBlock
from greenbench.core.errors import GreenBenchError, StoreError

if TYPE_CHECKING:
    from greenbench.store.store import Store


class AuditWork(QObject):
    """All signals arrive in the window's thread; `failed` carries the error."""

    audited = Signal(object)  # Audit
    sampled = Signal(object, object)  # AuditedBlock, tuple[Near, ...]
    written = Signal(object)  # the folder
    failed = Signal(object)

    def __init__(self, store: "Store", run_id: str) -> None:
        super().__init__()
        self._store, self._run_id = store, run_id
        self._threads: list[threading.Thread] = []

    def audit(self, variant: str) -> None:
        """Makes the numbers of a variant again."""

        def work() -> None:
            from greenbench.engine.audit import audit

            self.audited.emit(audit(self._store, self._run_id, variant))

        self._start(work)

    def sample(self, block: AuditedBlock) -> None:
        """Reads the samples of a block."""

        def work() -> None:
            from greenbench.engine.audit import near

            self.sampled.emit(block, near(self._store, self._store.result(self._run_id), block))

        self._start(work)

    def write(self, folder: Path) -> None:
        """Writes the raw data of the whole run."""

        def work() -> None:
            from greenbench.engine.audit import audit, write_raw

            whole: Audit = audit(self._store, self._run_id)
            write_raw(self._store, whole, folder)
            self.written.emit(folder)

        self._start(work)

    def _start(self, work: Callable[[], Any]) -> None:
        thread = threading.Thread(target=self._door, args=(work,), name="audit", daemon=True)
        self._threads = [old for old in self._threads if old.is_alive()] + [thread]
        thread.start()

    def _door(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except GreenBenchError as error:
            self.failed.emit(error)
        except Exception as error:  # noqa: BLE001 - a door: whatever it is, the user hears of it and the window lives on
            self.failed.emit(StoreError(f"Run {self._run_id} cannot be audited: {error}", "Please report this with the run's JSON."))

    def wait(self) -> None:
        """Blocks until what was begun is done."""
        for thread in self._threads:
            thread.join()
