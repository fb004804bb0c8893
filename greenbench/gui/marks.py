"""The marks drawn by hand: where a number comes from, which variant it belongs to, how far something is."""

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from greenbench.core.measurement import Provenance
from greenbench.gui.theme import Theme, VariantMark


def paint_provenance(painter: QPainter, rect: QRectF, provenance: Provenance, color: QColor) -> None:
    """Ring with dot (counter), half-filled disc (integrated), dashed ring with ≈ (modelled), square with dot (external),
    ring with dash (unavailable)."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    side = min(rect.width(), rect.height())
    line = side / 14 * 1.15
    box = QRectF(0, 0, side - line - side / 14, side - line - side / 14)
    box.moveCenter(rect.center())
    pen = QPen(color, line)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    match provenance:
        case Provenance.COUNTER:
            painter.drawEllipse(box)
            _dot(painter, rect.center(), side * 0.2, color)
        case Provenance.INTEGRATED:
            painter.drawEllipse(box)
            painter.setBrush(color)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawPie(box, 90 * 16, 180 * 16)
        case Provenance.MODELLED:
            pen.setDashPattern([2.2, 1.5])
            painter.setPen(pen)
            painter.drawEllipse(box)
            painter.setPen(QPen(color, line * 0.9, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            for offset in (-0.085, 0.085):
                painter.drawPath(_wave(rect.center() + QPointF(0, offset * side), side * 0.22, side * 0.055))
        case Provenance.EXTERNAL:
            painter.drawRoundedRect(box, side * 0.12, side * 0.12)
            _dot(painter, rect.center(), side * 0.2, color)
        case Provenance.UNAVAILABLE:
            painter.drawEllipse(box)
            half = side * 0.18
            painter.drawLine(rect.center() - QPointF(half, 0), rect.center() + QPointF(half, 0))
    painter.restore()


def _dot(painter: QPainter, center: QPointF, radius: float, color: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawEllipse(center, radius, radius)


def _wave(center: QPointF, half: float, height: float) -> QPainterPath:
    path = QPainterPath(center - QPointF(half, -height * 0.6))
    path.cubicTo(
        center + QPointF(-half * 0.4, -height * 2.2), center + QPointF(half * 0.4, height * 2.2), center + QPointF(half, -height * 0.6)
    )
    return path


def provenance_pixmap(provenance: Provenance, color: QColor, size: float = 14, ratio: float = 1.0) -> QPixmap:
    """The mark as a picture of `size` logical pixels."""
    pixmap = _blank(size, ratio)
    painter = QPainter(pixmap)
    paint_provenance(painter, QRectF(0, 0, size, size), provenance, color)
    painter.end()
    return pixmap


def variant_path(shape: str, center: QPointF, size: float) -> QPainterPath:
    """The outline of a variant's shape (names in theme.SHAPES), about `size` wide and of even visual weight."""
    path = QPainterPath()
    half = size / 2
    match shape:
        case "circle":
            path.addEllipse(center, half, half)
        case "square":
            path.addRect(QRectF(center.x() - half * 0.9, center.y() - half * 0.9, half * 1.8, half * 1.8))
        case "plus":
            arm, wide = half * 1.08, half * 0.4
            a, w = arm, wide
            outline = [(-w, -a), (w, -a), (w, -w), (a, -w), (a, w), (w, w), (w, a), (-w, a), (-w, w), (-a, w), (-a, -w), (-w, -w)]
            path.addPolygon(QPolygonF([center + QPointF(x, y) for x, y in outline]))
            path.closeSubpath()
        case "star":
            path.addPolygon(_ring(center, 10, [half * 1.22, half * 0.55], -90))
            path.closeSubpath()
        case _:
            corners, radius, start, shift = {
                "triangle": (3, 1.22, -90, 0.18),
                "triangle-down": (3, 1.22, 90, -0.18),
                "diamond": (4, 1.2, -90, 0.0),
                "hexagon": (6, 1.08, -90, 0.0),
            }[shape]
            path.addPolygon(_ring(center + QPointF(0, half * shift), corners, [half * radius], start))
            path.closeSubpath()
    return path


def _ring(center: QPointF, count: int, radii: list[float], start_degrees: float) -> QPolygonF:
    points = []
    for index in range(count):
        angle = math.radians(start_degrees + 360 * index / count)
        radius = radii[index % len(radii)]
        points.append(center + QPointF(radius * math.cos(angle), radius * math.sin(angle)))
    return QPolygonF(points)


def paint_variant(painter: QPainter, center: QPointF, size: float, mark: VariantMark, color: QColor | None = None) -> None:
    """A variant's shape in its colour, or in `color` (a failed variant's muted one)."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ink = color or mark.color
    path = variant_path(mark.shape, center, size - 1.4 if mark.hollow else size)
    if mark.hollow:
        painter.strokePath(path, QPen(ink, 1.5))
    else:
        painter.fillPath(path, ink)
    painter.restore()


def variant_pixmap(mark: VariantMark, size: float = 10, box: float = 14, ratio: float = 1.0) -> QPixmap:
    """A variant's mark in the middle of a square of `box` logical pixels."""
    pixmap = _blank(box, ratio)
    painter = QPainter(pixmap)
    paint_variant(painter, QPointF(box / 2, box / 2), size, mark)
    painter.end()
    return pixmap


def variant_icon(mark: VariantMark, size: float = 10, box: float = 14) -> QIcon:
    """A variant's mark for menus and lists, sharp on every screen."""
    result = QIcon()
    for ratio in (1.0, 2.0, 3.0):
        result.addPixmap(variant_pixmap(mark, size, box, ratio))
    return result


def paint_progress_ring(painter: QPainter, rect: QRectF, fraction: float, theme: Theme) -> None:
    """The state "running": a ring that closes clockwise from the top."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    line = rect.width() / 8
    box = rect.adjusted(line, line, -line, -line)
    painter.setPen(QPen(theme.color("strong"), line))
    painter.drawEllipse(box)
    painter.setPen(QPen(theme.color("accent"), line, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawArc(box, 90 * 16, -round(360 * 16 * min(max(fraction, 0.0), 1.0)))
    painter.restore()


def _blank(size: float, ratio: float) -> QPixmap:
    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap
