"""The head of the page "Look inside": which model, compared with which, in which runtime, and layers or answers."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from greenbench.core.run import RunResult
from greenbench.core.runtimes import RUNTIMES
from greenbench.gui.controls import Choice, Segments, Text, row
from greenbench.gui.inside.subjects import Subject, artifact_of, runtimes, subjects
from greenbench.gui.marks import variant_icon
from greenbench.gui.theme import Theme, font

LAYERS, ANSWERS = "layers", "answers"


class Choosing(QWidget):
    """`changed` comes when the user chose something else."""

    changed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.result: RunResult | None = None
        self.subjects: list[Subject] = []
        self._of = Text("", 12, 400, "muted")
        self._of.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.model, self.other = self._box("Model to look into"), self._box("Model to compare it with")
        self.runtime = self._box("Runtime in which the layers are timed", 110)
        self._versus, self._in = Text("compared with", 12, 400, "muted"), Text("in", 12, 400, "muted")
        self.what = Segments([(LAYERS, "Layers"), (ANSWERS, "Answers")])
        self.what.chosen.connect(lambda _: self.changed.emit())
        head = row(
            Text("Look inside", 16, 600), self._of, self.model, self._versus, self.other, self._in, self.runtime, self.what, spacing=8
        )
        head.setStretch(1, 1)
        self.setLayout(head)
        forget = theme.observe(self._dress)
        self.destroyed.connect(lambda *_: forget())

    def _box(self, name: str, least: int = 150) -> QComboBox:
        box = Choice()
        box.setFont(font(12))
        box.setFixedHeight(28)
        box.setMinimumWidth(least)
        box.setMaximumWidth(240)
        box.setAccessibleName(name)
        box.activated.connect(lambda _: self.changed.emit())
        return box

    def show_run(self, result: RunResult | None, whose: str) -> None:
        """Offers the models of a run."""
        self.result, self.subjects = result, subjects(result) if result else []
        words = f"{result.title}{f' · {whose}' if whose else ''}" if result else ""
        self._of.setText(words)
        self._of.setToolTip(words)
        for box in (self.model, self.other):
            box.clear()
            if box is self.other:
                box.addItem("Nothing")
            for subject in self.subjects:
                box.addItem(subject.words)
        for widget in (self.model, self._versus, self.other, self.what):
            widget.setVisible(bool(self.subjects))
        self.offer_runtimes()
        self._dress()

    def choose(self, node: str, against: str, what: str) -> bool:
        """Sets the boxes; whether the run has a model from that node."""
        nodes = [subject.node for subject in self.subjects]
        if node not in nodes:
            return False
        self.model.setCurrentIndex(nodes.index(node))
        self.other.setCurrentIndex(nodes.index(against) + 1 if against in nodes else 0)
        self.what.set_value(what)
        return True

    @property
    def chosen(self) -> tuple[Subject, ...]:
        """The model, and the one to compare it with if there is one: the earlier first, so that changes read from it to the other."""
        if not self.subjects:
            return ()
        first = self.subjects[max(self.model.currentIndex(), 0)]
        place = self.other.currentIndex() - 1
        if place < 0 or self.subjects[place] == first:
            return (first,)
        earlier, later = sorted((max(self.model.currentIndex(), 0), place))
        return self.subjects[earlier], self.subjects[later]

    @property
    def runtime_key(self) -> str:
        return self.runtime.currentData() or "eager"

    def offer_runtimes(self) -> None:
        """Those in which all that is chosen can be looked into; the user's choice stays as long as it is one of them."""
        before = self.runtime.currentData()
        self.runtime.clear()
        found = [artifact_of(self.result, subject) for subject in self.chosen] if self.result else []
        keys = runtimes(self.result, self.chosen, [model for model in found if model is not None]) if self.result else []
        for key in keys:
            self.runtime.addItem(RUNTIMES[key].title, key)
        self.runtime.setCurrentIndex(keys.index(before) if before in keys else 0)
        for widget in (self._in, self.runtime):
            widget.setVisible(len(keys) > 1 and self.what.value() == LAYERS)

    def _dress(self) -> None:
        for box, first in ((self.model, 0), (self.other, 1)):
            for place, subject in enumerate(self.subjects):
                if subject.index >= 0:
                    box.setItemIcon(place + first, variant_icon(self._theme.variant(subject.index)))
