"""What an audit does beside the window: joins the run again, reads the samples of a block, writes the raw data."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from greenbench.core.audit import Audit, AuditedBlock
from greenbench.core.errors import StoreError
from greenbench.gui.beside import Beside

if TYPE_CHECKING:
    from greenbench.store.store import Store


class AuditWork(Beside):
    """The audit of one run."""

    audited = Signal(object)  # Audit
    sampled = Signal(object, object)  # AuditedBlock, tuple[Near, ...]
    written = Signal(object)  # the folder

    def __init__(self, store: "Store", run_id: str) -> None:
        remedy = "Please report this with the run's JSON."
        super().__init__("audit", lambda error: StoreError(f"Run {run_id} cannot be audited: {error}", remedy))
        self._store, self._run_id = store, run_id

    def audit(self, variant: str) -> None:
        """Makes the numbers of a variant again."""

        def work() -> None:
            from greenbench.engine.audit import audit

            self.audited.emit(audit(self._store, self._run_id, variant))

        self.begin(work)

    def sample(self, block: AuditedBlock) -> None:
        """Reads the samples of a block."""

        def work() -> None:
            from greenbench.engine.audit import near

            self.sampled.emit(block, near(self._store, self._store.result(self._run_id), block))

        self.begin(work)

    def write(self, folder: Path) -> None:
        """Writes the raw data of the whole run."""

        def work() -> None:
            from greenbench.engine.audit import audit, write_raw

            whole: Audit = audit(self._store, self._run_id)
            write_raw(self._store, whole, folder)
            self.written.emit(folder)

        self.begin(work)
