"""How many examples each class has, split by split, as bars beside their numbers."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from greenbench.core.quote import count
from greenbench.gui.editor.drawing import metrics_of, write
from greenbench.gui.theme import Theme

_ROW, _KEY, _GAP = 20, 20, 8
_SHADES = (1.0, 0.55, 0.28, 0.06)
_NAME_SHARE = 0.42


class ClassBars(QWidget):
    """One row a class: its name, a bar with a piece for each split, and the sum. The pieces differ by shade, border and place;
    a tooltip has their numbers. Shows the first `limit` classes and says how many follow."""

    def __init__(self, theme: Theme, classes: Sequence[str], counts: Mapping[str, Sequence[int]], limit: int = 12) -> None:
        super().__init__()
        self._theme = theme
        self._splits = tuple(counts)
        totals = [sum(counts[split][index] for split in counts) for index in range(len(classes))]
        self._rows = [(name, tuple(counts[split][index] for split in counts), totals[index]) for index, name in enumerate(classes[:limit])]
        self._widest = max((metrics_of(12, 400).horizontalAdvance(name) for name, *_ in self._rows), default=0.0)
        self._left = len(classes) - len(self._rows)
        self._most = max(totals, default=0)
        self._ends = (min(totals, default=0), self._most)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self._key_rows() * _KEY + len(self._rows) * _ROW + (_ROW if self._left else 0))
        spoken = "; ".join(self.words(index) for index in range(len(self._rows)))
        self.setAccessibleName(f"Examples of each class. {spoken}")
        forget = theme.observe(self.update)
        self.destroyed.connect(lambda *_: forget())

    def words(self, row: int) -> str:
        """One class in words: "cat: 120 (train 96, test 24)"."""
        name, parts, total = self._rows[row]
        each = ", ".join(f"{split} {count(part)}" for split, part in zip(self._splits, parts, strict=True))
        return f"{name}: {count(total)} ({each})"

    def sizeHint(self) -> QSize:
        return QSize(200, self.height())

    def _key_rows(self) -> int:
        """The key needs a second line where four names stand beside each other."""
        return 2 if len(self._splits) > 2 else 1

    def _shade(self, place: int) -> QColor:
        return self._theme.color("port_dataset", _SHADES[place % len(_SHADES)])

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_key(painter)
        top = self._key_rows() * _KEY
        for number, row in enumerate(self._rows):
            self._paint_row(painter, QRectF(0, top + number * _ROW, self.width(), _ROW), *row)
        if self._left:
            low, high = (count(end) for end in self._ends)
            text = f"and {count(self._left)} more, {low} to {high} examples each"
            rest = QRectF(0, top + len(self._rows) * _ROW, self.width(), _ROW)
            write(painter, rest, text, self._theme.color("muted"), (11, 400))
        painter.end()

    def _paint_key(self, painter: QPainter) -> None:
        across = 2 if len(self._splits) > 2 else max(len(self._splits), 1)
        width = self.width() / across
        for place, split in enumerate(self._splits):
            rect = QRectF(place % across * width, place // across * _KEY, width, _KEY)
            self._piece(painter, QRectF(rect.left() + 0.5, rect.center().y() - 4.5, 9, 9), place)
            write(painter, rect.adjusted(15, 0, -4, 0), split, self._theme.color("second"), (11, 400))

    def _paint_row(self, painter: QPainter, rect: QRectF, name: str, parts: tuple[int, ...], total: int) -> None:
        number = metrics_of(11, 500).horizontalAdvance(count(self._most))
        names = min(rect.width() * _NAME_SHARE, self._widest + 2 * _GAP)
        write(painter, QRectF(rect.left(), rect.top(), names - _GAP, rect.height()), name, self._theme.color("second"), (12, 400))
        tone = self._theme.color("text" if total else "danger")
        write(painter, rect, count(total), tone, (11, 500), Qt.AlignmentFlag.AlignRight)
        room = max(rect.width() - names - number - _GAP, 8.0)
        left = rect.left() + names
        for place, part in enumerate(parts):
            width = room * part / self._most if self._most else 0.0
            if width > 0:
                self._piece(painter, QRectF(left, rect.center().y() - 4.5, max(width - 1, 1.0), 9), place)
            left += width

    def _piece(self, painter: QPainter, rect: QRectF, place: int) -> None:
        painter.setBrush(self._shade(place))
        painter.setPen(QPen(self._theme.color("port_dataset"), 1))
        painter.drawRect(rect.adjusted(0.5, 0, -0.5, 0) if rect.width() > 2 else rect)

    def event(self, event: QEvent) -> bool:
        """The numbers of a row's pieces, under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = (event.pos().y() - self._key_rows() * _KEY) // _ROW
            if event.pos().y() >= self._key_rows() * _KEY and row < len(self._rows):
                QToolTip.showText(event.globalPos(), self.words(row), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)
