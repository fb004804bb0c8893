"""The samples inside one block: each reading a dot, the window with its edges, and what lies beyond them paler."""

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF

from greenbench.core.audit import AuditedBlock
from greenbench.core.measurement import Provenance
from greenbench.gui.results.chart import Axis, Chart, linear
from greenbench.gui.theme import Theme, font

if TYPE_CHECKING:
    from greenbench.engine.audit import Near

_TOKENS = ("text", "port_model", "port_results", "group_train", "group_compress")
_DOTS = 400  # more readings than that are a line alone


class BlockPlot(Chart):
    """`channels` are what is drawn."""

    left, top, right, bottom = 44, 26, 14, 36

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.setMinimumHeight(150)
        self.channels: tuple[Near, ...] = ()
        self.block: AuditedBlock | None = None
        self._index = 0
        self._word = "Choose a block to see its samples."

    def say(self, word: str) -> None:
        """A sentence instead of samples."""
        self.channels, self._word = (), word
        self.update()

    def show_block(self, index: int, block: AuditedBlock, channels: "tuple[Near, ...]") -> None:
        """The samples near a block of the index-th variant."""
        self._index, self.block = index, block
        self.channels = tuple(channel for channel in channels if channel.t_s.size)
        watts = [w for channel in self.channels for w in channel.power_w.tolist() if not math.isnan(w)]
        if not watts:
            self.say(block.reason or "No sample of a counted channel is kept for this block.")
            return
        margin = block.seconds * 0.12
        whole = linear([block.t0_s - margin, block.t1_s + margin], "seconds since the start of the run", room=0.0, count=6)
        self.x_axis = Axis(block.t0_s - margin, block.t1_s + margin, whole.ticks, whole.title)
        top = linear([0.0, max(watts)], "W", count=3)
        self.y_axis = Axis(0.0, top.high, top.ticks, top.title)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self.channels or self.block is None:
            self.paint_word(painter, self._word)
            painter.end()
            return
        self._paint_window(painter, self.block)
        self.paint_paper(painter)
        painter.save()
        painter.setClipRect(self.area.adjusted(-1, -4, 1, 1))
        for place, channel in enumerate(self.channels):
            self._paint_channel(painter, channel, _TOKENS[place % len(_TOKENS)])
        painter.restore()
        self._paint_names(painter)
        painter.end()

    def _paint_window(self, painter: QPainter, block: AuditedBlock) -> None:
        area = self.area
        left, right = self.at(block.t0_s, 0.0).x(), self.at(block.t1_s, 0.0).x()
        shade = self.theme.variant(self._index).color
        shade.setAlphaF(0.10)
        painter.fillRect(QRectF(left, area.top(), right - left, area.height()), shade)
        shade.setAlphaF(1.0)
        painter.setPen(QPen(shade, 1.4))
        for x in (left, right):
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _paint_channel(self, painter: QPainter, channel: "Near", token: str) -> None:
        """A counter's watts hold from the reading before; a sensor's readings are joined by straight lines."""
        pen = QPen(self.theme.color(token), 1.0)
        if channel.provenance is Provenance.MODELLED:
            pen.setDashPattern([4, 3])
        stretch: list[QPointF] = []
        dots: list[QPointF] = []
        before: float | None = None
        for t_s, watts in zip(channel.t_s.tolist(), channel.power_w.tolist(), strict=True):
            if math.isnan(watts):
                self._draw(painter, pen, stretch)
                stretch, before = [], t_s
                continue
            if channel.counter and before is not None:
                stretch.append(self.at(before, watts))
            stretch.append(self.at(t_s, watts))
            dots.append(stretch[-1])
            before = t_s
        self._draw(painter, pen, stretch)
        if len(dots) <= _DOTS:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.theme.color(token))
            for dot in dots:
                painter.drawEllipse(dot, 1.8, 1.8)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    @staticmethod
    def _draw(painter: QPainter, pen: QPen, points: list[QPointF]) -> None:
        if len(points) > 1:
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF(points))

    def _paint_names(self, painter: QPainter) -> None:
        painter.setFont(font(11))
        x = self.area.left() + 16.0
        for place, channel in enumerate(self.channels):
            words = f"{channel.title} {channel.provenance.mark}"
            painter.setPen(QPen(self.theme.color(_TOKENS[place % len(_TOKENS)]), 2))
            painter.drawLine(QPointF(x, 10), QPointF(x + 10, 10))
            painter.setPen(self.theme.color("second"))
            wide = painter.fontMetrics().horizontalAdvance(words)
            painter.drawText(QRectF(x + 15, 2, wide + 6, 16), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
            x += wide + 36
