"""How a node is drawn: header, fields or rows, footer, in each of its states. LOOK.md, "Nodes, ports, links" and "States"."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath

from greenbench.core.measurement import Provenance
from greenbench.core.params import FieldKind, FieldSpec
from greenbench.core.pipeline import Node
from greenbench.core.quote import quote
from greenbench.core.run import NodeState
from greenbench.core.step import StepSpec
from greenbench.gui.claim_card import claim_in, look
from greenbench.gui.editor.anatomy import EDGE, RADIUS, Anatomy, is_source
from greenbench.gui.editor.drawing import Drawing, metrics_of, outline, paint_shadow, write
from greenbench.gui.editor.status import BENCHMARK, NodeStatus, variant_rows
from greenbench.gui.editor.words import facts_line, footer, row_word, short_value, state_icon
from greenbench.gui.icons import paint_icon
from greenbench.gui.marks import paint_progress_ring, paint_provenance, paint_variant

_RIGHT = Qt.AlignmentFlag.AlignRight
_WAITING = (None, NodeState.WAITING, NodeState.MUTED, NodeState.SKIPPED)


@dataclass(frozen=True)
class NodeView:
    """A node as it is to be drawn now."""

    drawing: Drawing
    node: Node
    spec: StepSpec
    status: NodeStatus
    parts: Anatomy
    selected: bool = False
    hovered_box: str = ""

    @property
    def failed(self) -> bool:
        return self.status.state is NodeState.FAILED

    def color(self, token: str, alpha: float = 1.0) -> QColor:
        return self.drawing.theme.color(token, alpha)


def paint_node(painter: QPainter, view: NodeView) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if view.node.muted:
        painter.setOpacity(0.62)
    _body(painter, view)
    _header(painter, view)
    _facts(painter, view)
    _boxes(painter, view)
    _rows(painter, view)
    if not view.parts.footer.isEmpty():
        _footer(painter, view)
    _progress_bar(painter, view)
    painter.setOpacity(1.0)
    if view.selected:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(outline(view.color("accent"), 2))
        painter.drawRoundedRect(view.parts.size.adjusted(-3, -3, 3, 3), RADIUS + 2.5, RADIUS + 2.5)


def _body(painter: QPainter, view: NodeView) -> None:
    size = view.parts.size
    paint_shadow(painter, size, RADIUS, view.drawing.theme.dark)
    frame = size.adjusted(0.5, 0.5, -0.5, -0.5)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(view.color("raised"))
    painter.drawRoundedRect(frame, RADIUS - 0.5, RADIUS - 0.5)
    painter.save()
    painter.setClipPath(_shape(size))
    painter.fillRect(QRectF(0.5, 0, EDGE, size.height()), view.drawing.theme.group(view.spec.group))
    painter.restore()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    wrong = view.failed or bool(view.status.refused)
    painter.setPen(outline(view.color("danger" if wrong else "strong"), 1.5 if wrong else 1))
    painter.drawRoundedRect(frame, RADIUS - 0.5, RADIUS - 0.5)


def _shape(size: QRectF) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(size.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS - 0.5, RADIUS - 0.5)
    return path


def _header(painter: QPainter, view: NodeView) -> None:
    status = view.status
    paint_icon(painter, view.spec.icon, view.parts.icon, view.drawing.theme.group(view.spec.group))
    token = "second" if status.state in _WAITING else "text"
    write(painter, view.parts.title, view.node.title, view.color(token), (12, 600))
    if status.state is NodeState.RUNNING:
        paint_progress_ring(painter, view.parts.state, status.fraction, view.drawing.theme)
    else:
        icon, token = state_icon(status)
        paint_icon(painter, icon, view.parts.state, view.color(token))


def _facts(painter: QPainter, view: NodeView) -> None:
    if not view.parts.facts.isEmpty():
        text = facts_line(view.drawing.pipeline, view.status, view.node.id)
        write(painter, view.parts.facts.translated(0, -1), text, view.color("muted"))


def _boxes(painter: QPainter, view: NodeView) -> None:
    for name, rect in view.parts.boxes.items():
        field = view.spec.field(name)
        if field is None:
            continue
        painter.setPen(outline(view.color("strong" if name == view.hovered_box else "border")))
        painter.setBrush(view.color("surface" if name == view.hovered_box else "sunken"))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        inner, value = rect.adjusted(6, 0, -2, 0), view.node.params.get(name, field.default)
        if field.kind is FieldKind.BOOLEAN:
            icon = QRectF(rect.left() + 4, rect.center().y() - 6, 12, 12)
            paint_icon(painter, "check-square" if value else "square", icon, view.color("accent" if value else "muted"))
            inner = rect.adjusted(20, 0, -2, 0)
        write(painter, inner, box_text(field, value, inner.width()), view.color("second"))


def box_text(field: FieldSpec, value: object, width: float) -> str:
    """A value as it stands in a box: alone where it explains itself ("50 %"), else with as much of its name as fits; of yes or no
    the name, beside its tick."""
    if field.kind is FieldKind.BOOLEAN:
        return field.title
    text = short_value(field, value)
    if field.choices or field.percent:
        return text
    if field.unit:
        short = text.removesuffix(field.unit).strip()
        return text if metrics_of(11).horizontalAdvance(text) <= width or not short else short
    last = field.title.split()[-1].lower()  # "Learning rate": the rate
    names = (field.title, field.name if len(field.name) <= 5 else "", last if " " in field.title else "")
    whole = (f"{name} {text}" for name in names if name)
    return next((words for words in whole if metrics_of(11).horizontalAdvance(words) <= width), _cut(field.title, text, width))


def _cut(name: str, text: str, width: float) -> str:
    """The value whole behind the start of its name: "Temp… 4"; alone where hardly a letter would be left."""
    room = width - metrics_of(11).horizontalAdvance(f" {text}")
    shown = metrics_of(11).elidedText(name, Qt.TextElideMode.ElideRight, room)
    return f"{shown} {text}" if len(shown) >= 4 else text


def _rows(painter: QPainter, view: NodeView) -> None:
    if not view.parts.rows:
        return
    drawing = view.drawing
    rows = variant_rows(drawing.pipeline, view.node.id)
    for index, rect in enumerate(view.parts.rows):
        inner = rect.adjusted(13, 0, -10, 0)
        if index >= len(rows):
            write(painter, inner, "Add a model" if rows else "Connect a model", view.color("muted"))
            continue
        link, letter = rows[index]
        source = drawing.board.status(link.source)
        variant = view.status.variants.get(letter)
        word = row_word(source, variant, view.status)
        broken = word in ("Skipped", "Stopped", "Failed", "Left out") or not letter
        at = QPointF(inner.left() + 8, rect.center().y())
        if view.node.step == BENCHMARK:
            paint_variant(painter, at, 8.5, drawing.theme.variant(index), view.color("faint") if broken else None)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(view.color("faint" if broken else "port_model"))
            painter.drawEllipse(at, 3, 3)
        right = write(painter, inner, word, view.color("accent" if word.endswith("%") else "muted"), (11, 500), _RIGHT)
        name = inner.adjusted(18, 0, -right - 6, 0)
        write(painter, name, drawing.pipeline.node(link.source).title, view.color("muted" if broken else "text"), (11, 500))


def _footer(painter: QPainter, view: NodeView) -> None:
    rect, status = view.parts.footer, view.status
    painter.setPen(outline(view.color("border")))
    painter.drawLine(QPointF(EDGE + 0.5, rect.top() + 0.5), QPointF(rect.right() - 1, rect.top() + 0.5))
    inner = rect.adjusted(11, 0, -10, 0)
    left, right = footer(view.drawing.pipeline, view.drawing.board, view.node.id)
    used = 0.0
    claim = claim_in(tuple(status.outputs.values())) if status.finished else None
    if view.failed:
        used = write(painter, inner, right, view.color("danger"), (11, 600), _RIGHT)
        write(painter, inner.adjusted(0, 0, -used - 6, 0), left, view.color("danger"), (11, 500))
        return
    if right:
        used = write(painter, inner, right, view.color("muted"), (11, 400), _RIGHT)
    elif status.finished and status.energy is not None and claim is None and not is_source(view.spec):
        used = _energy(painter, inner, view)
    room = inner.adjusted(0, 0, -used - (6 if used else 0), 0)
    if claim is not None:  # the verdict needs the whole line; the joules stand in the inspector
        icon, tone = look(claim)
        paint_icon(painter, icon, QRectF(room.left() - 1, room.center().y() - 7, 14, 14), view.color(tone))
        room = room.adjusted(18, 0, 0, 0)
    if status.refused and status.state is not NodeState.RUNNING:
        write(painter, room, left, view.color("danger"), (11, 500))
    elif status.finished or status.state is NodeState.RUNNING:
        write(painter, room, left, view.color("text"), (12, 600))
    else:
        write(painter, room, left, view.color("muted"))


def _energy(painter: QPainter, inner: QRectF, view: NodeView) -> float:
    """The joules a node cost with the mark of where they come from; returns the width used."""
    quoted = quote(view.status.energy)
    assert view.status.energy is not None
    provenance = view.status.energy.provenance
    text = quoted.full
    used = write(painter, inner, text, view.color("muted"), (11, 400), _RIGHT)
    mark = QRectF(inner.right() - used - 5 - 14, inner.center().y() - 7, 14, 14)
    paint_provenance(painter, mark, provenance, view.color("warning" if provenance is Provenance.MODELLED else "second"))
    return used + 19


def _progress_bar(painter: QPainter, view: NodeView) -> None:
    if view.status.state is not NodeState.RUNNING:
        return
    size = view.parts.size
    painter.save()
    painter.setClipPath(_shape(size))
    done = (size.width() - EDGE) * min(max(view.status.fraction, 0.0), 1.0)
    painter.fillRect(QRectF(EDGE, size.height() - 3.5, done, 3), view.color("accent"))
    painter.restore()
