"""From a run, the shown one or one of the history, to the log of a meter that is joined with it."""

from typing import TYPE_CHECKING

from greenbench.core.errors import GreenBenchError
from greenbench.core.run import RunResult

if TYPE_CHECKING:
    from greenbench.gui.joining.dialog import JoinDialog
    from greenbench.gui.main_window import MainWindow


class JoinDoors:
    """Opens the dialog, and shows the run anew when a log is joined with it."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self.dialog: JoinDialog | None = None

    def ask(self, run_id: str = "") -> None:
        """Asks for a log of a run's; without an id, of the run that is shown."""
        # NumPy and SciPy come in with this: not before somebody joins.
        from greenbench.gui.joining.dialog import JoinDialog
        from greenbench.gui.joining.work import JoinWork

        window, shown = self._window, self._window.results.result
        if not run_id and shown is None:
            window.messages.say("notice", "There is no run to join a log with yet.", "Press Run first, or open a run from the history.")
            return
        try:
            store = window.parts.runner.store
            result = store.result(run_id) if run_id or shown is None else shown
        except GreenBenchError as error:
            window.messages.show_error(error)
            return
        self.dialog = dialog = JoinDialog(window, window.parts.theme, JoinWork(store, result.run_id), result)
        dialog.joined.connect(self._joined)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _joined(self, result: RunResult) -> None:
        shown = self._window.results.result
        if shown is not None and shown.run_id == result.run_id:
            self._window.show_result(result)
