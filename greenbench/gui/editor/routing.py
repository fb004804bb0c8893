"""The path of a link: a curve; a lane above (or below) the nodes that would hide it; a turn with round corners when it
goes backwards. Geometry only: points and rectangles in, a QPainterPath out."""

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

_TURN = 8.0
_STUB = 12.0
_CLEAR = 10.0
_SWING = 40.0

Block = tuple[float, float, float, float]
# The bend between port and lane in five points: level at both ends, steep between.
_BEND = ((0.0, 0.0), (0.41, 0.16), (0.5, 0.5), (0.59, 0.84), (1.0, 1.0))


def route(start: QPointF, end: QPointF, obstacles: Sequence[QRectF], own: tuple[QRectF, QRectF] | None = None) -> QPainterPath:
    """From an output at `start` to an input at `end`, past `obstacles` (the other nodes).

    `own` are the rectangles of the two nodes; a link backwards passes between or below them.
    """
    if end.x() - start.x() < 16:
        return _backwards(start, end, own)
    curve = _curve(start, end)
    blocks = [(r.left() - 2, r.top() - 2, r.right() + 2, r.bottom() + 2) for r in obstacles]
    blocks = [block for block in blocks if block[2] > start.x() and block[0] < end.x()]
    if not blocks or not _hidden(curve, blocks):
        return curve
    lanes = {start.y(), end.y(), *(block[1] - _CLEAR for block in blocks), *(block[3] + _CLEAR for block in blocks)}
    for lane in sorted(lanes, key=lambda y: abs(y - start.y()) + abs(y - end.y())):
        if _free(start, end, lane, blocks):
            return _through(start, end, lane)
    return _through(start, end, min(*(block[1] for block in blocks), start.y(), end.y()) - _CLEAR)


def _curve(start: QPointF, end: QPointF) -> QPainterPath:
    across, down = end.x() - start.x(), abs(end.y() - start.y())
    reach = max(min(across * (0.8 if down > 2 * across else 0.5), 120.0), 8.0)
    path = QPainterPath(start)
    path.cubicTo(start + QPointF(reach, 0), end - QPointF(reach, 0), end)
    return path


def _free(start: QPointF, end: QPointF, lane: float, blocks: Sequence[Block]) -> bool:
    """Whether a lane and the ways into and out of it pass no block."""
    swing = _swing(start, end)
    on, off = start.x() + swing, end.x() - swing
    if any(block[1] <= lane <= block[3] and block[0] <= off and block[2] >= on for block in blocks):
        return False
    first_way = [(start.x() + across * swing, start.y() + down * (lane - start.y())) for across, down in _BEND]
    last_way = [(off + across * swing, lane + down * (end.y() - lane)) for across, down in _BEND]
    ways = (first_way, last_way)
    return not any(crosses(first, second, block) for way in ways for first, second in pairwise(way) for block in blocks)


def _swing(start: QPointF, end: QPointF) -> float:
    """How far a link runs between its port and its lane."""
    return min(_SWING, (end.x() - start.x()) / 3)


def _through(start: QPointF, end: QPointF, lane: float) -> QPainterPath:
    """Out of the port, along the lane, into the port."""
    swing = _swing(start, end)
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
    if target.top() - source.bottom() > 1.2 * _CLEAR:
        lane = (source.bottom() + target.top()) / 2
    elif source.top() - target.bottom() > 1.2 * _CLEAR:
        lane = (target.bottom() + source.top()) / 2
    else:
        lane = max(source.bottom(), target.bottom()) + 1.2 * _CLEAR
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


def _hidden(path: QPainterPath, blocks: Sequence[Block]) -> bool:
    """Whether the path passes behind a block."""
    points = [(p.x(), p.y()) for polygon in path.toSubpathPolygons() for p in polygon.toList()]
    return any(crosses(first, second, block) for first, second in pairwise(points) for block in blocks)


def crosses(first: tuple[float, float], second: tuple[float, float], block: Block) -> bool:
    """Whether a straight piece touches a rectangle (left, top, right, bottom). Liang and Barsky 1984, parametric clipping."""
    if max(first[0], second[0]) < block[0] or min(first[0], second[0]) > block[2]:
        return False
    if max(first[1], second[1]) < block[1] or min(first[1], second[1]) > block[3]:
        return False
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
