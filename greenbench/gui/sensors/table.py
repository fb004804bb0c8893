"""The table of the sensors page as drawn: source, provenance, what it covers, watts now, refresh, state, and what to do."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from greenbench.core.measurement import Provenance
from greenbench.core.quote import NO_READING
from greenbench.gui.icons import paint_icon
from greenbench.gui.marks import paint_provenance
from greenbench.gui.sensors.rows import SensorRow, folded, urgent
from greenbench.gui.sensors.words import refresh_hint, short_time
from greenbench.gui.table_head import PAD, TwoLineHead, paint_ground
from greenbench.gui.theme import Theme, font

ROW, HEAD = 46, 36
SOURCE, PROVENANCE, COVERS, NOW, REFRESH, STATE, NOTE = range(7)
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class _Column:
    """`least` is its width where room is short, `most` how much it may want for its words; 0: it has a width of its own."""

    title: str
    right: bool
    least: int
    most: int = 0
    unit: str = ""


_COLUMNS = (
    _Column("Source", False, 146, 320),
    _Column("Provenance", False, 112),
    _Column("Covers", False, 110, 260),
    _Column("Now", True, 84),
    _Column("Refresh", True, 70),
    _Column("State", False, 104, 160),
    _Column("Remedy or note", False, 122, 200),
)
_ROOM_FOR_ALL, _ROOM_FOR_WORDS, _ROOM_FOR_REFRESH = 846, 700, 617


@dataclass(frozen=True)
class Reading:
    """The watts of one channel at this moment, or why there are none."""

    power_w: float | None
    reason: str = ""


class _Model(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[SensorRow, ...] = ()
        self.now: Mapping[str, Reading] = {}

    def show(self, rows: Sequence[SensorRow]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(_COLUMNS)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.words(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._hint(row, index.column())
        return None

    def words(self, row: SensorRow, column: int) -> str:
        return {
            SOURCE: row.title,
            PROVENANCE: row.provenance.value.capitalize(),
            COVERS: row.covers,
            NOW: self.watts(row),
            REFRESH: short_time(row.refresh_s),
            STATE: row.state.word,
            NOTE: row.note,
        }[column]

    def watts(self, row: SensorRow) -> str:
        """ "23.4 W", "≈ 5.6 W", "—"."""
        reading = self.now.get(row.key)
        if reading is None or reading.power_w is None:
            return NO_READING
        value = reading.power_w
        return f"{'≈ ' if row.modelled else ''}{value:.0f} W" if value >= 999.5 else f"{'≈ ' if row.modelled else ''}{value:.1f} W"

    def _hint(self, row: SensorRow, column: int) -> str:
        if column == REFRESH:
            return refresh_hint(row)
        if column == PROVENANCE:
            return f"{row.provenance.value.capitalize()}: {row.provenance.meaning}"
        if column == NOW:
            reading = self.now.get(row.key)
            return reading.reason if reading and reading.power_w is None else ""
        if column == COVERS:
            return row.channel.covers if row.channel else row.report.covers
        if column == SOURCE:
            return "\n".join(part for part in (row.title, row.report.title if row.channel else row.report.reason) if part)
        return " ".join(part for part in (row.report.reason, row.report.remedy) if part)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        across = orientation == Qt.Orientation.Horizontal
        return _COLUMNS[section].title if across and role == Qt.ItemDataRole.DisplayRole else None

    def show_now(self, now: Mapping[str, Reading]) -> None:
        """New watts: only their column is drawn again."""
        self.now = now
        if self.rows:
            self.dataChanged.emit(self.index(0, NOW), self.index(len(self.rows) - 1, NOW), [Qt.ItemDataRole.DisplayRole])


class _Delegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, model: _Model) -> None:
        super().__init__()
        self._theme, self._model = theme, model
        self.hovered = -1  # the row whose note the pointer is on

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(40, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row, column = self._model.rows[index.row()], index.column()
        rect = QRectF(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, self._theme, rect, selected=selected, first=column == SOURCE)
        inside = rect.adjusted(PAD + (4 if column == SOURCE else 0), 0, -PAD, -1)
        match column:
            case 0:
                two = bool(row.detail)
                self._words(painter, inside.adjusted(0, 5, 0, -21) if two else inside, row.title, 13, 600, "text")
                self._words(painter, inside.adjusted(0, 24, 0, -4), row.detail, 11, 400, "muted")
            case 1:
                self._provenance(painter, inside, row.provenance)
            case 3:
                self._now(painter, inside, row)
            case 4:
                self._words(painter, inside, short_time(row.refresh_s), 12, 500, "second", right=True)
            case 5:
                self._state(painter, inside, row)
            case 6:
                face = font(12, 600 if row.act else 400)
                face.setUnderline(bool(row.act) and self.hovered == index.row())
                self._draw(painter, inside, row.note, face, "accent" if row.act else "muted")
            case _:
                self._words(painter, inside, row.covers, 12, 400, "second")
        painter.restore()

    def _words(self, painter: QPainter, box: QRectF, text: str, size: float, weight: int, tone: str, *, right: bool = False) -> None:
        self._draw(painter, box, text, font(size, weight), tone, right=right)

    def _draw(self, painter: QPainter, box: QRectF, text: str, face: QFont, tone: str, *, right: bool = False) -> None:
        shown = QFontMetricsF(face).elidedText(text, Qt.TextElideMode.ElideRight, max(box.width(), 0))
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        painter.setFont(face)
        painter.setPen(self._theme.color(tone))
        painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, shown)

    def _provenance(self, painter: QPainter, box: QRectF, provenance: Provenance) -> None:
        token = "warning" if provenance is Provenance.MODELLED else "second"
        mark = QRectF(box.left(), box.center().y() - 7, 14, 14)
        paint_provenance(painter, mark, provenance, self._theme.color(token))
        if box.width() > 60:
            self._words(painter, box.adjusted(21, 0, 0, 0), provenance.value.capitalize(), 12, 500, "second")

    def _now(self, painter: QPainter, box: QRectF, row: SensorRow) -> None:
        text = self._model.watts(row)
        if text == NO_READING:
            self._words(painter, box, text, 13, 500, "muted", right=True)
            return
        value, _, unit = text.rpartition(" ")
        room = QFontMetricsF(font(12)).horizontalAdvance(unit) + 5
        self._words(painter, box, unit, 12, 400, "muted", right=True)
        self._words(painter, box.adjusted(0, 0, -room, 0), value, 13, 600, "text", right=True)

    def _state(self, painter: QPainter, box: QRectF, row: SensorRow) -> None:
        state = row.state
        paint_icon(painter, state.icon, QRectF(box.left(), box.center().y() - 7, 14, 14), self._theme.color(state.tone))
        tone = state.tone if state.tone in ("warning", "danger") else "second"
        self._words(painter, box.adjusted(21, 0, 0, 0), state.word, 12, 600 if state.tone in ("warning", "danger") else 500, tone)


class SensorTable(QTableView):
    """Shows the rows. `chosen` carries the key of the selected row; `acted` that of a row whose note was pressed, and what it does."""

    chosen = Signal(str)
    acted = Signal(str, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._model = _Model()
        self._delegate = _Delegate(theme, self._model)
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        self._columns = list(_COLUMNS)
        self._all: tuple[SensorRow, ...] = ()
        self._opened = False
        head = TwoLineHead(theme, lambda: self._columns)
        head.setFixedHeight(HEAD)
        head.setMinimumSectionSize(30)
        self.setHorizontalHeader(head)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setAccessibleName("Power sources")
        self.selectionModel().currentRowChanged.connect(lambda now, _: self._tell(now.row()))
        forget = theme.observe(self.viewport().update)
        self.destroyed.connect(lambda *_: forget())

    @property
    def rows(self) -> tuple[SensorRow, ...]:
        return self._model.rows

    @property
    def key(self) -> str:
        """The key of the selected row; "" where none is."""
        place = self.currentIndex().row()
        return self.rows[place].key if 0 <= place < len(self.rows) else ""

    def show_rows(self, rows: Sequence[SensorRow]) -> None:
        """Shows these rows, those of other systems behind one line; the selected one stays selected, also if it has moved."""
        self._all = tuple(rows)
        rows = folded(rows, opened=self._opened)
        if rows == self.rows:
            return
        before, place = self.key, max(self.currentIndex().row(), 0)
        self._model.show(rows)
        self.updateGeometry()
        self._share_width()
        if rows:
            keys = [row.key for row in rows]
            self.select(before if before in keys else keys[min(place, len(keys) - 1)] if before else urgent(rows))

    def show_now(self, now: Mapping[str, Reading]) -> None:
        """The watts of this moment by channel."""
        self._model.show_now(now)

    def select(self, key: str) -> None:
        """Marks the row of a key, if there is one; one behind the line of other systems opens that."""
        if not self._opened and any(row.key == key for row in self._all) and all(row.key != key for row in self.rows):
            self._fold()
        for place, row in enumerate(self.rows):
            if row.key == key:
                self.setCurrentIndex(self._model.index(place, SOURCE))

    def words(self, key: str, column: int) -> str:
        """What stands in a cell."""
        return next((self._model.words(row, column) for row in self.rows if row.key == key), "")

    def sizeHint(self) -> QSize:
        return QSize(700, HEAD + ROW * max(len(self.rows), 1) + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(420, HEAD + ROW * min(max(len(self.rows), 1), 3) + 2)

    def _fold(self) -> None:
        """Opens or closes the line of other systems."""
        self._opened = not self._opened
        self.show_rows(self._all)

    def _tell(self, place: int) -> None:
        if 0 <= place < len(self.rows):
            self.chosen.emit(self.rows[place].key)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        """Short words and numbers get what they need; names, and after them what is covered, share the rest. Where room is short words go
        before marks and numbers."""
        room = self.viewport().width()
        self.setColumnHidden(COVERS, room < _ROOM_FOR_ALL)
        self.setColumnHidden(REFRESH, room < _ROOM_FOR_REFRESH)
        wordless = room < _ROOM_FOR_WORDS
        self._columns[PROVENANCE] = replace(_COLUMNS[PROVENANCE], title="" if wordless else "Provenance")
        widths = {place: self._wanted(place) for place in range(len(_COLUMNS)) if not self.isColumnHidden(place)}
        if wordless:
            widths[PROVENANCE] = 38
        giving = [place for place in (NOTE, COVERS, SOURCE) if place in widths]  # the first gives way first, down to its least
        over = sum(widths.values()) - room
        for place in giving:
            gives = min(max(over, 0), max(widths[place] - _COLUMNS[place].least, 0))
            widths[place] -= gives
            over -= gives
        spare = max(-over, 0)
        for place in giving[::-1]:
            widths[place] += spare // len(giving)
        widths[NOTE] += spare % len(giving)
        for place, width in widths.items():
            self.setColumnWidth(place, width)

    def _wanted(self, place: int) -> int:
        """The width in which nothing of a column is cut off, at least its own and at most its limit."""
        column = _COLUMNS[place]
        if not column.most:
            return column.least
        face = QFontMetricsF(font(13 if place == SOURCE else 12, 600))
        words = max((face.horizontalAdvance(self._model.words(row, place)) for row in self.rows), default=0.0)
        beside = {SOURCE: 4, STATE: 21, PROVENANCE: 21}.get(place, 0)
        return max(column.least, min(math.ceil(words) + 2 * PAD + beside + 2, column.most))

    def _act(self, index: QModelIndex) -> None:
        row = self.rows[index.row()]
        if row.act == "fold":
            self._fold()
        elif row.act:
            self.acted.emit(row.key, row.act)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and index.column() == NOTE and event.button() == Qt.MouseButton.LeftButton:
            self._act(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        on = index.row() if index.isValid() and index.column() == NOTE and self.rows[index.row()].act else -1
        self._hover(on)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def _hover(self, place: int) -> None:
        if place != self._delegate.hovered:
            self._delegate.hovered = place
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if place >= 0 else Qt.CursorShape.ArrowCursor)
            self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._act(self.currentIndex())
            return
        super().keyPressEvent(event)
