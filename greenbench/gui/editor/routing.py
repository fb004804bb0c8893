"""The path of a link: a curve; a lane above (or below) the nodes that would hide it; a turn with round corners when it
goes backwards. Geometry only: points and rectangles in, a QPainterPath out."""

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

_TURN = 8.0
_STUB = 12.0
_CLEAR = 6.0
_SWING = 40.0


def route(start: QPointF, end: QPointF, obstacles: Sequence[QRectF], own: tuple[QRectF, QRectF] | None = None) -> QPainterPath:
    """From an output at `start` to an input at `end`, past `obstacles` (the other nodes).

    `own` are the rectangles of the two nodes; a link backwards passes between or below them.
    """
    if end.x() - start.x() < 16:
        return _backwards(start, end, own)
    curve = _curve(start, end)
    blocks = [rect.adjusted(-2, -2, 2, 2) for rect in obstacles]
    if not _hidden(curve, blocks):
        return curve
    lanes = sorted(_lanes(start, end, obstacles), key=lambda y: abs(y - start.y()) + abs(y - end.y()))
    for lane in lanes:
        path = _through(start, end, lane)
        if not _hidden(path, blocks):
            return path
    top = min((rect.top() for rect in obstacles), default=start.y()) - 2 * _CLEAR
    return _through(start, end, min(top, start.y(), end.y()))


def _curve(start: QPointF, end: QPointF) -> QPainterPath:
    across, down = end.x() - start.x(), abs(end.y() - start.y())
    reach = max(min(across * (0.8 if down > 2 * across else 0.5), 120.0), 8.0)
    path = QPainterPath(start)
    path.cubicTo(start + QPointF(reach, 0), end - QPointF(reach, 0), end)
    return path


def _lanes(start: QPointF, end: QPointF, obstacles: Sequence[QRectF]) -> list[float]:
    between = [rect for rect in obstacles if rect.right() > start.x() and rect.left() < end.x()]
    return [start.y(), end.y(), *(rect.top() - 2 * _CLEAR for rect in between), *(rect.bottom() + 2 * _CLEAR for rect in between)]


def _through(start: QPointF, end: QPointF, lane: float) -> QPainterPath:
    """Out of the port, along the lane, into the port."""
    swing = min(_SWING, (end.x() - start.x()) / 3)
    path = QPainterPath(start)
    for here, there in ((start, QPointF(start.x() + swing, lane)), (QPointF(end.x() - swing, lane), end)):
        path.lineTo(here)
        if abs(here.y() - there.y()) > 0.5:
            reach = (there.x() - here.x()) * (0.9 if abs(here.y() - there.y()) > 2 * swing else 0.5)
            path.cubicTo(QPointF(here.x() + reach, here.y()), QPointF(there.x() - reach, there.y()), there)
        else:
            path.lineTo(there)
    return path


def _backwards(start: QPointF, end: QPointF, own: tuple[QRectF, QRectF] | None) -> QPainterPath:
    source, target = own or (QRectF(start, start), QRectF(end, end))
    if target.top() - source.bottom() > 2 * _CLEAR:
        lane = (source.bottom() + target.top()) / 2
    elif source.top() - target.bottom() > 2 * _CLEAR:
        lane = (target.bottom() + source.top()) / 2
    else:
        lane = max(source.bottom(), target.bottom()) + 2 * _CLEAR
    right, left = max(start.x(), source.right()) + _STUB, min(end.x(), target.left()) - _STUB
    return _rounded([start, QPointF(right, start.y()), QPointF(right, lane), QPointF(left, lane), QPointF(left, end.y()), end])


def _rounded(points: Sequence[QPointF]) -> QPainterPath:
    """Straight pieces with corners of radius 8, less where a piece is short."""
    path = QPainterPath(points[0])
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into, out = corner - before, after - corner
        lengths = abs(into.x()) + abs(into.y()), abs(out.x()) + abs(out.y())
        radius = min(_TURN, lengths[0] / 2, lengths[1] / 2)
        if radius < 0.5:
            path.lineTo(corner)
            continue
        path.lineTo(corner - into / lengths[0] * radius)
        path.quadTo(corner, corner + out / lengths[1] * radius)
    path.lineTo(points[-1])
    return path


def _hidden(path: QPainterPath, blocks: Sequence[QRectF]) -> bool:
    """Whether the path passes behind a block."""
    bounds = path.boundingRect().adjusted(-1, -1, 1, 1)
    near = [(b.left(), b.top(), b.right(), b.bottom()) for b in blocks if b.intersects(bounds)]
    if not near:
        return False
    points = [(p.x(), p.y()) for polygon in path.toSubpathPolygons() for p in polygon.toList()]
    return any(crosses(first, second, block) for first, second in pairwise(points) for block in near)


def crosses(first: tuple[float, float], second: tuple[float, float], block: tuple[float, float, float, float]) -> bool:
    """Whether a straight piece touches a rectangle (left, top, right, bottom). Liang and Barsky 1984, parametric clipping."""
    enter, leave = 0.0, 1.0
    for start, step, low, high in (
        (first[0], second[0] - first[0], block[0], block[2]),
        (first[1], second[1] - first[1], block[1], block[3]),
    ):
        if step == 0:
            if not low <= start <= high:
                return False
            continue
        ends = sorted(((low - start) / step, (high - start) / step))
        enter, leave = max(enter, ends[0]), min(leave, ends[1])
        if enter > leave:
            return False
    return True
