"""The live values right of a plot's title: a piece of the line, the provenance mark, the name, the number."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from greenbench.core.measurement import Provenance
from greenbench.gui.marks import paint_provenance
from greenbench.gui.theme import Theme, font

_NAME, _MORE = 40, 30  # the longest name in letters; the pixels of "+2"


_DASHES = {"dashed": [2.6, 1.8], "dotted": [1.0, 1.6]}


@dataclass(frozen=True)
class Entry:
    """One live value. `line`: "solid", "dashed", "dotted", "dots" or "squares"; `value` is ready to print."""

    name: str
    value: str
    line: str
    color: QColor
    provenance: Provenance | None = None


class Legend(QWidget):
    """Entries from right to left; where not all fit their names are shortened; the tooltip has them all."""

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
        shown = self.fitted()
        widths = [self._width(entry) for entry in shown]
        left_out = len(self._entries) - len(shown)
        x = self.width() - sum(widths) - 14 * max(len(widths) - 1, 0) - (_MORE if left_out else 0)
        for entry, width in zip(shown, widths, strict=True):
            self._paint(painter, entry, x)
            x += width + 14
        if left_out:
            painter.setFont(font(11))
            painter.setPen(self._theme.color("muted"))
            painter.drawText(QRectF(self.width() - _MORE + 8, 0, _MORE, self.height()), Qt.AlignmentFlag.AlignVCenter, f"+{left_out}")
        painter.end()

    def fitted(self) -> list[Entry]:
        """The entries as they find room: names give way before an entry does; a count stands for those that are left out."""
        for longest in (_NAME, 10, 6, 4):
            shown = [
                entry if len(entry.name) <= longest else replace(entry, name=f"{entry.name[: longest - 1]}…") for entry in self._entries
            ]
            if self._room(shown) <= self.width():
                return shown
        while shown and self._room(shown) + _MORE > self.width():
            shown.pop()
        return shown

    def _room(self, entries: Sequence[Entry]) -> float:
        return sum(self._width(entry) for entry in entries) + 14 * max(len(entries) - 1, 0)

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
            if entry.line in _DASHES:
                pen.setDashPattern(_DASHES[entry.line])
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
