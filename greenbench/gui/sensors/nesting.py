"""What contains what, as boxes in boxes: drawn from `Channel.inside`; filled is what is added to the total.

┌ Wall 61.2 W ───────────────────┐
│ ┌ Platform 38.9 W ──┐ ┌ GPU ─┐ │
│ │ ▓Package▓ ▓Memory▓│ │▓▓▓▓▓▓│ │
│ └───────────────────┘ └──────┘ │
└────────────────────────────────┘
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from greenbench.core.measurement import Channel, Provenance
from greenbench.gui.marks import paint_provenance
from greenbench.gui.sensors.rows import SensorRow
from greenbench.gui.sensors.table import Reading
from greenbench.gui.theme import Theme, font
from greenbench.meters.pairing import wholes

_GAP, _HEAD, _LEAST = 8, 40, 92


@dataclass(frozen=True)
class Nest:
    """A channel with the channels inside it."""

    row: SensorRow
    inside: tuple["Nest", ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.row.key, *(key for nest in self.inside for key in nest.keys))


def nests(rows: Sequence[SensorRow]) -> tuple[Nest, ...]:
    """The channels that are read as trees: by `inside`, and everything inside a meter of the whole system."""
    known = {row.key: row for row in rows if row.channel is not None}
    channels = [row.channel for row in known.values() if row.channel is not None]
    whole = next((channel.key for channel in wholes(channels)), "")

    def parent(channel: Channel) -> str:
        if channel.inside in known and channel.inside != channel.key:
            return channel.inside
        return whole if channel.key != whole and channel.provenance is not Provenance.EXTERNAL else ""

    def nest(channel: Channel, seen: tuple[str, ...]) -> Nest:
        mine = [other for other in channels if parent(other) == channel.key and other.key not in seen]
        return Nest(known[channel.key], tuple(nest(other, (*seen, channel.key)) for other in mine))

    return tuple(nest(channel, ()) for channel in channels if not parent(channel))


@dataclass(frozen=True)
class _Box:
    rect: QRectF
    row: SensorRow
    leaf: bool


def boxes(several: Sequence[Nest], left: float, top: float, width: float) -> tuple[list[_Box], float]:
    """The boxes of these trees in a width, outer ones first, and how high they are together."""
    found: list[_Box] = []
    most = max(1, int((width + _GAP) // (_LEAST + _GAP)))
    y = top
    for first in range(0, len(several), most):
        line = several[first : first + most]
        # A box with boxes in it takes the room of as many.
        weights = [max(len(nest.inside), 1) for nest in line]
        unit = (width - _GAP * (len(line) - 1)) / sum(weights)
        x, high, mine = left, 0.0, []
        for nest, weight in zip(line, weights, strict=True):
            wide = unit * weight
            inner, height = boxes(nest.inside, x + _GAP, y + _HEAD, wide - 2 * _GAP) if nest.inside else ([], 0.0)
            mine.append((nest, x, wide, inner))
            high = max(high, _HEAD + (height + _GAP if inner else 4.0))
            x += wide + _GAP
        for nest, at, wide, inner in mine:
            found.append(_Box(QRectF(at, y, wide, high), nest.row, not nest.inside))
            found += inner
        y += high + _GAP
    return found, max(y - _GAP - top, 0.0)


class NestView(QWidget):
    """Paints the boxes; the selected channel has an accent edge."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._nests: tuple[Nest, ...] = ()
        self._now: Mapping[str, Reading] = {}
        self._selected = ""
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        forget = theme.observe(self.update)
        self.destroyed.connect(lambda *_: forget())

    def show_rows(self, rows: Sequence[SensorRow], selected: str) -> None:
        """Shows what is read among these rows."""
        self._nests, self._selected = nests(rows), selected
        self.setAccessibleName("What contains what: " + ("; ".join(_told(nest) for nest in self._nests) or "nothing is read"))
        self._fit()
        self.update()

    def show_now(self, now: Mapping[str, Reading]) -> None:
        self._now = now
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, self.heightForWidth(260))

    def heightForWidth(self, width: int) -> int:
        return round(boxes(self._nests, 0.5, 0.5, width - 1)[1]) + 2

    def _fit(self) -> None:
        self.setMinimumHeight(self.heightForWidth(max(self.width(), 200)))

    def resizeEvent(self, event: object) -> None:
        self._fit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            under = [box.row for box in self._boxes() if box.rect.contains(event.pos().toPointF())]
            words = f"{under[-1].title}: {_covers(under[-1])}" if under else ""
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def _boxes(self) -> list[_Box]:
        return boxes(self._nests, 0.5, 0.5, self.width() - 1)[0]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for box in self._boxes():
            self._paint(painter, box)
        painter.end()

    def _paint(self, painter: QPainter, box: _Box) -> None:
        row, theme = box.row, self._theme
        modelled = row.modelled
        edge = "warning" if modelled else "accent" if row.added else "strong"
        pen = QPen(theme.color(edge), 2.0 if row.key == self._selected else 1.2)
        if modelled:
            pen.setDashPattern([3.2, 2.4])
        painter.setPen(pen)
        painter.setBrush(theme.color(self._fill(row) if row.added else "surface"))  # what lies inside and is not added stands out empty
        painter.drawRoundedRect(box.rect, 5, 5)
        inside = box.rect.adjusted(8, 4, -6, 0)
        mark = QRectF(inside.left(), inside.top() + 3, 13, 13)
        paint_provenance(painter, mark, row.provenance, theme.color("warning" if modelled else "second"))
        wide = inside.width() - 18
        self._line(painter, QRectF(inside.left() + 18, inside.top() + 1, wide, 17), row.title, 600, theme.color("text"))
        self._line(painter, QRectF(inside.left() + 18, inside.top() + 18, wide, 15), self._detail(row, box), 400, theme.color("muted"))

    def _fill(self, row: SensorRow) -> str:
        return "warning_soft" if row.modelled else "accent_soft"

    def _detail(self, row: SensorRow, box: _Box) -> str:
        reading = self._now.get(row.key)
        watts = "no reading" if reading is None or reading.power_w is None else f"{'≈ ' if row.modelled else ''}{reading.power_w:.1f} W"
        return watts if row.added or box.leaf else f"{watts}, not added"

    @staticmethod
    def _line(painter: QPainter, box: QRectF, text: str, weight: int, color: QColor) -> None:
        face = font(11, weight)
        painter.setFont(face)
        painter.setPen(color)
        shown = QFontMetricsF(face).elidedText(text, Qt.TextElideMode.ElideRight, max(box.width(), 0))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, shown)


def _told(nest: Nest) -> str:
    inside = f" contains {' and '.join(_told(inner) for inner in nest.inside)}" if nest.inside else ""
    return f"{nest.row.title}{' (added)' if nest.row.added else ''}{inside}"


def _covers(row: SensorRow) -> str:
    return row.channel.covers if row.channel else row.covers
