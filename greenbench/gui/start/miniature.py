"""A pipeline drawn small: its nodes as slips with the edge of their category, its links as curves in the colour of what flows."""

from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from greenbench.core.ports import PortKind
from greenbench.gui.editor.anatomy import GRID
from greenbench.gui.start.gallery import Sample, Spot, Wire
from greenbench.gui.theme import Theme

_WIDEST, _TALLEST = 34.0, 15.0
_SHARE_ACROSS, _SHARE_DOWN = 0.66, 0.62  # of the way to the next column or row that a slip may take
_DOTS = 12.0


def paint_miniature(painter: QPainter, rect: QRectF, sample: Sample, theme: Theme) -> None:
    """Draws a sample into a rectangle, centred, no slip larger than the design's."""
    if not sample.spots:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    boxes = slips(rect, sample.spots)
    for wire in _drawn(sample):
        start = boxes[wire.source]
        end = boxes[wire.target]
        _curve(painter, QPointF(start.right(), start.center().y()), QPointF(end.left(), end.center().y()), theme, wire.kind)
    for box, spot in zip(boxes, sample.spots, strict=True):
        _slip(painter, box, spot, theme)
    painter.restore()


def _drawn(sample: Sample) -> list[Wire]:
    """The links that tell the story: those of models and results, and of each data set the one to the nearest node."""
    nearest: dict[int, Wire] = {}
    for wire in sample.wires:
        if wire.kind is PortKind.DATASET:
            known = nearest.get(wire.source)
            if known is None or sample.spots[wire.target].x < sample.spots[known.target].x:
                nearest[wire.source] = wire
    return [wire for wire in sample.wires if wire.kind is not PortKind.DATASET or wire in nearest.values()]


def slips(rect: QRectF, spots: tuple[Spot, ...]) -> list[QRectF]:
    """Where the nodes stand in the rectangle: columns and rows keep their order and their distances."""
    xs, ys = [spot.x for spot in spots], [spot.y for spot in spots]
    across, down = _span(xs), _span(ys)
    least_x, least_y = _nearest(xs), _nearest(ys)
    # A slip takes a share of the way to its neighbour, so the ends of the picture lie half a slip from the edge.
    scale_x = min((rect.width()) / (across + _SHARE_ACROSS * least_x), _WIDEST / (_SHARE_ACROSS * least_x) * 1.9) if across else 1.0
    scale_y = min((rect.height()) / (down + _SHARE_DOWN * least_y), _TALLEST / (_SHARE_DOWN * least_y) * 1.6) if down else 1.0
    width = min(_WIDEST, _SHARE_ACROSS * least_x * scale_x) if across else _WIDEST
    height = min(_TALLEST, _SHARE_DOWN * least_y * scale_y) if down else _TALLEST
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    found = []
    for spot in spots:
        center = rect.center() + QPointF((spot.x - middle_x) * scale_x, (spot.y - middle_y) * scale_y)
        found.append(QRectF(center.x() - width / 2, center.y() - height / 2, width, height))
    return found


def _span(values: list[float]) -> float:
    return max(values) - min(values)


def _nearest(values: list[float]) -> float:
    """The least distance between two columns or rows; what lies within a few squares of the canvas is one."""
    ordered = sorted(set(values))
    gaps = [after - before for before, after in pairwise(ordered) if after - before > 4 * GRID]
    return min(gaps) if gaps else max(_span(values), 1.0)


def _slip(painter: QPainter, box: QRectF, spot: Spot, theme: Theme) -> None:
    radius = min(3.0, box.height() / 4)
    painter.setPen(QPen(theme.color("strong"), 1))
    painter.setBrush(theme.color("raised"))
    painter.drawRoundedRect(box, radius, radius)
    edge = theme.group(spot.group) if spot.group else theme.color("faint")
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(edge)
    painter.drawRoundedRect(QRectF(box.left() - 0.5, box.top(), 2.5, box.height()), 1, 1)
    if box.width() >= 18 and box.height() >= 6.5:
        painter.setBrush(theme.color("border"))
        words = QRectF(box.left() + 7, box.center().y() - 1.5, box.width() - 13, 3)
        painter.drawRoundedRect(words, 1.5, 1.5)


def _curve(painter: QPainter, start: QPointF, end: QPointF, theme: Theme, kind: PortKind) -> None:
    reach = max(min(abs(end.x() - start.x()) * 0.5, 60.0), 6.0)
    path = QPainterPath(start)
    path.cubicTo(start + QPointF(reach, 0), end - QPointF(reach, 0), end)
    color = theme.port(kind)
    color.setAlphaF(0.6)
    painter.strokePath(path, QPen(color, 1.2))


def paint_ground(painter: QPainter, rect: QRectF, theme: Theme) -> None:
    """The dotted ground of the canvas."""
    painter.fillRect(rect, theme.color("canvas"))
    painter.setPen(QPen(theme.color("dots"), 1))
    y = rect.top() + _DOTS
    while y < rect.bottom() - 4:
        x = rect.left() + _DOTS
        while x < rect.right() - 4:
            painter.drawPoint(QPointF(x, y))
            x += _DOTS
        y += _DOTS


class Miniature(QWidget):
    """A sample on the dotted ground of the canvas, with a border; for the quick start."""

    def __init__(self, theme: Theme, sample: Sample | None = None) -> None:
        super().__init__()
        self._theme, self._sample = theme, sample
        forget = theme.observe(self.update)
        self.destroyed.connect(lambda *_: forget())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        path = QPainterPath()
        path.addRoundedRect(box, 6, 6)
        painter.setClipPath(path)
        paint_ground(painter, box, self._theme)
        painter.setClipping(False)
        painter.setPen(QPen(self._theme.color("border"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        if self._sample is not None:
            paint_miniature(painter, box.adjusted(16, 14, -16, -14), self._sample, self._theme)
        painter.end()
