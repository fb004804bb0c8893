"""The networks by name as rows of a table: sorted by any column, numbers as numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from greenbench.core.quote import count, significant
from greenbench.core.task import TASKS
from greenbench.gui.editor.drawing import write
from greenbench.gui.table_head import PAD
from greenbench.gui.theme import Theme
from greenbench.steps.model_library.zoo import ZooEntry

ENTRY = Qt.ItemDataRole.UserRole
_ROW = 32


@dataclass(frozen=True)
class ZooColumn:
    """A column: what stands in it, and what it is sorted by (None: not known). `width` 0 takes what is left."""

    title: str
    unit: str
    width: int
    right: bool
    text: Callable[[ZooEntry], str]
    key: Callable[[ZooEntry], Any]


def _size(entry: ZooEntry) -> tuple[int, ...]:
    return tuple(int(side) for side in entry.input.split("x") if side.isdecimal())


def _pixels(entry: ZooEntry) -> int | None:
    total = 1
    for side in _size(entry):
        total *= side
    return total if entry.input else None


def _scaled(value: int | None, scale: float) -> str:
    if value is None:
        return "—"
    return "0" if value == 0 else significant(value / scale, 3) if value >= scale / 1000 else f"< {1 / 1000:g}"


COLUMNS = (
    ZooColumn("Name", "", 0, False, lambda entry: entry.name, lambda entry: entry.name.lower()),
    ZooColumn("Parameters", "million", 104, True, lambda entry: _scaled(entry.parameters, 1e6), lambda entry: entry.parameters),
    ZooColumn("MACs", "billion", 84, True, lambda entry: _scaled(entry.macs, 1e9), lambda entry: entry.macs),
    ZooColumn("Input", "", 136, True, lambda entry: entry.input.replace("x", " × "), _pixels),
    ZooColumn(
        "Task", "", 112, False, lambda entry: TASKS[entry.task].title if entry.task in TASKS else entry.task, lambda entry: entry.task
    ),
    ZooColumn("Pretrained", "", 92, False, lambda entry: "Yes" if entry.pretrained else "No", lambda entry: not entry.pretrained),
    ZooColumn("Licence", "", 150, False, lambda entry: entry.licence or "not said", lambda entry: entry.licence.lower()),
)


def in_one_line(entry: ZooEntry) -> str:
    """What one chooses by, as a line: "11.7 million parameters, 1.81 billion MACs, for 224 × 224 images, BSD-3-Clause"."""
    size = _size(entry)
    known = [
        f"{_in_words(entry.parameters)} parameters" if entry.parameters is not None else "",
        f"{_in_words(entry.macs)} MACs" if entry.macs is not None else "",
        f"for {size[1]} × {size[2]} images" if len(size) == 3 else entry.input.replace("x", " × "),
        f"licence {entry.licence or 'not said'}",
        "" if entry.pretrained else "no published weights",
    ]
    return ", ".join(part for part in known if part)


def _in_words(value: int) -> str:
    """Three significant digits: "77 800", "11.7 million", "1.81 billion"."""
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{significant(value / size, 3)} {word}"
    return significant(value, 3) if value < 1000 else count(round(value, 3 - len(str(value))))


class ZooModel(QAbstractTableModel):
    """The networks in the order asked for; `show_entries` replaces them, `sort` orders them."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[ZooEntry] = []
        self._by: tuple[int, bool] | None = None

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry, column = self.entries[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(entry)
        if role == ENTRY:
            return entry
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title}: {column.text(entry)} {column.unit}".strip()
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(entry, column)
        return None

    def _tip(self, entry: ZooEntry, column: ZooColumn) -> str:
        if column.title == "Licence" and not entry.licence:
            return "The library does not say under which licence the published weights stand."
        if column.title == "MACs" and entry.macs is None:
            return "They depend on the example, or could not be counted."
        return column.text(entry) if column.title in ("Name", "Licence") else ""

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section].title
        return None

    def show_entries(self, entries: Sequence[ZooEntry]) -> None:
        """Replaces the rows; they keep the order that was asked for, or the given one."""
        self.beginResetModel()
        self.entries = list(entries)
        if self._by is not None:
            self._order()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """By a column; −1 leaves the given order, the well-known ones first."""
        self._by = None if column < 0 else (column, order is Qt.SortOrder.DescendingOrder)
        self.beginResetModel()
        self._order()
        self.endResetModel()

    def _order(self) -> None:
        if self._by is not None:
            column, falling = self._by
            key = COLUMNS[column].key
            known = sorted((entry for entry in self.entries if key(entry) is not None), key=key, reverse=falling)
            self.entries = known + [entry for entry in self.entries if key(entry) is None]  # what is not known comes last


class ZooRows(QStyledItemDelegate):
    """Draws a row: the name strong, numbers at the right, a line below; the selected one with an accent edge."""

    def __init__(self, theme: Theme, model: ZooModel) -> None:
        super().__init__(model)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(60, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        column, rect = COLUMNS[index.column()], QRect(option.rect)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.fillRect(rect, self._theme.color("selection" if chosen else "surface"))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), self._theme.color("border"))
        if chosen and index.column() == 0:
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), self._theme.color("accent"))
        side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
        letters = (13, 500) if index.column() == 0 or column.right else (12, 400)
        tone = "text" if letters[1] == 500 else "second"
        write(painter, rect.toRectF().adjusted(PAD, 0, -PAD, 0), str(index.data()), self._theme.color(tone), letters, side)
        painter.restore()
