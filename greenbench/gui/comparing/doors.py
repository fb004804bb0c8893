"""From the history to several runs side by side."""

from typing import TYPE_CHECKING

from greenbench.core.errors import GreenBenchError

if TYPE_CHECKING:
    from greenbench.gui.comparing.dialog import CompareDialog
    from greenbench.gui.main_window import MainWindow


class CompareDoors:
    """Reads the runs and opens the dialog."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self.dialog: CompareDialog | None = None

    def ask(self, ids: list[str]) -> None:
        """These runs, the oldest first: what changed reads in the order in which it was done. `ids` are newest first."""
        # The settings of all steps come in with this: not before somebody compares.
        from greenbench.gui.comparing.dialog import CompareDialog

        window = self._window
        try:
            results = [window.parts.runner.store.result(id) for id in reversed(ids)]
        except GreenBenchError as error:
            window.messages.show_error(error)
            return
        if not any(result.measured for result in results):
            window.messages.say("notice", "These runs have no measured variant to compare.", "Choose runs with a Benchmark step.")
            return
        self.dialog = CompareDialog(window, window.parts.theme, results)
        self.dialog.open()
