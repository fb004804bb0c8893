"""From a variant of the shown run to its audit trail."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from greenbench.core.errors import GreenBenchError
from greenbench.gui.audit.work import AuditWork

if TYPE_CHECKING:
    from greenbench.gui.audit.dialog import AuditDialog
    from greenbench.gui.main_window import MainWindow


class AuditDoors:
    """Opens the dialog for a variant, and says in the window what was written."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self.dialog: AuditDialog | None = None

    def ask(self, letter: str = "") -> None:
        """The audit trail of a variant; without a letter, of the one in the results' card."""
        # The dialog comes in with this: not before somebody asks.
        from greenbench.gui.audit.dialog import AuditDialog

        window, result = self._window, self._window.results.result
        if result is None or not result.variants:
            window.messages.say("notice", "There is nothing to audit yet.", "Press Run first, or open a run from the history.")
            return
        place = window.results.doors.card.index
        letter = letter or result.variants[max(place, 0)].letter
        try:
            work = AuditWork(window.parts.runner.store, result.run_id)
        except GreenBenchError as error:
            window.messages.show_error(error)
            return
        dialog = AuditDialog(window, window.parts.theme, work, result, letter)
        dialog.written.connect(self._written)
        dialog.finished.connect(dialog.deleteLater)
        self.dialog = dialog
        dialog.ask()

    def _written(self, folder: Path) -> None:
        show = partial(QDesktopServices.openUrl, QUrl.fromLocalFile(str(folder)))
        words = "README.txt there explains the columns and how a number is made of them."
        self._window.messages.say("notice", f"The raw data is in {folder}.", words, [("Open", show)])
