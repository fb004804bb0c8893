"""The faces of the inspector: one node, several nodes, or the pipeline itself."""

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from greenbench.core.edits import Describe
from greenbench.core.run import Failure, NodeState
from greenbench.gui.controls import Button, Icon, Text, line, row
from greenbench.gui.editor.editing import Editing
from greenbench.gui.editor.status import NodeStatus, RunBoard, VariantStatus
from greenbench.gui.editor.words import state_icon, state_word, waiting_for
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.forms.form import ParameterForm
from greenbench.gui.forms.prose import Prose
from greenbench.gui.forms.result import FailureCard, LogBox, ResultPanel
from greenbench.gui.session import Session
from greenbench.gui.sources.aside import NodeAside
from greenbench.gui.sources.intake import Intake
from greenbench.gui.theme import Theme, font

_TONES = {NodeState.DONE: "success", NodeState.FAILED: "danger", NodeState.RUNNING: "accent"}


class Panel(QWidget):
    """Base of the faces: a column with the margins of a panel."""

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self.session, self.theme = session, theme
        self.editing = Editing(session)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 14, 16, 16)
        self.column.setSpacing(10)

    def refresh(self) -> None:
        """Shows the pipeline as it is now."""

    def refresh_status(self) -> None:
        """Shows what the run has said since."""


def _bare_line(size: float, weight: int) -> QLineEdit:
    """A text that can be edited where it stands: its frame shows only with the focus."""
    field = QLineEdit()
    field.setFont(font(size, weight))
    field.setStyleSheet(
        "QLineEdit { background: transparent; padding: 0 4px; min-height: 22px; } QLineEdit:!focus { border: 1px solid transparent; }"
    )
    return field


class NodePanel(Panel):
    """One node: what it is, its settings, and what came of it."""

    def __init__(self, session: Session, theme: Theme, board: RunBoard, id: str, intake: Intake | None = None) -> None:
        super().__init__(session, theme)
        self.id, self._board = id, board
        self.aside = NodeAside(session, theme, intake, id) if intake is not None else None
        spec = session.document.pipeline.spec(id)
        self.title = _bare_line(14, 600)
        self.title.setAccessibleName("Name of the node")
        self.title.editingFinished.connect(self._rename)
        self.state_icon = Icon(theme, "circle-dashed", "muted", 15)
        self.state = Text("", 12, 500, "muted")
        self.kind = Text("", 12, 400, "muted", wrap=True)
        self.kind.setContentsMargins(5, 0, 0, 0)
        tile = QFrame()
        tile.setProperty("role", "notice")
        tile.setFixedSize(32, 32)
        tile.setLayout(row(Icon(theme, spec.icon, f"group_{spec.group.value}", 18), margins=(7, 7, 7, 7)))
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.title)
        words = row(spacing=5)
        words.addWidget(self.kind, 1)
        words.addWidget(self.state_icon)
        words.addWidget(self.state)
        names.addLayout(words)
        head = row(spacing=6)
        head.addWidget(tile, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(names, 1)
        self.column.addLayout(head)
        self.prose = Prose(theme, spec.help or spec.summary)
        self.column.addWidget(self.prose)
        if spec.paper is not None:
            self.column.addLayout(self._paper(spec.paper.label, spec.paper.title, spec.paper.url))
        if self.aside is not None and self.aside.preview is not None:
            self.column.addLayout(row(self.aside.preview.shortcut, 0))
        self.failure = FailureCard(theme)
        self.column.addWidget(self.failure)
        if self.aside is not None:
            for part in self.aside.above:
                self.column.addWidget(part)
        self.form = ParameterForm(session, theme, id)
        if spec.fields:
            self.column.addWidget(line())
            self.column.addWidget(self.form)
        if self.aside is not None:
            self.column.addWidget(self.aside)
        self.result = ResultPanel(theme)
        self.column.addWidget(self.result)
        self.log = LogBox(theme)
        self.log_head = Text("Log", 12, 600)
        self.column.addWidget(self.log_head)
        self.column.addWidget(self.log)
        self.column.addStretch(1)
        self._seen: NodeStatus | None = None
        self.refresh()

    def _paper(self, label: str, title: str, url: str) -> QHBoxLayout:
        link = Button(self.theme, f"{label} ↗", "book-open", "link", "accent")
        link.setFont(font(12, 500))
        link.setToolTip(f"{title}\n{url}")
        link.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(url)))
        return row(link, 0)

    def _rename(self) -> None:
        node = self.session.document.pipeline.nodes.get(self.id)
        if node is None:
            return
        self.editing.rename(self.id, self.title.text())
        self.title.setText(self.session.document.pipeline.node(self.id).title)

    def refresh(self) -> None:
        node = self.session.document.pipeline.nodes.get(self.id)
        if node is None:
            return
        if not self.title.hasFocus() or not self.title.isModified():
            self.title.setText(node.title)
            self.title.setCursorPosition(0)
        spec = self.session.document.pipeline.spec(self.id)
        self.kind.setText(spec.group.title if node.title == spec.title else spec.title)
        self.form.refresh()
        if self.aside is not None:
            self.aside.refresh()
        self.refresh_status()

    def refresh_status(self) -> None:
        status = self._board.status(self.id)
        icon, token = ("spinner-gap", "accent") if status.state is NodeState.RUNNING else state_icon(status)
        self.state_icon.set(icon, token)
        word = f"{status.fraction * 100:.0f} %" if status.state is NodeState.RUNNING else state_word(status)
        self.state.setText(word)
        tone = _TONES.get(status.state or NodeState.WAITING, "muted")
        self.state.set_tone("danger" if status.refused and status.state is not NodeState.RUNNING else tone)
        if status.state in (None, NodeState.WAITING):
            self.state.setToolTip(waiting_for(self.session.document.pipeline, self._board, self.id))
        if status == self._seen:
            return
        results_changed = self._seen is None or any(
            getattr(self._seen, name) != getattr(status, name) for name in ("state", "facts", "energy", "seconds")
        )
        if results_changed:
            self.result.show_status(status)
            if self.aside is not None and status.finished:
                self.aside.refresh()  # a run has read it: it lies in the cache now
        failure = status.failure or _first_failure(status.variants)
        self.failure.show_failure(failure, self._failure_title(status, failure))
        lines = status.log or tuple(failure.log.splitlines() if failure else ())
        self.log.show_lines(lines)
        self.log_head.setVisible(bool(lines))
        self._seen = status

    def _failure_title(self, status: NodeStatus, failure: Failure | None) -> str:
        title = self.session.document.pipeline.node(self.id).title
        if failure is not None and status.failure is None:
            letter = next(key for key, variant in status.variants.items() if variant.failure is failure)
            return f"Variant {letter} could not be measured"
        if status.state is NodeState.SKIPPED:
            return f"{title} was skipped"
        return f"{title} stopped"


def _first_failure(variants: dict[str, VariantStatus]) -> Failure | None:
    return next((variant.failure for variant in variants.values() if variant.failure), None)


class ManyPanel(Panel):
    """Several nodes: how many, and what can be done with all of them."""

    def __init__(self, session: Session, theme: Theme, ids: list[str]) -> None:
        super().__init__(session, theme)
        self.ids = ids
        self.heading = Text(f"{len(ids)} nodes selected", 14, 600)
        self.names = Text("", 12, 400, "muted", wrap=True)
        self.mute = Button(theme, "Mute", "prohibit")
        self.copy = Button(theme, "Duplicate", "copy-simple")
        self.delete = Button(theme, "Delete", "trash")
        self.mute.clicked.connect(lambda: self.editing.mute(self.ids))
        self.copy.clicked.connect(lambda: self.editing.duplicate(self.ids))
        self.delete.clicked.connect(lambda: self.editing.delete(self.ids))
        for item in (self.heading, self.names, self.mute, self.copy, self.delete):
            self.column.addWidget(item)
        self.column.addStretch(1)
        self.refresh()

    def refresh(self) -> None:
        nodes = self.session.document.pipeline.nodes
        self.ids = [id for id in self.ids if id in nodes]
        self.names.setText(breakable(", ".join(nodes[id].title for id in self.ids)))
        self.mute.setText("Unmute" if self.ids and all(nodes[id].muted for id in self.ids) else "Mute")


class PipelinePanel(Panel):
    """Nothing selected: the pipeline's own title and description."""

    edited = Signal()

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__(session, theme)
        self._visit = 0
        self.title = QLineEdit()
        self.title.setFont(font(13, 500))
        self.title.setAccessibleName("Title of the pipeline")
        self.description = QPlainTextEdit()
        self.description.setFont(font(12))
        self.description.setTabChangesFocus(True)
        self.description.setPlaceholderText("What is compared here, and why. It stands on the canvas and in the report.")
        self.description.setFixedHeight(132)
        self.description.setAccessibleName("Description of the pipeline")
        self.count = Text("", 12, 400, "muted", wrap=True)
        self.error = Text("", 12, 400, "danger", wrap=True)
        self.error.hide()
        self.column.addLayout(row(Icon(theme, "tree-structure", "muted", 18), Text("Pipeline", 14, 600), 0))
        self.column.addWidget(Text("Title", 13, 500))
        self.column.addWidget(self.title)
        self.column.addWidget(self.error)
        self.column.addWidget(Text("Description", 13, 500))
        self.column.addWidget(self.description)
        self.column.addWidget(self.count)
        self.column.addStretch(1)
        self.title.textEdited.connect(self._describe)
        self.title.editingFinished.connect(self._end_visit)
        self.description.textChanged.connect(self._describe)
        self.refresh()

    def _end_visit(self) -> None:
        self._visit += 1

    def _describe(self, *_: object) -> None:
        pipeline = self.session.document.pipeline
        title, text = self.title.text().strip(), self.description.toPlainText()
        self.error.setVisible(not title)
        self.error.setText("" if title else "A pipeline needs a title.")
        if title and (title, text) != (pipeline.title, pipeline.description):
            which = "title" if title != pipeline.title else "description"
            self.session.do(Describe(title, text), group=f"describe {which} {self._visit}")

    def refresh(self) -> None:
        pipeline = self.session.document.pipeline
        if self.title.text().strip() != pipeline.title:
            self.title.setText(pipeline.title)
        if self.description.toPlainText() != pipeline.description:
            self.description.blockSignals(True)
            self.description.setPlainText(pipeline.description)
            self.description.blockSignals(False)
        nodes, links = len(pipeline.nodes), len(pipeline.links)
        self.count.setText(
            f"{nodes} node{'s' * (nodes != 1)}, {links} link{'s' * (links != 1)}. Select a node to see its settings and its result."
        )
