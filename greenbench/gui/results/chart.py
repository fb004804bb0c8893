"""The paper of a still chart: margins, round axes (linear or logarithmic), grid, and the mapping from values to pixels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from greenbench.gui.live.scales import nice_step
from greenbench.gui.theme import Theme, font


@dataclass(frozen=True)
class Axis:
    """The range of an axis in shown units, its ticks, and its words."""

    low: float
    high: float
    ticks: tuple[float, ...]
    title: str = ""
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high end."""
        if self.logarithmic:
            return (math.log(max(value, 1e-300)) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return (value - self.low) / (self.high - self.low)


def linear(values: Sequence[float], title: str, *, room: float = 0.06, count: int = 4, ceiling: float | None = None) -> Axis:
    """An axis around the values with some room at both ends and round ticks inside."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    spread = abs(low) * 0.05 or 0.5 if high == low else (high - low) * room
    low, high = (max(low - spread, 0.0) if low >= 0 else low - spread), high + spread
    if ceiling is not None:
        high = min(high, max(ceiling, max(values, default=0.0)))
    step = nice_step(high - low, count)
    first = math.ceil(low / step - 1e-9)
    ticks = tuple(round(index * step, 12) for index in range(first, math.floor(high / step + 1e-9) + 1))
    return Axis(low, high, ticks, title)


def logarithmic(values: Sequence[float], title: str) -> Axis:
    """An axis over positive values with ticks at 1, 2 and 5 times powers of ten."""
    low, high = min(values) / 1.15, max(values) * 1.15
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    wanted = (1, 2, 5) if high / low < 100 else (1,)
    ticks = tuple(factor * 10.0**power for power in powers for factor in wanted if low <= factor * 10.0**power <= high)
    return Axis(low, high, ticks, title, True)


class Chart(QWidget):
    """Paints axes and grid; a subclass paints what lies in `area` and says the axes."""

    left, top, right, bottom = 44, 26, 16, 40

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.x_axis = self.y_axis = Axis(0.0, 1.0, ())
        self.setMinimumSize(220, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        forget = theme.observe(self.update)
        self.destroyed.connect(lambda *_: forget())

    @property
    def area(self) -> QRectF:
        return QRectF(self.left, self.top, max(self.width() - self.left - self.right, 1), max(self.height() - self.top - self.bottom, 1))

    def at(self, x: float, y: float) -> QPointF:
        """The pixel of a pair of values."""
        area = self.area
        return QPointF(area.left() + self.x_axis.share(x) * area.width(), area.bottom() - self.y_axis.share(y) * area.height())

    def paint_paper(self, painter: QPainter) -> None:
        """Grid, bottom axis, ticks and titles."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self.area
        grid = QPen(self.theme.color("text", 0.10 if self.theme.dark else 0.09), 1)
        painter.setFont(font(11))
        for tick in self.x_axis.ticks:
            x = round(self.at(tick, self.y_axis.low).x()) + 0.5
            painter.setPen(grid)
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setPen(self.theme.color("muted"))
            painter.drawText(QRectF(x - 40, area.bottom() + 5, 80, 14), Qt.AlignmentFlag.AlignCenter, f"{tick:g}")
        for tick in self.y_axis.ticks:
            y = round(self.at(self.x_axis.low, tick).y()) + 0.5
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(self.theme.color("muted"))
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(QRectF(0, y - 8, area.left() - 7, 16), flags, f"{tick:g}")
        painter.setPen(QPen(self.theme.color("strong"), 1))
        painter.drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5))
        painter.setPen(self.theme.color("second"))
        painter.drawText(QRectF(4, 2, area.width(), 16), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.y_axis.title)
        below = QRectF(area.left(), area.bottom() + 21, area.width(), 16)
        painter.drawText(below, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.x_axis.title)

    def paint_word(self, painter: QPainter, word: str) -> None:
        """A muted sentence in the middle, where there is nothing to draw."""
        painter.setFont(font(12))
        painter.setPen(self.theme.color("muted"))
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(QRectF(self.rect()).adjusted(24, 24, -24, -24), flags, word)
