"""The panel at the right: shows and edits what is selected on the canvas."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from greenbench.core.edits import Change
from greenbench.core.messages import Event
from greenbench.gui.editor.status import RunBoard
from greenbench.gui.forms.panels import ManyPanel, NodePanel, Panel, PipelinePanel
from greenbench.gui.session import Session
from greenbench.gui.sources.intake import Intake
from greenbench.gui.theme import Theme


class Inspector(QWidget):
    """Connect `EditorView.selectionChanged` to `show_nodes`, and `show_touched` to what applies the events to the shared board."""

    look_wanted = Signal(str)  # look into the model that a node gave

    def __init__(self, session: Session, theme: Theme, board: RunBoard | None = None, intake: Intake | None = None) -> None:
        super().__init__()
        self.session, self.theme, self._intake = session, theme, intake
        self.board = board or RunBoard(lambda: session.document.pipeline)
        self.setProperty("role", "surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(264)
        self.setAccessibleName("Inspector")
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setProperty("role", "surface")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.area)
        self._ids: list[str] = []
        self.panel: Panel = self._take(PipelinePanel(session, theme))
        session.changed.connect(self._on_change)
        forget = theme.observe(self._dress)
        self.destroyed.connect(lambda *_: forget())

    def show_nodes(self, ids: list[str]) -> None:
        """Shows one node, several, or with none the pipeline."""
        ids = [id for id in ids if id in self.session.document.pipeline.nodes]
        if ids == self._ids and not isinstance(self.panel, PipelinePanel):
            return
        if not ids and isinstance(self.panel, PipelinePanel):
            self._ids = []
            return
        self._ids = ids
        if not ids:
            self._take(PipelinePanel(self.session, self.theme))
        elif len(ids) == 1:
            panel = NodePanel(self.session, self.theme, self.board, ids[0], self._intake)
            panel.result.look.clicked.connect(lambda: self.look_wanted.emit(panel.id))
            self._take(panel)
        else:
            self._take(ManyPanel(self.session, self.theme, ids))

    def on_event(self, event: Event) -> None:
        """Shows what a run says of the node in view; for an inspector whose board is its own."""
        self.show_touched(self.board.apply(event))

    def show_touched(self, touched: set[str]) -> None:
        """Shows what is new of the node in view."""
        if touched & set(self._ids):
            self.panel.refresh_status()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The panel itself has nothing to type into: its form has."""
        super().focusInEvent(event)
        self.focus_form()

    def focus_form(self) -> None:
        """Puts the focus on the first setting (after "Fix…" or Enter)."""
        if isinstance(self.panel, NodePanel) and self.panel.form.rows:
            next(iter(self.panel.form.rows.values())).field.control.setFocus(Qt.FocusReason.OtherFocusReason)

    def _take(self, panel: Panel) -> Panel:
        panel.setProperty("role", "surface")
        panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        old = self.area.takeWidget()
        if old is not None:
            old.hide()
            old.deleteLater()
        self.area.setWidget(panel)
        self.panel = panel
        return panel

    def _on_change(self, change: Change) -> None:
        self.board.outdated()
        if change.everything:
            self.board.clear()
        if change.everything or set(self._ids) - set(self.session.document.pipeline.nodes):
            self.show_nodes(self._ids)
        self.panel.refresh()

    def _dress(self) -> None:
        if isinstance(self.panel, NodePanel):
            self.panel.log.refresh()
