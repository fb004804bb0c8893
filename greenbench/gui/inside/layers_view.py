"""The layers of one model, or of two side by side: totals in words, search, changes only, the table, and what a reader must know."""

from collections.abc import Sequence

from PySide6.QtWidgets import QCheckBox, QFrame, QLineEdit, QVBoxLayout, QWidget

from greenbench.core.jobs import ModelView
from greenbench.gui.controls import Text, row
from greenbench.gui.inside.layer_table import LayerTable
from greenbench.gui.inside.rows import side_by_side, single, totals
from greenbench.gui.inside.subjects import Subject
from greenbench.gui.theme import Theme, font


class LayersView(QWidget):
    """Shows what `LookInside` jobs found."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.words = (Text("", 12, 500, "second", wrap=True), Text("", 12, 500, "second", wrap=True))
        self.table = LayerTable(theme)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search layers")
        self.search.setFont(font(12))
        self.search.setFixedWidth(220)
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search layers")
        self.changes_only = QCheckBox("Changes only")
        self.changes_only.setFont(font(12))
        self.count = Text("", 12, 400, "muted")
        self.notes = Text("", 12, 400, "muted", wrap=True)
        self.search.textChanged.connect(self._filter)
        self.changes_only.toggled.connect(self._filter)
        card = QFrame()
        card.setProperty("role", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.addWidget(self.table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for words in self.words:
            layout.addWidget(words)
        layout.addLayout(row(self.search, self.changes_only, self.count, 0, spacing=12))
        layout.addWidget(card, 1)
        layout.addWidget(self.notes)

    def show_views(self, subjects: Sequence[Subject], views: Sequence[ModelView]) -> None:
        """One model, or two."""
        two = len(views) == 2
        table = side_by_side(views[0], views[1], (subjects[0].short, subjects[1].short)) if two else single(views[0])
        self.table.show_table(table, tuple(subject.index for subject in subjects))
        for label, subject, view, against in zip(self.words, subjects, views, (None, views[0]), strict=False):
            label.setText(f"{subject.name}:  {totals(view, against)} · {view.runtime}")
        self.words[1].setVisible(two)
        self.changes_only.setVisible(two)
        if not two:
            self.changes_only.setChecked(False)
        told = [
            f"{subject.short}: {' '.join(view.notes)}" if two else " ".join(view.notes)
            for subject, view in zip(subjects, views, strict=True)
        ]
        self.notes.setText("\n".join(words for words, view in zip(told, views, strict=True) if view.notes))
        self.notes.setVisible(bool(self.notes.text()))
        self._filter()

    def _filter(self, *_: object) -> None:
        table = self.table.table
        self.table.set_filter(self.search.text(), self.changes_only.isChecked())
        every, shown = len(table.rows), self.table.shown
        words = f"{every} {'layer' if every == 1 else 'layers'}" if shown == every else f"{shown} of {every} layers"
        self.count.setText(f"{words}, {table.changed} changed" if table.compares else words)
