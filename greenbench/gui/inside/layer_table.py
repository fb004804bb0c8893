"""The table of layers as drawn: model and view, so that hundreds of rows cost no more than those that are seen."""

import math

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from greenbench.gui.icons import paint_icon
from greenbench.gui.inside.rows import Cell, Column, Row, Table
from greenbench.gui.table_head import PAD, TwoLineHead, paint_ground
from greenbench.gui.theme import Theme, font

ROW_HEIGHT = 32
_BAR, _LONGEST_BAR = 46, 120
_ELASTIC = {"name": 300, "change": 330, "words": 200}
_Index = QModelIndex | QPersistentModelIndex


class _Model(QAbstractTableModel):
    """The rows that are seen, in the order in which they are seen: filtered and sorted here, so that one reset does all."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table((), ())
        self.rows: list[Row] = []
        self._needles: list[str] = []
        self._changes_only = False
        self._sorted: tuple[int, bool] | None = None  # column, and whether downward

    def show(self, table: Table) -> None:
        self.beginResetModel()
        self.table, self._sorted = table, None
        self._arrange()
        self.endResetModel()

    def set_filter(self, text: str, changes_only: bool) -> None:
        self.beginResetModel()
        self._needles, self._changes_only = text.lower().split(), changes_only
        self._arrange()
        self.endResetModel()

    def sort_by(self, column: int, downward: bool) -> None:
        """Layers without a number come last either way; a negative column is the order of execution."""
        self.beginResetModel()
        self._sorted = (column, downward) if column >= 0 else None
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        self.rows = [row for row in self.table.rows if self._passes(row)]
        if self._sorted is not None:
            column, downward = self._sorted
            known = [row for row in self.rows if row.cells[column].value is not None]
            unknown = [row for row in self.rows if row.cells[column].value is None]
            words = any(isinstance(row.cells[column].value, str) for row in known)
            known.sort(key=lambda row: _sort_key(row.cells[column].value, words), reverse=downward)
            self.rows = [*known, *unknown]

    def _passes(self, row: Row) -> bool:
        return (row.changed or not self._changes_only) and all(needle in row.words for needle in self._needles)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.table.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        cell = self.rows[index.row()].cells[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return cell.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(dict.fromkeys(part for part in (cell.text, cell.hint) if part))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.table.columns[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return (
                f"{column.title}{f', {column.unit}' if column.unit else ''}\nPress to sort; press again to turn, and once more to go back"
            )
        return column.title if role == Qt.ItemDataRole.DisplayRole else None


def _sort_key(value: float | str | None, words: bool) -> tuple[str, float]:
    return (str(value), 0.0) if words else ("", float(value or 0.0))


class _Delegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, model: _Model) -> None:
        super().__init__()
        self._theme, self._model = theme, model
        self.bars: dict[str, float] = {}  # how long the bars of a column may be: what its numbers leave
        self.marks: tuple[int, ...] = (0,)  # the places of the models among the variants, for their colours

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(60, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row, column = self._model.rows[index.row()], self._model.table.columns[index.column()]
        cell = row.cells[index.column()]
        rect = QRectF(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        calm = "accent_soft" if cell.changed and column.kind != "change" else "surface"
        paint_ground(painter, self._theme, rect, selected=selected, first=index.column() == 0, calm=calm)
        self._cell(painter, rect.adjusted(PAD, 0, -PAD, -1), column, row, cell)
        painter.restore()

    def _cell(self, painter: QPainter, box: QRectF, column: Column, row: Row, cell: Cell) -> None:
        match column.kind:
            case "name":
                self._write(painter, box, cell.text, font(12, 500), "text", elide=Qt.TextElideMode.ElideMiddle)
            case "change":
                paint_icon(painter, cell.sign, QRectF(box.left(), box.center().y() - 6.5, 13, 13), self._theme.color(cell.tone or "second"))
                weight = 600 if cell.changed else 400
                self._write(painter, box.adjusted(20, 0, 0, 0), cell.text, font(12, weight), cell.tone or "second")
            case "share" | "time":
                wide = self.bars.get(column.key, float(_BAR))
                self._bars(painter, QRectF(box.left(), box.top(), wide, box.height()), cell)
                self._number(painter, box.adjusted(wide + 8, 0, 0, 0), cell)
            case "number":
                self._number(painter, box, cell)
            case _:
                self._write(painter, box, cell.text, font(12, 600 if cell.changed else 400), "text" if cell.changed else "second")

    def _number(self, painter: QPainter, box: QRectF, cell: Cell) -> None:
        tone = "muted" if cell.value is None else "text"
        self._write(painter, box, cell.text, font(12, 600 if cell.changed else 500), tone, right=True)

    def _bars(self, painter: QPainter, box: QRectF, cell: Cell) -> None:
        """One bar a model, the first above the second, each in the colour of its variant."""
        if all(share is None for share in cell.bars):
            return
        height = 8.0 if len(cell.bars) == 1 else 5.0
        top = box.center().y() - (height * len(cell.bars) + (len(cell.bars) - 1) * 2) / 2
        for place, share in enumerate(cell.bars):
            bar = QRectF(box.left(), top + place * (height + 2), box.width(), height)
            if share is None:
                continue
            painter.fillRect(bar, self._theme.color("hover"))
            painter.fillRect(
                QRectF(bar.left(), bar.top(), max(bar.width() * min(share, 1.0), 1.0 if share else 0.0), height), self._ink(place)
            )

    def _ink(self, place: int) -> QColor:
        mark = self.marks[place] if place < len(self.marks) else -1
        return self._theme.variant(mark).color if mark >= 0 else self._theme.color("muted")

    def _write(
        self, painter: QPainter, box: QRectF, text: str, face: QFont, tone: str, *, right: bool = False,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:  # fmt: skip
        painter.setFont(face)
        painter.setPen(self._theme.color(tone))
        shown = QFontMetricsF(face).elidedText(text, elide, max(box.width(), 0))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | side, shown)


class LayerTable(QTableView):
    """Shows a `Table` of greenbench.gui.inside.rows; sorted by nothing until a head is pressed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _Model()
        self._delegate = _Delegate(theme, self._model)
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        self.head = TwoLineHead(theme, lambda: self._model.table.columns, sortable=True)
        self.head.sectionClicked.connect(self.sort_by)
        self.setHorizontalHeader(self.head)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("Layers")
        self._least: list[int] = []
        forget = theme.observe(self.viewport().update)
        self.destroyed.connect(lambda *_: forget())

    @property
    def table(self) -> Table:
        return self._model.table

    @property
    def shown(self) -> int:
        """How many rows pass the filter."""
        return len(self._model.rows)

    def cell_text(self, row: int, column: int) -> str:
        """What stands in a row and column as they are shown now."""
        return self._model.rows[row].cells[column].text

    def show_table(self, table: Table, marks: tuple[int, ...]) -> None:
        """`marks`: the place of each model among the variants (−1: none), for the colour of its bars."""
        self._delegate.marks = marks
        self._unsort()
        self._model.show(table)
        self._least = [_needed(table, place) for place in range(len(table.columns))]
        self._share_width()

    def set_filter(self, text: str, changes_only: bool) -> None:
        self._model.set_filter(text, changes_only)

    def sort_by(self, column: int) -> None:
        """Upward, at the second press downward, at the third in the order of execution again."""
        if not self.head.isSortIndicatorShown() or self.head.sortIndicatorSection() != column:
            self._sort(column, Qt.SortOrder.DescendingOrder if self.table.columns[column].right else Qt.SortOrder.AscendingOrder)
        elif (self.head.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder) is not self.table.columns[column].right:
            turned = self.head.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
            self._sort(column, Qt.SortOrder.DescendingOrder if turned else Qt.SortOrder.AscendingOrder)
        else:
            self._unsort()

    def _sort(self, column: int, order: Qt.SortOrder) -> None:
        self.head.setSortIndicatorShown(True)
        self.head.setSortIndicator(column, order)
        self._model.sort_by(column, order is Qt.SortOrder.DescendingOrder)

    def _unsort(self) -> None:
        self.head.setSortIndicatorShown(False)
        self._model.sort_by(-1, False)
        self.head.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        """Every column gets what its words need, then its share of what is left; where that is too much, names give way first."""
        columns = self.table.columns
        if not columns or not len(columns) == len(self._least) == self.head.count():
            return  # in the middle of a change: the head does not have these columns yet
        room = self.viewport().width()
        widths = list(self._least)
        missing = sum(widths) - room
        for place, column in enumerate(columns):
            if missing > 0 and column.kind in _ELASTIC:
                given = min(missing, max(widths[place] - column.least, 0))
                widths[place] -= given
                missing -= given
        spare = max(room - sum(widths), 0)
        total = sum(column.share for column in columns)
        left = spare
        for place, column in enumerate(columns):
            share = left if place == len(columns) - 1 else math.floor(spare * column.share / total)
            self.setColumnWidth(place, widths[place] + share)
            left -= share
            if column.kind in ("share", "time"):
                self._delegate.bars[column.key] = float(min(_BAR + self.columnWidth(place) - self._least[place], _LONGEST_BAR))


def _needed(table: Table, place: int) -> int:
    column = table.columns[place]
    face, small = QFontMetricsF(font(12, 600)), QFontMetricsF(font(11))
    texts = {row.cells[place].text for row in table.rows}
    longest = sorted(texts, key=len)[-40:]  # widths follow lengths closely enough: not each of a thousand is measured
    words = max((face.horizontalAdvance(text) for text in longest), default=0.0)
    beside = {"change": 20, "share": _BAR + 8, "time": _BAR + 8}.get(column.kind, 0)
    most = _ELASTIC.get(column.kind)
    needed = max(words + beside, face.horizontalAdvance(column.title) + 12, small.horizontalAdvance(column.unit))
    return max(math.ceil(min(needed, most) if most else needed) + 2 * PAD + 1, column.least)
