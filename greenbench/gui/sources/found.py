"""What a model file is, in the inspector: the sentence, inputs and outputs, and for bare weights the networks they may belong to."""

import os

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from greenbench.core.artifact import Fact
from greenbench.core.jobs import Found, TensorFound
from greenbench.core.params import FieldKind
from greenbench.core.ports import PortKind
from greenbench.core.quote import count
from greenbench.core.step import Group, StepSpec
from greenbench.gui.controls import Button, Text, line, row
from greenbench.gui.editor.editing import value_edit
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.forms.result import fact_text
from greenbench.gui.session import Session
from greenbench.gui.sources.candidates import CandidateList
from greenbench.gui.sources.card import Card
from greenbench.gui.sources.inspecting import Subject
from greenbench.gui.sources.intake import Intake
from greenbench.gui.sources.looks import Look, Stage
from greenbench.gui.sources.pairs import pair_grid
from greenbench.gui.sources.progress import WorkLine
from greenbench.gui.theme import Theme

_CALM_MS = 400


def file_field(spec: StepSpec) -> str:
    """The parameter that names a model file, "" where the step reads none."""
    gives_model = spec.group is Group.SOURCES and any(port.kind is PortKind.MODEL for port in spec.outputs)
    files = [field.name for field in spec.fields if field.kind is FieldKind.FILE]
    return files[0] if gives_model and "architecture" in {field.name for field in spec.fields} and files else ""


def tensor_text(tensor: TensorFound) -> str:
    """An input or output as one line: "images: float32, batch × 3 × 224 × 224"."""
    shape = " × ".join(str(side) for side in tensor.shape)
    return f"{tensor.name}: {', '.join(part for part in (tensor.dtype, shape) if part)}"


def lines_of(found: Found) -> list[tuple[str, str]]:
    """What is known of a file, as pairs of words."""
    pairs = [("Input" if len(found.inputs) == 1 else "Inputs", "\n".join(map(tensor_text, found.inputs)))]
    pairs += [("Output" if len(found.outputs) == 1 else "Outputs", "\n".join(map(tensor_text, found.outputs)))]
    pairs += [("Parameters", count(found.parameters) if found.parameters is not None else "")]
    pairs += [("Size", fact_text(Fact(title="", value=found.size_bytes, unit="B")))]
    pairs += [("Opset", str(found.opset) if found.opset is not None else ""), ("Made by", found.producer)]
    return [(name, words) for name, words in pairs if words]


class FoundSection(QWidget):
    """Looks at the file as soon as it is chosen and has rested for a moment."""

    def __init__(self, session: Session, theme: Theme, intake: Intake, id: str) -> None:
        super().__init__()
        self._session, self._theme, self._intake, self._id = session, theme, intake, id
        self._field = file_field(session.pipeline.spec(id))
        self._shown: tuple[Look, str] | None = None
        self.work = WorkLine(theme, "Looking at the file")
        self.work.stopped.connect(lambda: intake.files.stop(id))
        self.failure = Card(theme, "failure")
        self.again = self.failure.offer("Look again", "arrow-clockwise")
        self.again.clicked.connect(lambda: intake.files.again(id, self.path))
        self.open = Button(theme, "Look at the file", "magnifying-glass")
        self.open.setProperty("dense", True)
        self.open.clicked.connect(lambda: intake.files.begin(id, self.path))
        self.body = QWidget()
        self.candidates: CandidateList | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(line())
        self._column.addWidget(Text("Found in the file", 13, 600))
        for item in (self.work, self.failure, self.body):
            self._column.addWidget(item)
        self._column.addLayout(row(self.open, 0))
        self._timer = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._timer.timeout.connect(lambda: intake.files.begin(id, self.path))
        self._asked: Subject | None = None
        intake.files.changed.connect(self._on_changed)
        intake.trust.allowed.connect(self.refresh)
        self.refresh()

    @property
    def path(self) -> str:
        node = self._session.pipeline.nodes.get(self._id)
        return os.path.expanduser(str(node.params.get(self._field, ""))) if node else ""

    def refresh(self) -> None:
        """Shows what is known of the file that is set now; looks at a new one."""
        if self._id not in self._session.pipeline.nodes:
            return
        look = self._intake.files.look(self.path)
        self.setVisible(look.stage is not Stage.INCOMPLETE)
        subject = self._intake.files.subject(self.path)
        if look.stage is Stage.OPEN and subject != self._asked:
            self._timer.start()  # a look that was broken off is not begun again by itself
        self._asked = subject
        self._show(look)

    def _on_changed(self, id: str) -> None:
        if id == self._id:
            self.refresh()

    def _show(self, look: Look) -> None:
        chosen = str(self._session.pipeline.nodes[self._id].params.get("architecture", ""))
        if self._shown == (look, chosen):
            return
        self._shown = (look, chosen)
        self.open.setVisible(look.stage is Stage.OPEN)
        self.work.setVisible(look.stage is Stage.WORKING)
        if look.stage is Stage.WORKING:
            self.work.show_share(look.fraction, look.text)
        self.failure.setVisible(look.stage is Stage.FAILED)
        if look.stage is Stage.FAILED and look.error is not None:
            self.failure.say("This file cannot be read", look.error.message, look.error.remedy)
        body = QWidget()
        self.candidates = None
        if look.stage is Stage.READY:
            self._fill(body, look.result, chosen)
        self._column.replaceWidget(self.body, body)
        self.body.hide()
        self.body.deleteLater()
        self.body = body

    def _fill(self, body: QWidget, found: Found, chosen: str) -> None:
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.sentence = Text(breakable(found.sentence), 12, 400, wrap=True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(self.sentence)
        column.addLayout(pair_grid(lines_of(found)))
        for note in found.notes:
            column.addWidget(Text(breakable(note), 12, 400, "muted", wrap=True))
        if found.candidates:
            self.candidates = CandidateList(self._theme, found.candidates, chosen)
            self.candidates.used.connect(self._use)
            column.addWidget(self.candidates)

    def _use(self, architecture: str) -> None:
        """Takes an architecture; it can be undone."""
        edit = value_edit(self._session.pipeline, self._id, "architecture", architecture)
        if edit is not None:
            self._session.do(edit)
