"""Where new nodes stand on the canvas without covering others: plain arithmetic on positions, in canvas pixels."""

from collections.abc import Iterable, Mapping, Sequence

from greenbench.core.pipeline import Pipeline
from greenbench.core.ports import PortKind

GRID = 8.0
COLUMN, LINE = 192.0, 96.0
"""From a node to the next one on its right, and to the next one below."""
ROOM = (168.0, 104.0)
"""What a node of usual size takes, with its ports and some air."""
_AIR = 8.0
_AWAY = (48.0, 32.0)  # one try further to the right, or further down
_TRIES = 12
_ROW, _HEAD = 22.0, 84.0  # of a node with a row for each model, and of what stands above and below the rows

Box = tuple[float, float, float, float]
"""Left, top, width, height."""


def boxes(pipeline: Pipeline, moved: Mapping[str, tuple[float, float]] | None = None) -> list[Box]:
    """What each node takes on the canvas; those in `moved` at their new places."""
    found = []
    for id, node in pipeline.nodes.items():
        x, y = (moved or {}).get(id, node.position)
        rows = [port.name for port in pipeline.spec(id).inputs if port.many and port.kind is PortKind.MODEL]
        height = _HEAD + _ROW * (len(pipeline.into(id, rows[0])) + 1) if rows else LINE - 2 * _AIR + 2
        found.append((x, y, ROOM[0], height))
    return found


def is_free(taken: Iterable[Box], x: float, y: float, size: tuple[float, float] = ROOM) -> bool:
    """Whether a node at that place covers none of the boxes, with some air around it."""
    left, top = x - _AIR, y - _AIR
    right, bottom = x + size[0] + _AIR, y + size[1] + _AIR
    return not any(left < bx + w and bx < right and top < by + h and by < bottom for bx, by, w, h in taken)


def free_place(taken: Sequence[Box], x: float, y: float) -> tuple[float, float]:
    """Where a new node of usual size covers no other: at the place that was wanted, else the nearest free one to the right or below."""
    tries = ((column * _AWAY[0], line * _AWAY[1]) for column in range(_TRIES) for line in range(_TRIES))
    for dx, dy in sorted(tries, key=sum):
        if is_free(taken, x + dx, y + dy):
            return x + dx, y + dy
    return x, y


def free_row(taken: Sequence[Box], x: float, y: float, count: int) -> list[tuple[float, float]]:
    """Places for nodes side by side, all on one line: that of `y`, else the first below on which all of them are free."""
    lowest = max((top + height for _, top, _, height in taken), default=y)
    line = y
    while line <= lowest + LINE:
        places = [(x + COLUMN * index, line) for index in range(count)]
        if all(is_free(taken, *place, (ROOM[0], LINE - 2 * _AIR)) for place in places):
            return places
        line += GRID
    return [(x + COLUMN * index, lowest + LINE) for index in range(count)]
