"""Joules as one bar of parts with their names below it, wrapped to the width there is."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from greenbench.gui.theme import Theme, font

_BAR, _GAP, _LINE, _MARK = 12, 6, 18, 8


@dataclass(frozen=True)
class Part:
    """One part: its joules, its words in the legend ("Teacher, shared 2.41"), its colour, and what its tooltip says. `apart`: it
    stands beside the sum: named below the bar with a hollow mark, and no part of it."""

    value: float
    words: str
    color: str
    hint: str = ""
    apart: bool = False


class StackBar(QWidget):
    """Colours are tokens of the theme, or "#RRGGBB"."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._parts: tuple[Part, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_BAR)
        forget = theme.observe(self.update)
        self.destroyed.connect(lambda *_: forget())

    @property
    def parts(self) -> tuple[Part, ...]:
        return self._parts

    def show_parts(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)
        self.setAccessibleName("; ".join(part.words for part in self._parts))
        self._fit()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(200, self.height())

    def _fit(self) -> None:
        lines = len(self._legend())
        self.setFixedHeight(_BAR + (_GAP + lines * _LINE if lines else 0))

    def _legend(self) -> list[list[tuple[float, Part]]]:
        """The names line by line, each with the place where it begins."""
        metrics = QFontMetricsF(font(11))
        lines: list[list[tuple[float, Part]]] = []
        at = 0.0
        for part in self._parts:
            wide = _MARK + 5 + metrics.horizontalAdvance(part.words) + 14
            if not lines or at + wide - 14 > self.width():
                lines.append([])
                at = 0.0
            lines[-1].append((at, part))
            at += wide
        return lines

    def _spans(self) -> list[tuple[QRectF, Part]]:
        """Where each part lies; the smallest can still be seen."""
        parts = [part for part in self._parts if not part.apart]
        total = sum(part.value for part in parts)
        if total <= 0:
            return []
        found, at = [], 0.0
        for part in parts:
            wide = max(part.value / total * self.width(), 2.0)
            found.append((QRectF(at, 0, max(min(wide, self.width() - at), 2.0) - 1, _BAR), part))
            at += wide
        return found

    def _named_at(self, at: QPointF | QPoint) -> Part | None:
        """The part whose name lies there."""
        line = int((at.y() - _BAR - _GAP) // _LINE)
        names = self._legend()
        if at.y() < _BAR + _GAP or line >= len(names):
            return None
        return next((part for x, part in reversed(names[line]) if x <= at.x()), None)

    def _color(self, part: Part) -> QColor:
        return QColor(part.color) if part.color.startswith("#") else self._theme.color(part.color)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for rect, part in self._spans():
            painter.fillRect(rect, self._color(part))
        painter.setFont(font(11))
        for line, names in enumerate(self._legend()):
            y = _BAR + _GAP + line * _LINE
            for x, part in names:
                mark = QRectF(x, y + 4, _MARK, _MARK)
                if part.apart:
                    painter.setPen(QPen(self._color(part), 1.3))
                    painter.drawRect(mark.adjusted(0.5, 0.5, -0.5, -0.5))
                else:
                    painter.fillRect(mark, self._color(part))
                painter.setPen(self._theme.color("second"))
                flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
                painter.drawText(QRectF(x + _MARK + 5, y - 1, self.width() - x - _MARK - 5, _LINE), flags, part.words)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            under = self._named_at(event.pos()) or next((part for rect, part in self._spans() if rect.contains(event.pos())), None)
            QToolTip.showText(event.globalPos(), under.hint or under.words if under else "", self)
            return True
        return super().event(event)
