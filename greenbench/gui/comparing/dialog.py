"""The dialog "Compare runs": what the runs differ in, and their variants in one table, held against a pinned one."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from greenbench.core.run import RunResult
from greenbench.engine.comparing import changed_parameters, unfair
from greenbench.gui.comparing.rows import Line, heads, lines
from greenbench.gui.controls import Button, Icon, Text, row
from greenbench.gui.history import when
from greenbench.gui.icons import icon
from greenbench.gui.marks import variant_pixmap
from greenbench.gui.theme import Theme, font

_FIRST = ("Run", "Variant", "Unlike the pin")
_WIDE = {0: 150, 1: 128, 2: 132}  # their words give way to the numbers; the tooltip has them
_FEW = 4  # settings that changed, before the rest is counted


class CompareDialog(QDialog):
    """Open it with `open`. `pin` is the variant that the others are held against: its run and letter."""

    def __init__(self, parent: QWidget, theme: Theme, results: Sequence[RunResult]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._theme, self.results = theme, tuple(results)
        first = next(((r.run_id, v.letter) for r in results for v in r.measured), ("", ""))
        self.pin = first
        self.setWindowTitle("Compare runs")
        self.resize(min(max(parent.width() - 32, 900), 1560), 620)
        self.table = self._table()
        self.pin_button = Button(theme, "Pin as baseline", "push-pin-simple-fill")
        self.pin_button.clicked.connect(self._pin_current)
        close = Button(theme, "Close")
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 14)
        layout.setSpacing(10)
        layout.addWidget(Text(f"{len(self.results)} runs side by side", 16, 600))
        layout.addWidget(self._differences())
        card = QFrame()
        card.setProperty("role", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.addWidget(self.table)
        layout.addWidget(card, 1)
        note = "Runs were not measured in turn: drift between them is in the differences, so none is called established."
        foot = row(self.pin_button, spacing=12)
        foot.addWidget(Text(note, 12, 400, "muted", wrap=True), 1)
        foot.addWidget(close)
        layout.addLayout(foot)
        self.table.itemActivated.connect(lambda item, _: self.pin_line(item.data(0, Qt.ItemDataRole.UserRole)))
        self.table.ensurePolished()  # the height of all rows is taken from the first
        self._fill()

    def _differences(self) -> QFrame:
        """A strip with what is unfair, then the settings that changed."""
        card = QFrame()
        self.unfair = unfair(list(self.results))
        changed = changed_parameters(list(self.results))
        card.setProperty("role", "warning" if self.unfair else "notice")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(14, 10, 14, 10)
        inside.setSpacing(4)
        if not self.unfair:
            inside.addLayout(self._said("check-circle", "accent", "Same processor, device, threads, batch, runtime, data and protocol."))
        for text in self.unfair:
            inside.addLayout(self._said("warning", "warning", text))
        shown = changed[:_FEW] + ([f"And {len(changed) - _FEW} more settings."] if len(changed) > _FEW else [])
        for text in shown:
            inside.addLayout(self._said("sliders-horizontal", "muted", text))
        return card

    def _said(self, name: str, tone: str, text: str) -> QHBoxLayout:
        line = row(Icon(self._theme, name, tone, 14), spacing=8)
        line.addWidget(Text(text, 12, 400, "second", wrap=True), 1)
        return line

    def _table(self) -> QTreeWidget:
        table = QTreeWidget()
        table.setObjectName("history")
        table.setRootIsDecorated(False)
        table.setUniformRowHeights(True)
        table.setAllColumnsShowFocus(True)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setHeaderLabels([*_FIRST, *heads(self.results)])
        table.header().setFont(font(12, 600))
        table.header().setStretchLastSection(False)
        for column, width in _WIDE.items():
            table.setColumnWidth(column, width)
        for column in range(len(_FIRST), table.columnCount()):
            table.headerItem().setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        table.setAccessibleName("Variants of all runs")
        return table

    def _fill(self) -> None:
        current = self.table.currentItem()
        place = max(self.table.indexOfTopLevelItem(current), 0) if current is not None else 0
        self.table.clear()
        for line in lines(self.results, self.pin):
            self.table.addTopLevelItem(self._item(line))
        for column in range(self.table.columnCount()):
            if column not in _WIDE:
                self.table.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        if current := self.table.topLevelItem(place):
            self.table.setCurrentItem(current)

    def _item(self, line: Line) -> QTreeWidgetItem:
        run = f"{line.run.title}, {when(line.run.started)}" if line.run.started else line.run.title
        other = "Pinned" if line.pinned else f"≠ {', '.join(line.unlike)}" if line.unlike else "Alike"
        item = QTreeWidgetItem([run, f"{line.variant.letter}  {line.variant.name}", other, *line.cells])
        item.setData(0, Qt.ItemDataRole.UserRole, line)
        item.setToolTip(0, f"{run}\nRun {line.run.run_id}")
        item.setToolTip(1, item.text(1))
        item.setIcon(1, QIcon(variant_pixmap(self._theme.variant(line.index), 9, 16, self.devicePixelRatioF())))
        if line.pinned:
            item.setIcon(2, icon(self._theme, "push-pin-simple-fill", "second"))
        elif line.unlike:
            item.setIcon(2, icon(self._theme, "warning", "warning"))
            words = ", ".join(line.unlike)
            item.setToolTip(2, f"Measured otherwise than the pinned variant: {words}. The differences are not of the model alone.")
        for column in range(len(_FIRST), self.table.columnCount()):
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for column in range(self.table.columnCount()):
            item.setFont(column, font(12, 600 if line.pinned else 400))
        return item

    def _pin_current(self) -> None:
        item = self.table.currentItem()
        if item is not None:
            self.pin_line(item.data(0, Qt.ItemDataRole.UserRole))

    def pin_line(self, line: Line) -> None:
        """Holds all others against this variant."""
        self.pin = (line.run.run_id, line.variant.letter)
        self._fill()
