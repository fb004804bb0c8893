"""What the results page says while a run is under way: how far it is, and how far each variant is."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from greenbench.core.pipeline import Pipeline
from greenbench.gui.controls import Icon, Text, row
from greenbench.gui.editor.status import BENCHMARK, RunBoard, variant_rows
from greenbench.gui.editor.words import state_word
from greenbench.gui.marks import variant_pixmap
from greenbench.gui.theme import Theme

_COLUMNS = 2


@dataclass(frozen=True)
class Standing:
    """One variant of the benchmark: its place, its letter and name, and a word for how far it is."""

    index: int
    name: str
    word: str


def standings(pipeline: Pipeline, board: RunBoard) -> list[Standing]:
    """The variants of all benchmarks: what the benchmark says of each, before that the state of the node that makes it. Without a
    benchmark, the models that a claim is about."""
    found: list[Standing] = []
    benchmarks = [id for id, node in pipeline.nodes.items() if node.step == BENCHMARK]
    for id in benchmarks or pipeline.nodes:
        said = board.status(id).variants
        for link, letter in variant_rows(pipeline, id):
            if letter:
                source = board.status(link.source)
                word = said[letter].text if letter in said else "Ready" if source.finished else state_word(source)
                found.append(Standing(len(found), f"{letter}  {pipeline.node(link.source).title}", word))
    return found


class UnderWay(QFrame):
    """A calm card; it knows nothing of the run but what it is told."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("role", "notice")
        self._marks: list[QLabel] = []
        self._names: list[Text] = []
        self._words: list[Text] = []
        self._what = Text("", 12, 400, "second", wrap=True)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress of the run")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(4)
        for column in range(_COLUMNS):
            self._grid.setColumnStretch(3 * column + 1, 1)
            self._grid.setColumnMinimumWidth(3 * column + 2, 110)
        self.detail = QWidget()
        self.detail.setLayout(self._grid)
        self._grid.setContentsMargins(0, 6, 0, 0)
        self.detail.setMaximumWidth(760)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(6)
        layout.addLayout(row(Icon(theme, "hourglass-medium", "accent"), Text("A run is under way", 13, 600), 0, spacing=8))
        layout.addWidget(self._what)
        layout.addWidget(self._bar)
        layout.addWidget(self.detail)
        forget = theme.observe(self._dress)
        self.destroyed.connect(lambda *_: forget())

    def show_run(self, share: float, node: str, variants: Sequence[Standing], *, earlier: bool) -> None:
        """Shows how far a run is: `share` from 0 to 1, the title of the current node; `earlier`: other results stand below."""
        now = f"{node} is at work. " if node else ""
        below = " Until then, those of the run before stand below." if earlier else ""
        self._what.setText(f"{now}Results appear when the run ends.{below}")
        self._bar.setValue(round(share * 1000))
        if len(variants) != len(self._names):
            self._make_rows(len(variants))
        for variant, name, word in zip(variants, self._names, self._words, strict=True):
            name.setText(variant.name)
            word.setText(variant.word)

    def _make_rows(self, count: int) -> None:
        for old in (*self._marks, *self._names, *self._words):
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._marks = [QLabel() for _ in range(count)]
        self._names = [Text("", 12, 500) for _ in range(count)]
        self._words = [Text("", 12, 400, "muted") for _ in range(count)]
        for index, cells in enumerate(zip(self._marks, self._names, self._words, strict=True)):
            for place, cell in enumerate(cells):
                right = Qt.AlignmentFlag.AlignRight if place == 2 else Qt.AlignmentFlag.AlignLeft
                self._grid.addWidget(cell, index // _COLUMNS, 3 * (index % _COLUMNS) + place, right)
        self._dress()

    def _dress(self) -> None:
        for index, mark in enumerate(self._marks):
            mark.setPixmap(variant_pixmap(self._theme.variant(index), 9, 14, self.devicePixelRatioF()))
