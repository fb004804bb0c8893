"""What the painted tables share: a head with two lines, title and unit, with an arrow where the rows are sorted; the ground of a cell."""

from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import QEvent, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QPainter
from PySide6.QtWidgets import QHeaderView, QToolTip

from greenbench.gui.icons import paint_icon
from greenbench.gui.theme import Theme, font

PAD = 12
HEAD_HEIGHT = 44
_SIGN = 10


def paint_ground(painter: QPainter, theme: Theme, rect: QRectF, *, selected: bool, first: bool, calm: str = "surface") -> None:
    """What lies under a cell: its colour, the line below it, and the mark of a chosen row at its `first` cell."""
    painter.fillRect(rect, theme.color("selection" if selected else calm))
    painter.fillRect(QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), theme.color("border"))
    if selected and first:
        painter.fillRect(QRectF(rect.left(), rect.top(), 3, rect.height()), theme.color("accent"))


class HeadColumn(Protocol):
    """What a head needs to know of a column."""

    @property
    def title(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def right(self) -> bool: ...


class TwoLineHead(QHeaderView):
    """Draws the columns that `columns` gives. `sortable`: a press on a head asks for its order (sectionClicked)."""

    def __init__(self, theme: Theme, columns: Callable[[], Sequence[HeadColumn]], *, sortable: bool = False) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._theme, self._columns, self._sortable = theme, columns, sortable
        self.setFixedHeight(HEAD_HEIGHT)
        self.setSectionsClickable(sortable)

    def paintSection(self, painter: QPainter, rect: QRect, logical: int) -> None:
        column = self._columns()[logical]
        painter.save()
        painter.fillRect(rect, self._theme.color("sunken"))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), self._theme.color("border"))
        side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
        inside = QRectF(rect).adjusted(PAD, 5 if column.unit else 0, -PAD, -5 if column.unit else 0)
        sorted_by = self._sortable and self.isSortIndicatorShown() and self.sortIndicatorSection() == logical
        for text, face, tone, edge in (
            (column.title, font(12, 600), "second", Qt.AlignmentFlag.AlignTop if column.unit else Qt.AlignmentFlag.AlignVCenter),
            (column.unit, font(11), "muted", Qt.AlignmentFlag.AlignBottom),
        ):
            painter.setFont(face)
            painter.setPen(self._theme.color(tone))
            shown = QFontMetricsF(face).elidedText(text, Qt.TextElideMode.ElideRight, inside.width())
            painter.drawText(inside, side | edge, shown)
        if sorted_by:
            self._arrow(painter, inside, column)
        painter.restore()

    def viewportEvent(self, event: QEvent) -> bool:
        """What is cut off in a head is read under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.words(self.logicalIndexAt(event.pos())), self)
            return True
        return super().viewportEvent(event)

    def words(self, logical: int) -> str:
        """The whole head of a column: title and unit."""
        if not 0 <= logical < len(self._columns()):
            return ""
        column = self._columns()[logical]
        return "\n".join(part for part in (column.title, column.unit) if part)

    def _arrow(self, painter: QPainter, inside: QRectF, column: HeadColumn) -> None:
        """Beside the title, in the padding where the words stand on the right."""
        wide = QFontMetricsF(font(12, 600)).horizontalAdvance(column.title)
        left = inside.right() + 1 if column.right else min(inside.left() + wide + 3, inside.right() - _SIGN)
        name = "caret-up-fill" if self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder else "caret-down-fill"
        paint_icon(painter, name, QRectF(left, inside.top() + (3 if column.unit else 17), _SIGN, _SIGN), self._theme.color("accent"))
