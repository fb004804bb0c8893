"""A row that is a button: an icon, a title and a second line, drawn by itself; for recent files and for the ways in."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from greenbench.gui.editor.drawing import write
from greenbench.gui.icons import paint_icon
from greenbench.gui.theme import Theme


class PaintedRow(QAbstractButton):
    """`framed` ones are cards of their own, with a larger icon; others are rows of a card."""

    def __init__(self, theme: Theme, icon: str, title: str, detail: str, *, framed: bool = False) -> None:
        super().__init__()
        self._theme, self._icon, self._framed = theme, icon, framed
        self.title, self.detail = title, detail
        self.setFixedHeight(58 if framed else 46)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(title)
        self.setAccessibleDescription(detail)
        forget = theme.observe(self.update)
        self.destroyed.connect(lambda *_: forget())

    def sizeHint(self) -> QSize:
        return QSize(180, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, hovered, focused = self._theme, self.underMouse(), self.hasFocus()
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        if self._framed:
            painter.setBrush(theme.color("surface"))
            painter.setPen(QPen(theme.color("accent" if focused else "faint" if hovered else "border"), 1))
            painter.drawRoundedRect(box, 8, 8)
        elif hovered or focused:
            painter.setBrush(theme.color("hover"))
            painter.setPen(QPen(theme.color("accent"), 1) if focused else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(box, 6, 6)
        side, left = (20.0, 16.0) if self._framed else (16.0, 6.0)
        top = box.center().y() - (side / 2 if self._framed else 16)
        paint_icon(painter, self._icon, QRectF(left, top, side, side), theme.color("accent" if self._framed else "muted"))
        words = box.adjusted(left + side + 12, 0, -10, 0)
        write(painter, QRectF(words.left(), box.center().y() - 19, words.width(), 19), self.title, theme.color("text"), (13, 500))
        write(painter, QRectF(words.left(), box.center().y() + 1, words.width(), 17), self.detail, theme.color("second"), (12, 400))
        painter.end()
