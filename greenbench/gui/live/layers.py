"""What is painted under and over the curves of a live plot, in pixels: phases, grid and hatching below; crosshair, chips and span above."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from greenbench.gui.live.record import SHARED, Phase
from greenbench.gui.live.scales import MODELLED_OFF
from greenbench.gui.marks import paint_variant
from greenbench.gui.theme import Theme, VariantMark, font

NO_READING = "no reading"


@dataclass(frozen=True)
class Chip:
    """One value under the crosshair: where it lies on the axis of its curve, its words, its colour."""

    y: float
    text: str
    color: QColor
    right_axis: bool = False


@dataclass(frozen=True)
class Span:
    """A dragged piece of time and the lines of its card."""

    start: float
    end: float
    title: str = ""
    detail: str = ""


class Layer(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """An item that fills the picture of a plot and paints in its pixels."""

    def __init__(self, box: pg.ViewBox, theme: Theme, z: float) -> None:
        super().__init__()
        self._box, self._theme = box, theme
        self.setParentItem(box)
        self.setZValue(z)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        box.sigResized.connect(self._resized)

    def _resized(self) -> None:
        self.prepareGeometryChange()

    def boundingRect(self) -> QRectF:
        return QRectF(self._box.rect())

    def x(self, value: Any) -> Any:
        """The pixel of a time, or of an array of times."""
        (start, end), _ = self._box.viewRange()
        return (value - start) / (end - start) * self._box.rect().width() if end > start else 0.0

    def y(self, value: Any, box: pg.ViewBox | None = None) -> Any:
        """The pixel of a value, or of an array of values."""
        _, (low, high) = (box or self._box).viewRange()
        height = self._box.rect().height()
        return height - (value - low) / (high - low) * height if high > low else height


class Underlay(Layer):
    """Grid lines, the bands of phases with their names, and the hatched band around modelled power."""

    def __init__(self, box: pg.ViewBox, theme: Theme) -> None:
        super().__init__(box, theme, -50)
        self.phases: Sequence[Phase] = ()
        self.origin = 0.0
        self.now = 0.0
        self.step = 0.0
        self.hatched: list[tuple[np.ndarray, np.ndarray]] = []
        self.gaps: Sequence[tuple[float, float]] = ()

    def mark(self, variant: int) -> VariantMark:
        return VariantMark(self._theme.color("muted"), "circle", False) if variant == SHARED else self._theme.variant(variant)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        area = self.boundingRect()
        painter.setClipRect(area)
        self._paint_phases(painter, area)
        self._paint_grid(painter, area)
        for x, y in self.hatched:
            self._paint_hatching(painter, x, y)
        self._paint_gaps(painter, area)

    def _paint_grid(self, painter: QPainter, area: QRectF) -> None:
        _, (low, high) = self._box.viewRange()
        if self.step <= 0 or (high - low) / self.step > 50:
            return
        painter.setPen(QPen(self._theme.color("text", 0.10 if self._theme.dark else 0.09), 1))
        for index in range(math.ceil(low / self.step - 1e-9), math.floor(high / self.step) + 1):
            y = round(self.y(index * self.step)) - 0.5
            if y > 20:
                painter.drawLine(QPointF(0, y), QPointF(area.width(), y))

    def _paint_phases(self, painter: QPainter, area: QRectF) -> None:
        (start, end), _ = self._box.viewRange()
        if end <= start:
            return
        metrics = QFontMetricsF(font(11, 500))
        scale = area.width() / (end - start)
        for phase in self.phases:
            a, b = phase.start - self.origin, (self.now if phase.end is None else phase.end) - self.origin
            if b < start or a > end:
                continue
            mark = self.mark(phase.variant)
            left, right = max((a - start) * scale, 0.0), min((b - start) * scale, area.width())
            shade = QColor(mark.color)
            shade.setAlphaF(0.085 if self._theme.dark else 0.09)
            painter.fillRect(QRectF(left, 0, right - left, area.height()), shade)
            painter.fillRect(QRectF(left, 0, max(right - left, 1.0), 3), mark.color)
            self._paint_name(painter, phase, mark, QRectF(left, 3, right - left, 20), metrics)

    def _paint_name(self, painter: QPainter, phase: Phase, mark: VariantMark, place: QRectF, metrics: QFontMetricsF) -> None:
        if place.width() < 16:
            return
        x = place.left() + 6
        if phase.variant != SHARED:
            paint_variant(painter, QPointF(x + 4, place.center().y() + 0.5), 8, mark)
            x += 14
        if metrics.horizontalAdvance(phase.name) <= place.right() - x - 3:
            painter.setFont(font(11, 500))
            painter.setPen(self._theme.color("second"))
            painter.drawText(QRectF(x, place.top(), place.right() - x, place.height()), Qt.AlignmentFlag.AlignVCenter, phase.name)

    def _paint_gaps(self, painter: QPainter, area: QRectF) -> None:
        """Where nothing was read the line is broken, and a word says why."""
        painter.setFont(font(11))
        painter.setPen(self._theme.color("muted"))
        wide = QFontMetricsF(font(11)).horizontalAdvance(NO_READING)
        for start, end in self.gaps:
            left, right = max(self.x(start), 0.0), min(self.x(end), area.width())
            if right - left > wide + 6:
                painter.drawText(QRectF(left, 23, right - left, area.height() - 23), Qt.AlignmentFlag.AlignCenter, NO_READING)

    def _paint_hatching(self, painter: QPainter, x: np.ndarray, y: np.ndarray) -> None:
        """The band of ± 50 % around a modelled curve, piece by piece between its gaps."""
        color = self._theme.color("muted", 0.38)
        brush = QBrush(color, Qt.BrushStyle.BDiagPattern)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(brush)
        good = ~np.isnan(y)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], good, [False]))))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            xs, ys = x[first:last], y[first:last]
            if len(xs) < 2:
                continue
            upper, lower = self.y(ys * (1 + MODELLED_OFF)), self.y(ys * (1 - MODELLED_OFF))
            outline = np.concatenate((xs, xs[::-1])), np.concatenate((upper, lower[::-1]))
            painter.drawPath(pg.arrayToQPath(self.x(outline[0]), outline[1]))


def clear_of(box: QRectF, card: QRectF, area: QRectF) -> QRectF:
    """The box itself, or moved beside the card that it would touch: to its right if the picture has room there, else to its left."""
    if not box.intersects(card.adjusted(-3, -3, 3, 3)):
        return box
    moved = QRectF(box)
    moved.moveLeft(card.right() + 4 if card.right() + 4 + box.width() <= area.right() else card.left() - 4 - box.width())
    return moved


class Overlay(Layer):
    """Crosshair with value chips, the dragged span with its card, and a word where there is nothing to show."""

    def __init__(self, box: pg.ViewBox, theme: Theme) -> None:
        super().__init__(box, theme, 100)
        self.cross: float | None = None
        self.chips: Sequence[Chip] = ()
        self.span: Span | None = None
        self.word = ""
        self.right_box: pg.ViewBox | None = None

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        area = self.boundingRect()
        painter.setClipRect(area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.word:
            painter.setFont(font(12))
            painter.setPen(self._theme.color("muted"))
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(area.adjusted(12, 20, -12, 0), flags, self.word)
        card = self._card(area, self.span) if self.span and self.span.title else QRectF()
        if self.span:
            self._paint_span(painter, area, self.span)
        if self.cross is not None:
            self._paint_cross(painter, area, self.cross, card)
        if self.span and self.span.title:
            self._paint_card(painter, card, self.span)  # above all: the joules are what was asked for

    def _paint_span(self, painter: QPainter, area: QRectF, span: Span) -> None:
        left, right = self.x(span.start), self.x(span.end)
        painter.fillRect(QRectF(left, 23, right - left, area.height() - 23), self._theme.color("accent", 0.13))
        painter.setPen(QPen(self._theme.color("accent"), 1))
        for x in (left, right):
            painter.drawLine(QPointF(round(x) + 0.5, 23), QPointF(round(x) + 0.5, area.height()))

    def _card(self, area: QRectF, span: Span) -> QRectF:
        """Where the words of a span stand: in its middle, inside the picture."""
        left, right = self.x(span.start), self.x(span.end)
        title, detail = QFontMetricsF(font(11, 600)), QFontMetricsF(font(11))
        width = max(title.horizontalAdvance(span.title), detail.horizontalAdvance(span.detail)) + 18
        x = min(max((left + right - width) / 2, 2), max(area.width() - width - 2, 2))
        return QRectF(x, max(area.height() * 0.5 - 18, 26), width, 36 if span.detail else 22)

    def _paint_card(self, painter: QPainter, card: QRectF, span: Span) -> None:
        painter.setPen(QPen(self._theme.color("accent"), 1))
        painter.setBrush(self._theme.color("raised"))
        painter.drawRoundedRect(card, 5, 5)
        painter.setFont(font(11, 600))
        painter.setPen(self._theme.color("text"))
        painter.drawText(card.adjusted(0, 3, 0, 0), Qt.AlignmentFlag.AlignHCenter, span.title)
        painter.setFont(font(11))
        painter.setPen(self._theme.color("muted"))
        painter.drawText(card.adjusted(0, 18, 0, 0), Qt.AlignmentFlag.AlignHCenter, span.detail)

    def _paint_cross(self, painter: QPainter, area: QRectF, cross: float, card: QRectF) -> None:
        x = round(self.x(cross)) + 0.5
        if not 0 <= x <= area.width():
            return
        painter.setPen(QPen(self._theme.color("text"), 1))
        painter.drawLine(QPointF(x, 23), QPointF(x, area.height()))
        for chip, y, box in self.placed_chips(area, x, card):
            painter.setPen(QPen(self._theme.color("surface"), 1.5))
            painter.setBrush(chip.color)
            painter.drawEllipse(QPointF(x, y), 4, 4)
            self._paint_chip(painter, box, chip.text)

    def placed_chips(self, area: QRectF, x: float, card: QRectF) -> list[tuple[Chip, float, QRectF]]:
        """Each chip with the height of its value and its box, one under the other and beside the card of a span."""
        places = sorted(((self.y(chip.y, self.right_box if chip.right_axis else None), chip) for chip in self.chips), key=lambda p: p[0])
        metrics = QFontMetricsF(font(11, 600))
        free = 24.0
        found = []
        for y, chip in places:
            width = metrics.horizontalAdvance(chip.text) + 16
            left = x + 8 if x + 10 + width < area.width() else x - 8 - width
            top = min(max(y - 22 if chip is places[0][1] else y + 2, free), max(area.height() - 20, free))
            free = top + 23
            found.append((chip, y, clear_of(QRectF(left, top, width, 20), card, area)))
        return found

    def _paint_chip(self, painter: QPainter, box: QRectF, text: str) -> None:
        dark = self._theme.dark
        painter.setPen(QPen(self._theme.color("strong"), 1) if dark else Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("raised" if dark else "text"))
        painter.drawRoundedRect(box, 5, 5)
        painter.setFont(font(11, 600))
        painter.setPen(self._theme.color("text" if dark else "surface"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
