"""The larger preview of a data set: every sample, filtered by class and split, all class counts, every broken file that is named."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from greenbench.core.quote import count
from greenbench.gui.controls import Button, Choice, Text, row
from greenbench.gui.sources.class_bars import ClassBars
from greenbench.gui.sources.pairs import pair_grid
from greenbench.gui.sources.samples import SampleView, Shown
from greenbench.gui.sources.words import data_lines
from greenbench.gui.theme import Theme, font

_SIDE, _MOST_CLASSES, _ASIDE = 96, 1000, 300


class PreviewDialog(QDialog):
    """Samples at the left, facts and class counts at the right; Escape closes it."""

    def __init__(self, parent: QWidget, theme: Theme, shown: Shown) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Preview of {shown.data.name}")
        self._theme, self._shown = theme, shown
        self.resize(min(980, parent.width() - 80), min(660, parent.height() - 80))
        self.view = SampleView(theme, shown, _SIDE)
        self.empty = Text("No sample of this class is shown here.", 12, 400, "muted", wrap=True)
        self.classes = self._choice("Every class", [sample.label for sample in shown.preview.samples], shown.data.classes)
        self.classes.setAccessibleName("Class")
        self.splits = self._choice("Every split", [sample.split for sample in shown.preview.samples], tuple(shown.data.splits))
        self.splits.setAccessibleName("Split")
        self.number = Text("", 12, 400, "muted")
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addLayout(row(self.classes, self.splits, 0, self.number))
        self.card = QFrame()
        self.card.setProperty("role", "card")
        self.card.setLayout(row(self.view, margins=(6, 6, 2, 6)))
        left.addWidget(self.card, 1)
        left.addWidget(self.empty, 1, Qt.AlignmentFlag.AlignTop)
        both = row(spacing=16)
        both.addLayout(left, 1)
        both.addWidget(self._aside())
        close = Button(theme, "Close")
        close.setDefault(True)
        close.clicked.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(Text(shown.data.name, 16, 600))
        layout.addLayout(both, 1)
        layout.addLayout(row(0, close))
        self._filter()
        self.view.setFocus()

    def _choice(self, every: str, present: list[str], order: tuple[str, ...]) -> Choice:
        """A filter with what occurs among the samples, in the order of the data."""
        box = Choice()
        box.setFont(font(13))
        box.setMinimumWidth(150)
        box.addItem(every, None)
        known = [name for name in order if name in set(present)]
        for name in known + sorted(set(present) - set(known)):
            shown = QFontMetrics(box.font()).elidedText(name, Qt.TextElideMode.ElideRight, 260)
            box.addItem(shown, name)
        box.setVisible(1 < box.count() - 1 <= _MOST_CLASSES)
        box.currentIndexChanged.connect(self._filter)
        return box

    def _filter(self) -> None:
        label, split = self.classes.currentData(), self.splits.currentData()
        every = self._shown.preview.samples
        kept = [each for each in every if label in (None, each.label) and split in (None, each.split)]
        self.view.examples.show_samples(kept)
        self.card.setVisible(bool(kept))
        self.empty.setVisible(not kept)
        total = sum(part.examples for part in self._shown.data.splits.values())
        self.number.setText(f"{count(len(kept))} of {count(total)} examples")

    def _aside(self) -> QWidget:
        data, preview = self._shown.data, self._shown.preview
        body = QWidget()
        body.setProperty("role", "clear")
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 12, 0)
        column.setSpacing(12)
        column.addLayout(pair_grid(data_lines(data, preview)))
        if preview.counts and data.classes:
            column.addWidget(Text("Examples of each class", 12, 600))
            column.addWidget(ClassBars(self._theme, data.classes, preview.counts, _MOST_CLASSES))
        if preview.broken:
            number = preview.broken_total
            column.addWidget(Text(f"{count(number)} {'file' if number == 1 else 'files'} cannot be used", 12, 600))
            column.addWidget(self._broken())
        for note in data.notes:
            column.addWidget(Text(note, 12, 400, "muted", wrap=True))
        column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        area.setFixedWidth(_ASIDE)
        return area

    def _broken(self) -> QTreeWidget:
        """Every broken file that is named, with its reason; both in full in the tooltip."""
        table = QTreeWidget()
        table.setHeaderLabels(["File", "Reason"])
        table.setRootIsDecorated(False)
        table.setFont(font(12))
        table.setAccessibleName("Files that cannot be used")
        for each in self._shown.preview.broken:
            item = QTreeWidgetItem(table, [each.file, each.reason])
            item.setToolTip(0, each.file)
            item.setToolTip(1, each.reason)
        table.setFixedHeight(32 + 28 * min(max(len(self._shown.preview.broken), 2), 6))
        return table
