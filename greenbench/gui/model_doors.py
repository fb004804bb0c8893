"""From the window to a model of the shown run: the page "Look inside" and the dialog "Export model…", whoever asks for them."""

from typing import TYPE_CHECKING

from greenbench.core import places
from greenbench.core.run import RunResult
from greenbench.engine.cache import Cache
from greenbench.gui.inside.subjects import Subject, subjects

if TYPE_CHECKING:
    from greenbench.gui.exporting.dialog import ExportDialog
    from greenbench.gui.main_window import MainWindow

INSIDE_PAGE = 3


def open_cache() -> Cache:
    """The cache that runs fill: models lie there under the digest of the node that made them."""
    return Cache(places.home() / "cache")


class ModelDoors:
    """Knows which run is shown, and refuses kindly where there is no model."""

    def __init__(self, window: "MainWindow") -> None:
        self._window = window
        self.dialog: ExportDialog | None = None
        window.inspector.look_wanted.connect(self.look)

    def look(self, node: str, against: str = "") -> None:
        """Opens the model that a node gave, alone or beside that of another node."""
        if self._find(node) is not None:
            self._window.show_page(INSIDE_PAGE)
            self._window.inside.look(node, against)

    def export(self, node: str = "") -> None:
        """Asks as what to export the model that a node gave; without a node, that of the variant in the results' card."""
        # The dialog comes in with this: not before somebody exports.
        from greenbench.gui.exporting.dialog import ExportDialog

        result = self._window.results.result
        if result is None:
            self._window.messages.say("notice", "There is no model to export yet.", "Press Run first, or open a run from the history.")
            return
        card = self._window.results.doors.card
        found = self._find(node or (result.variants[card.index].node if 0 <= card.index < len(result.variants) else ""))
        if found is None:
            return
        parts = self._window.parts
        dialog = ExportDialog(self._window, parts.theme, parts.jobs, open_cache, parts.settings, result)
        dialog.finished.connect(dialog.deleteLater)
        self.dialog = dialog
        dialog.offer(subjects(result), found)

    def has(self, node: str) -> bool:
        """Whether the open pipeline's shown run has a model from that node."""
        result = self._window.results.result
        return result is not None and self._window.wiring.shown_run.is_of_pipeline(result) and self._found(result, node) is not None

    def _find(self, node: str) -> Subject | None:
        result = self._window.results.result
        found = self._found(result, node) if result else None
        if found is None and self._window.parts.control.busy:
            self._window.messages.say("notice", "The run is still under way.", "Its models can be opened when it is over.")
        elif found is None:
            self._window.messages.say("notice", "This has no model in the run that is shown.", "Press Run; then its model can be opened.")
        return found

    @staticmethod
    def _found(result: RunResult, node: str) -> Subject | None:
        return next((subject for subject in subjects(result) if subject.node == node), None)
