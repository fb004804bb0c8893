"""The live values right of a plot's title: a piece of the line, the provenance mark, the name, the number."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from greenbench.core.measurement import Provenance
from greenbench.gui.marks import paint_provenance
from greenbench.gui.theme import Theme, font


@dataclass(frozen=True)
class Entry:
    """One live value. `line`: "solid", "dashed", "dots" or "squares"; `value` is ready to print."""

    name: str
    value: str
    line: str
    color: QColor
    provenance: Provenance | None = None


class Legend(QWidget):
    """Entries from right to left; of those that do not fit the first one goes last; the tooltip has them all."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._entries: tuple[Entry, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(20)

    def sizeHint(self) -> QSize:
        return QSize(100, 20)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self._entries

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Shows these values now."""
        if tuple(entries) != self._entries:
            self._entries = tuple(entries)
            self.setToolTip("\n".join(f"{entry.name} {entry.value}".strip() for entry in entries))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        widths = [self._width(entry) for entry in self._entries]
        fitting = 0
        while fitting < len(widths) and sum(widths[: fitting + 1]) + 14 * fitting <= self.width():
            fitting += 1
        x = self.width() - sum(widths[:fitting]) - 14 * max(fitting - 1, 0)
        for entry, width in zip(self._entries[:fitting], widths, strict=False):
            self._paint(painter, entry, x)
            x += width + 14
        painter.end()

    def _width(self, entry: Entry) -> float:
        text = QFontMetricsF(font(11)).horizontalAdvance(entry.name) + QFontMetricsF(font(11, 600)).horizontalAdvance(entry.value)
        return 22 + (18 if entry.provenance else 0) + text + 5

    def _paint(self, painter: QPainter, entry: Entry, x: float) -> None:
        middle = self.height() / 2
        if entry.line == "dots":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(entry.color)
            for dx, dy in ((3, 1), (8, -2), (13, 2)):
                painter.drawEllipse(QPointF(x + dx, middle + dy), 1.5, 1.5)
        elif entry.line == "squares":
            painter.setPen(QPen(entry.color, 1.3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(x + 5, middle - 3, 6, 6))
        else:
            pen = QPen(entry.color, 1.6)
            if entry.line == "dashed":
                pen.setDashPattern([2.6, 1.8])
            painter.setPen(pen)
            painter.drawLine(QPointF(x, middle), QPointF(x + 15, middle))
        x += 22
        if entry.provenance:
            token = "warning" if entry.provenance is Provenance.MODELLED else "second"
            paint_provenance(painter, QRectF(x, middle - 7, 14, 14), entry.provenance, self._theme.color(token))
            x += 18
        painter.setFont(font(11))
        painter.setPen(self._theme.color("muted"))
        name = QFontMetricsF(font(11)).horizontalAdvance(entry.name)
        painter.drawText(QRectF(x, 0, name + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, entry.name)
        painter.setFont(font(11, 600))
        painter.setPen(self._theme.color("text"))
        painter.drawText(QRectF(x + name + 5, 0, 200, self.height()), Qt.AlignmentFlag.AlignVCenter, entry.value)
