"""The comparison table as drawn: marks, numbers with intervals, verdicts with their sign, bars with the interval as a tick."""

import math

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from greenbench.core.measurement import Provenance
from greenbench.gui.icons import paint_icon
from greenbench.gui.marks import paint_provenance, paint_variant
from greenbench.gui.results.columns import Column
from greenbench.gui.results.rows import Cell, Row, Table
from greenbench.gui.table_head import HEAD_HEIGHT, PAD, TwoLineHead, paint_ground
from greenbench.gui.theme import Theme, font

ROW_HEIGHT = 46
_ROWS = 9  # more of them scroll
_BAR, _NARROW_BAR, _ROOM_FOR_BAR = 92, 56, 250
_NAME = 150  # a longer name of a variant may be shortened: its tooltip has it
_NOT_WORDS = {"source": 20, "verdict": 20, "bar": 20 + _NARROW_BAR + 14}  # pixels of marks, signs and bars beside the words
_Index = QModelIndex | QPersistentModelIndex


class _Model(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.table = Table((), (), (1.0, 1.0))

    def show(self, table: Table) -> None:
        self.beginResetModel()
        self.table = table
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.table.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.table.rows[index.row()]
        cell = row.cells[index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.failure if row.failure and index.column() else cell.words
        if role == Qt.ItemDataRole.ToolTipRole:
            failure = row.variant.failure
            return f"{failure.message}\n{failure.remedy}".strip() if failure else cell.hint
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.table.columns[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(part for part in (column.title, column.unit) if part)
        return column.title if role == Qt.ItemDataRole.DisplayRole else None


class _Delegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, model: _Model) -> None:
        super().__init__()
        self._theme, self._model = theme, model

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(60, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        table = self._model.table
        row, column = table.rows[index.row()], table.columns[index.column()]
        rect = QRectF(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, self._theme, rect, selected=selected, first=index.column() == 0)
        inside = rect.adjusted(PAD, 0, -PAD, -1)
        if index.column() == 0:
            self._variant(painter, inside, row)
        elif row.failure:
            self._failure(painter, inside, row)
        else:
            self._cell(painter, inside, row, column, row.cells[index.column()])
        painter.restore()

    def _cell(self, painter: QPainter, inside: QRectF, row: Row, column: Column, cell: Cell) -> None:
        match column.kind:
            case "number":
                self._number(painter, inside, cell)
            case "words":
                self._words(painter, inside.adjusted(0, 4, 0, -20) if cell.below else inside, cell.text, 12, 600, "text")
                self._words(painter, inside.adjusted(0, 24, 0, -4), cell.below, 11, 400, "muted")
            case "source":
                provenance = cell.provenance or Provenance.UNAVAILABLE
                token = "warning" if provenance is Provenance.MODELLED else "second"
                mark = QRectF(inside.left(), inside.center().y() - 7, 14, 14)
                paint_provenance(painter, mark, provenance, self._theme.color(token))
                words = inside.adjusted(20, 0, 0, 0)
                self._words(painter, words.adjusted(0, 4, 0, -20) if cell.below else words, cell.text, 12, 400, "second")
                self._words(painter, words.adjusted(0, 24, 0, -4), cell.below, 11, 400, "muted")
            case "bar":
                self._bar(painter, inside, row, cell)
            case _:
                self._verdict(painter, inside, cell)

    def _words(self, painter: QPainter, box: QRectF, text: str, size: float, weight: int, tone: str) -> float:
        """Writes on the left of a box, shortened to its width; returns the width written."""
        face = font(size, weight)
        shown = QFontMetricsF(face).elidedText(text, Qt.TextElideMode.ElideRight, max(box.width(), 0))
        painter.setFont(face)
        painter.setPen(self._theme.color(tone))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        return QFontMetricsF(face).horizontalAdvance(shown)

    def _variant(self, painter: QPainter, inside: QRectF, row: Row) -> None:
        muted = self._theme.color("faint") if row.failure else None
        paint_variant(painter, QPointF(inside.left() + 8, inside.center().y()), 10, self._theme.variant(row.index), muted)
        box = inside.adjusted(26, 0, 0, 0)
        self._words(painter, box, row.variant.letter, 12, 500, "muted")
        box = box.adjusted(18 + 8 * (len(row.variant.letter) - 1), 0, 0, 0)
        baseline = row.variant.letter == "A"
        weight, tone = (600, "text") if baseline else (500, "muted" if row.failure else "text")
        used = self._words(painter, box.adjusted(0, 0, -20 if baseline else 0, 0), row.variant.name, 13, weight, tone)
        if baseline:
            pin = QRectF(box.left() + used + 8, box.center().y() - 6.5, 13, 13)
            paint_icon(painter, "push-pin-simple-fill", pin, self._theme.color("muted"))

    def _failure(self, painter: QPainter, inside: QRectF, row: Row) -> None:
        box = QRectF(inside.left(), inside.center().y() - 7, 14, 14)
        failed = row.variant.failure is not None and not row.stopped
        paint_icon(painter, "warning-octagon-fill" if failed else "prohibit", box, self._theme.color("danger" if failed else "muted"))
        rest = inside.adjusted(20, 0, -110, 0)
        used = self._words(painter, rest, row.failure, 12, 500, "danger" if failed else "muted")
        self._words(painter, QRectF(rest.left() + used + 14, rest.top(), 110, rest.height()), "Open the node", 12, 600, "accent")

    def _number(self, painter: QPainter, inside: QRectF, cell: Cell) -> None:
        """The interval follows the number; where there is no room for both in a line it stands under it."""
        face, small = font(13, 600), font(12)
        sub = QFontMetricsF(small).horizontalAdvance(cell.sub) if cell.sub else 0.0
        below = cell.below
        if sub and QFontMetricsF(face).horizontalAdvance(cell.text) + sub + 8 > inside.width():
            sub, below = 0.0, below or cell.sub
        first = inside.adjusted(0, 4, 0, -20) if below else inside
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.setFont(face)
        painter.setPen(self._theme.color("text" if cell.value is not None else "muted"))
        painter.drawText(first.adjusted(-PAD, 0, -(sub + 8 if sub else 0), 0), flags, cell.text)
        painter.setPen(self._theme.color("muted"))
        if sub:
            painter.setFont(small)
            painter.drawText(first, flags, cell.sub)
        if below:
            painter.setFont(font(11))
            painter.drawText(inside.adjusted(0, 24, 0, -4), flags, below)

    def _verdict(self, painter: QPainter, inside: QRectF, cell: Cell) -> None:
        box = inside
        if cell.sign:
            paint_icon(painter, cell.sign, QRectF(box.left(), box.center().y() - 6.5, 13, 13), self._theme.color(cell.tone))
            box = box.adjusted(20, 0, 0, 0)
        tone = cell.tone if cell.tone in ("success", "danger") else "second"
        words, details = QFontMetricsF(font(12, 600)).horizontalAdvance(cell.text), QFontMetricsF(font(12)).horizontalAdvance(cell.sub)
        if cell.sub and words + 6 + details > box.width():
            self._words(painter, box.adjusted(0, 24, 0, -4), cell.sub, 11, 400, "muted")
            box = box.adjusted(0, 4, 0, -20)
        used = self._words(painter, box, cell.text, 12, 600 if cell.sign else 400, tone)
        if cell.sub and words + 6 + details <= box.width():
            self._words(painter, box.adjusted(used + 6, 0, 0, 0), cell.sub, 12, 400, "muted")

    def _bar(self, painter: QPainter, inside: QRectF, row: Row, cell: Cell) -> None:
        """Less is left of zero, more is right of it; the interval is the dark tick."""
        if cell.change is None:
            self._verdict(painter, inside, cell)
            return
        below, above = self._model.table.reach
        width = _BAR if inside.width() > _ROOM_FOR_BAR else _NARROW_BAR
        scale = width / (below + above)
        zero = inside.left() + below * scale
        middle = inside.center().y()
        end = zero + max(min(cell.change, above), -below) * scale
        color = QColor(self._theme.variant(row.index).color)
        if cell.sign in ("question", "equals"):
            color.setAlphaF(0.4)  # nothing is established: the bar must not look like a result
        painter.fillRect(QRectF(min(zero, end), middle - 4, abs(end - zero), 8), color)
        painter.fillRect(QRectF(zero - 0.5, middle - 8, 1, 16), self._theme.color("strong"))
        if cell.low is not None and cell.high is not None:
            ends = [zero + max(min(value, above), -below) * scale for value in (cell.low, cell.high)]
            painter.setPen(QPen(self._theme.color("text"), 1))
            painter.drawLine(QPointF(ends[0], middle), QPointF(ends[1], middle))
            for x in ends:
                painter.drawLine(QPointF(x, middle - 3.5), QPointF(x, middle + 3.5))
        self._verdict(painter, inside.adjusted(width + 14, 0, PAD - 2, 0), cell)


def _least_width(table: Table, place: int) -> int:
    """The pixels that a column needs to show its words in two lines; only the name of a variant may be shortened."""
    column = table.columns[place]
    cells = [row.cells[place] for row in table.rows if not row.failure]
    bold, small = QFontMetricsF(font(13, 600)), QFontMetricsF(font(11))
    needed = [QFontMetricsF(font(12, 600)).horizontalAdvance(column.title)]
    if column.right:
        needed.append(small.horizontalAdvance(column.unit))
    if column.kind == "variant":
        names = [bold.horizontalAdvance(row.variant.name) + (22 if row.variant.letter == "A" else 0) for row in table.rows]
        needed.append(26 + 18 + min(max(names, default=0.0), _NAME))
    else:
        beside = _NOT_WORDS.get(column.kind, 0)
        needed += [beside + max(bold.horizontalAdvance(c.text), small.horizontalAdvance(c.sub or c.below)) for c in cells]
    return math.ceil(max(needed)) + 2 * PAD


class ResultsTable(QTableView):
    """Shows a `Table`. `open_node` carries the node of a failed variant that was clicked; `chosen` a variant's index."""

    open_node = Signal(str)
    chosen = Signal(int)
    menu_wanted = Signal(int, QPoint)  # a variant's index, and where on the screen

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._model = _Model()
        self._delegate = _Delegate(theme, self._model)
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        self.setHorizontalHeader(TwoLineHead(theme, lambda: self._model.table.columns))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._least: list[int] = []
        self.clicked.connect(self._clicked)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.selectionModel().currentRowChanged.connect(lambda now, _: self._tell(now.row()))
        theme.observe(self.viewport().update)

    @property
    def table(self) -> Table:
        return self._model.table

    def show_table(self, table: Table) -> None:
        """Shows these rows."""
        self.clearSpans()
        self._model.show(table)
        for index, row in enumerate(table.rows):
            if row.failure and len(table.columns) > 2:
                self.setSpan(index, 1, 1, len(table.columns) - 1)
        self._least = [_least_width(table, place) for place in range(len(table.columns))]
        self._share_width()

    def select_variant(self, index: int) -> None:
        """Chooses the row of the index-th variant, if it is shown."""
        for place, row in enumerate(self._model.table.rows):
            if row.index == index:
                self.selectRow(place)

    def _tell(self, place: int) -> None:
        if 0 <= place < len(self._model.table.rows):
            self.chosen.emit(self._model.table.rows[place].index)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        """Every column gets what its words need, then its share of what is left; where that is too much the table scrolls."""
        columns = self._model.table.columns
        total = sum(column.share for column in columns)
        room = self.width() - 2 * self.frameWidth() - self._bar_beside()
        spare = max(room - sum(self._least), 0)
        left = spare
        for index, (column, least) in enumerate(zip(columns, self._least, strict=True)):
            share = left if index == len(columns) - 1 else round(spare * column.share / total)
            self.setColumnWidth(index, least + share)
            left -= share
        below = self.horizontalScrollBar().sizeHint().height() if sum(self._least) > room else 0
        self.setFixedHeight(HEAD_HEIGHT + ROW_HEIGHT * min(max(len(self._model.table.rows), 1), _ROWS) + 2 + below)

    def _bar_beside(self) -> int:
        """The width of the bar that scrolls the rows; there is none where all of them are shown."""
        many = len(self._model.table.rows) > _ROWS
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOn if many else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        return self.verticalScrollBar().sizeHint().width() if many else 0

    def _menu(self, at: QPoint) -> None:
        """For the row under the pointer; with the keyboard, for the chosen one."""
        index = self.indexAt(at)
        if index.isValid():
            self.menu_wanted.emit(self._model.table.rows[index.row()].index, self.viewport().mapToGlobal(at))

    def _clicked(self, index: QModelIndex) -> None:
        row = self._model.table.rows[index.row()]
        if row.failure and index.column():
            failed = row.variant.node or (row.variant.lineage[-1].node if row.variant.lineage else "")
            if failed:
                self.open_node.emit(failed)
