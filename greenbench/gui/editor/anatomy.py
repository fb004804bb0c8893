"""Where the parts of a node lie, in canvas pixels from its top left corner: the measures of LOOK.md, "Nodes, ports, links"."""

from dataclasses import dataclass, field
from enum import IntEnum

from PySide6.QtCore import QPointF, QRectF

from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec

GRID = 8.0
WIDTH, COMPACT_WIDTH, SOURCE_WIDTH, BENCHMARK_WIDTH = 156.0, 154.0, 146.0, 168.0
HEADER, FIELDS, FOOTER, ROW = 28.0, 28.0, 26.0, 22.0
BOX, EDGE, RADIUS, ICON = 20.0, 3.0, 8.0, 16.0
PORT, PORT_RING, PORT_HIT = 10.0, 3.0, 24.0
_PORT_PITCH = 22.0
_LEFT, _RIGHT, _BETWEEN = 11.0, 10.0, 5.0


class Detail(IntEnum):
    """How much of a node is shown: by zoom, and by the height of the window."""

    HEADER = 0
    COMPACT = 1
    FULL = 2


@dataclass(frozen=True)
class Slot:
    """A place where a link can be joined: one port, or one row of a port that takes many.

    `row` is the index of the link that stands in this row; `free` marks the row that waits for one more.
    """

    port: Port
    output: bool
    center: QPointF
    row: int = 0
    free: bool = False


@dataclass(frozen=True)
class Anatomy:
    """The rectangles of a node; empty ones are not drawn. `boxes` has one rectangle for each field by name."""

    size: QRectF
    header: QRectF
    title: QRectF
    icon: QRectF
    state: QRectF
    facts: QRectF
    footer: QRectF
    boxes: dict[str, QRectF] = field(default_factory=dict)
    rows: tuple[QRectF, ...] = ()
    slots: tuple[Slot, ...] = ()


def is_source(spec: StepSpec) -> bool:
    return spec.group is Group.SOURCES


def many_port(spec: StepSpec) -> Port | None:
    """The input that takes any number of models, if the step has one: it gets a row for each."""
    return next((port for port in spec.inputs if port.many and port.kind is PortKind.MODEL), None)


def width(spec: StepSpec, detail: Detail) -> float:
    if many_port(spec):
        return BENCHMARK_WIDTH
    if is_source(spec):
        return SOURCE_WIDTH
    return WIDTH if detail is Detail.FULL else COMPACT_WIDTH


def anatomy(spec: StepSpec, detail: Detail, fields: tuple[str, ...], rows: int = 0, free_row: bool = False) -> Anatomy:
    """The parts of a node of that step.

    `fields` names the boxes to show; `rows` is how many links its "many" port has; `free_row` adds one to drop on.
    """
    wide = width(spec, detail)
    shown = 0 if many_port(spec) is None else max(rows + free_row, 1)
    y = HEADER + shown * ROW + (2 if shown else 0)
    boxes, facts = {}, QRectF()
    if detail is Detail.FULL:
        if is_source(spec):
            facts = QRectF(_LEFT, y, wide - _LEFT - _RIGHT, FIELDS)
        else:
            boxes = _boxes(fields, wide, y)
        y += FIELDS
    footer = QRectF(0, y, wide, FOOTER) if detail >= Detail.COMPACT else QRectF()
    size = QRectF(0, 0, wide, y + footer.height())
    return Anatomy(
        size=size,
        header=QRectF(0, 0, wide, HEADER),
        icon=QRectF(10, (HEADER - ICON) / 2, ICON, ICON),
        title=QRectF(31, 0, wide - 31 - 23, HEADER),
        state=QRectF(wide - 22, (HEADER - 15) / 2, 15, 15),
        facts=facts,
        footer=footer,
        boxes=boxes,
        rows=tuple(QRectF(0, HEADER + index * ROW, wide, ROW) for index in range(shown)),
        slots=_slots(spec, size, rows, shown),
    )


def _boxes(fields: tuple[str, ...], wide: float, y: float) -> dict[str, QRectF]:
    if not fields:
        return {}
    each = (wide - _LEFT - _RIGHT - _BETWEEN * (len(fields) - 1)) / len(fields)
    return {name: QRectF(_LEFT + index * (each + _BETWEEN), y + 3, each, BOX) for index, name in enumerate(fields)}


def _slots(spec: StepSpec, size: QRectF, rows: int, shown: int) -> tuple[Slot, ...]:
    slots: list[Slot] = []
    many = many_port(spec)
    single = [port for port in spec.inputs if port is not many]
    for port, y in zip(single, _spread(len(single), HEADER if many else size.height()), strict=True):
        slots.append(Slot(port, False, QPointF(0, y)))
    if many:
        slots += [Slot(many, False, QPointF(0, HEADER + (row + 0.5) * ROW), row, row >= rows) for row in range(shown)]
    for port, y in zip(spec.outputs, _spread(len(spec.outputs), size.height()), strict=True):
        slots.append(Slot(port, True, QPointF(size.width(), y)))
    return tuple(slots)


def _spread(count: int, height: float) -> list[float]:
    """The heights of `count` ports, about the middle of their side."""
    pitch = min(_PORT_PITCH, (height - 12) / (count - 1)) if count > 1 else 0.0
    return [height / 2 + (index - (count - 1) / 2) * pitch for index in range(count)]
