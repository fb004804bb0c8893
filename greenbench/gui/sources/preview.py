"""What a source gives, in the inspector: samples, class counts and broken files of data; what a model takes. Read before any run."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import PlanError
from greenbench.core.jobs import PreparedNode
from greenbench.core.params import FieldKind
from greenbench.core.ports import PortKind
from greenbench.core.preview import Preview
from greenbench.core.quote import count
from greenbench.core.step import Group, StepSpec
from greenbench.gui.controls import Button, Text, line, row
from greenbench.gui.editor.editing import value_edit
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.session import Session
from greenbench.gui.sources.card import Card, without_owner
from greenbench.gui.sources.class_bars import ClassBars
from greenbench.gui.sources.intake import Intake
from greenbench.gui.sources.looks import Look, Stage
from greenbench.gui.sources.pairs import pair_grid
from greenbench.gui.sources.preview_dialog import PreviewDialog
from greenbench.gui.sources.progress import WorkLine
from greenbench.gui.sources.samples import SampleView, Shown, shown_of
from greenbench.gui.sources.words import data_lines, model_lines
from greenbench.gui.theme import Theme, font

_CALM_MS = 1000
_SIDE, _ACROSS, _ROWS, _CLASSES, _BROKEN = 50, 4, 3, 10, 3
_WIDTH = 232
_TESTING = "testing only"  # the remedy of data that are too few to be cut


def is_source(spec: StepSpec) -> bool:
    return spec.group is Group.SOURCES and bool(spec.outputs)


class PreviewSection(QWidget):
    """Reads by itself what is small once the settings have rested for a second; anything else waits for "Read now".
    `shortcut` belongs at the head of the panel: the form may be longer than the window."""

    def __init__(self, session: Session, theme: Theme, intake: Intake, id: str) -> None:
        super().__init__()
        self._session, self._theme, self._intake, self._id = session, theme, intake, id
        spec = session.pipeline.spec(id)
        self._data = any(port.kind is PortKind.DATASET for port in spec.outputs)
        self._files = [field.name for field in spec.fields if field.kind in (FieldKind.FILE, FieldKind.FOLDER)]
        self._shown: Look | None = None
        self._preview: Shown | None = None
        self._asked: object = None
        self.hint = Text("", 12, 400, "muted", wrap=True)
        self.read = Button(theme, "Read now" if self._data else "Load now", "eye")
        self.read.setProperty("dense", True)
        self.read.clicked.connect(lambda: intake.reader.read(id))
        self.shortcut = Button(theme, "", "eye", "link", "accent")
        self.shortcut.setFont(font(12, 500))
        self.shortcut.clicked.connect(self._go)
        self.work = WorkLine(theme, "Reading" if self._data else "Loading")
        self.work.stopped.connect(lambda: intake.reader.stop(id))
        self.failure = Card(theme, "failure")
        self.for_testing = self.failure.offer("Use for testing only")
        self.for_testing.clicked.connect(self._use_for_testing)
        self.failure.offer("Try again", "arrow-clockwise").clicked.connect(lambda: intake.reader.read(id))
        self.body = QWidget()
        self.samples: SampleView | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(line())
        self._column.addWidget(Text("Preview" if self._data else "What it takes", 13, 600))
        for item in (self.hint, self.work, self.failure, self.body):
            self._column.addWidget(item)
        self._column.addLayout(row(self.read, 0))
        self._timer = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._timer.timeout.connect(self._read_if_cheap)
        intake.reader.changed.connect(self._on_changed)
        intake.trust.allowed.connect(self.refresh)
        self.refresh()

    def _on_changed(self, id: str) -> None:
        if id == self._id:
            self.refresh()

    def refresh(self) -> None:
        """Shows what is known of the source as it is set now."""
        node = self._session.pipeline.nodes.get(self._id)
        if node is None:
            return
        look = self._intake.reader.look(self._id)
        if look.stage is Stage.OPEN and self._asked != node.params:
            self._asked = node.params
            self._timer.start()  # what was stopped by hand is not begun again by itself
        elif look.stage is not Stage.OPEN:
            self._timer.stop()
        if look != self._shown:
            self._shown = look
            self._show(look)

    def _read_if_cheap(self) -> None:
        node = self._session.pipeline.nodes.get(self._id)
        if node is None or self._intake.jobs.held or self._intake.reader.look(self._id).stage is not Stage.OPEN:
            return
        own = any(node.params.get(name) for name in self._files)
        if (self._data or own) and self._intake.reader.cheap(self._id):
            self._intake.reader.read(self._id)

    def _show(self, look: Look) -> None:
        waits_for_permission = isinstance(look.error, PlanError) and all(problem.trust for problem in look.error.problems)
        self.setVisible(not (look.stage is Stage.INCOMPLETE and waits_for_permission))
        self.read.setVisible(look.stage is Stage.OPEN)
        self.hint.setText(self._hint(look))
        self.hint.setVisible(bool(self.hint.text()))
        self.work.setVisible(look.stage is Stage.WORKING)
        if look.stage is Stage.WORKING:
            self.work.show_share(look.fraction, look.text)
        self.failure.setVisible(look.stage is Stage.FAILED)
        if look.stage is Stage.FAILED and look.error is not None:
            uncut = self._could_test() and _TESTING in look.error.remedy
            self.for_testing.setVisible(uncut)
            title = "This data cannot be read" if self._data else "This model cannot be loaded"
            title = "This data cannot be cut as it is set" if uncut else title
            self.failure.say(title, without_owner(look.error.message, self._title), look.error.remedy)
        body = QWidget()
        self.samples = self._preview = None
        if look.stage is Stage.READY:
            self._fill(body, look.result)
        self._column.replaceWidget(self.body, body)
        self.body.hide()
        self.body.deleteLater()
        self.body = body
        self.shortcut.setVisible(self._data and (look.stage is Stage.OPEN or self._preview is not None))
        self.shortcut.setText("Read now" if look.stage is Stage.OPEN else "Open preview…")

    def _could_test(self) -> bool:
        """Whether the step can keep all of its data for testing, and does not yet."""
        node, field = self._session.pipeline.nodes[self._id], self._session.pipeline.spec(self._id).field("use")
        return field is not None and "test" in [value for value, _ in field.choices] and node.params.get("use", field.default) != "test"

    def _use_for_testing(self) -> None:
        """Cuts nothing off for training; it can be undone."""
        edit = value_edit(self._session.pipeline, self._id, "use", "test")
        if edit is not None and self._session.do(edit):
            self._intake.reader.read(self._id)

    def _go(self) -> None:
        if self._preview is None:
            self._intake.reader.read(self._id)
        else:
            self.open_preview()

    def open_preview(self) -> None:
        """Opens the larger preview of what was read."""
        if self._preview is not None:
            PreviewDialog(self.window(), self._theme, self._preview).open()

    @property
    def _title(self) -> str:
        return self._session.pipeline.node(self._id).title

    def _hint(self, look: Look) -> str:
        if look.stage is Stage.OPEN:
            return (
                "Reads it into the cache, where a run will find it." if self._data else "Loads it into the cache, where a run will find it."
            )
        if look.stage is Stage.INCOMPLETE and look.error is not None:
            problems = look.error.problems if isinstance(look.error, PlanError) else ()
            return breakable(without_owner(problems[0].message if problems else look.error.message, self._title))
        return ""

    def _fill(self, body: QWidget, prepared: PreparedNode) -> None:
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        shown = shown_of(prepared)
        if shown is not None:
            self._fill_data(column, shown)
        for given in prepared.outputs.values():
            if isinstance(given, ModelArtifact):
                column.addLayout(pair_grid(model_lines(given)))
                self._add_notes(column, given.notes)

    def _fill_data(self, column: QVBoxLayout, shown: Shown) -> None:
        data, preview = shown.data, shown.preview
        if preview.samples or preview.broken:
            self._preview = shown
        if preview.samples:
            self.samples = SampleView(self._theme, shown, _SIDE, _ACROSS * _ROWS if shown.pictures else _ROWS)
            self.samples.setFixedHeight(self.samples.height_for(_ROWS, _WIDTH))
            column.addWidget(self.samples)
        column.addLayout(pair_grid(data_lines(data, preview)))
        if preview.counts and data.classes:
            column.addWidget(ClassBars(self._theme, data.classes, preview.counts, _CLASSES))
        self._add_broken(column, preview)
        self._add_notes(column, data.notes)
        if self._preview is not None:
            more = Button(self._theme, "Open preview…", "image" if shown.pictures else "rows")
            more.setProperty("dense", True)
            more.clicked.connect(self.open_preview)
            column.addLayout(row(more, 0))

    def _add_broken(self, column: QVBoxLayout, preview: Preview) -> None:
        if not preview.broken_total:
            return
        card = Card(self._theme, "warning", "warning")
        number = preview.broken_total
        named = "\n".join(f"{each.file}: {each.reason}" for each in preview.broken[:_BROKEN])
        left = f"and {count(number - _BROKEN)} more" if number > _BROKEN else ""
        card.say(f"{count(number)} {'file' if number == 1 else 'files'} cannot be used", named, left)
        column.addWidget(card)

    def _add_notes(self, column: QVBoxLayout, notes: tuple[str, ...]) -> None:
        for note in notes:
            column.addWidget(Text(breakable(note), 12, 400, "muted", wrap=True))
