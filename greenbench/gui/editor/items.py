"""The things on the canvas: nodes and their ports. They draw; the gestures of the canvas act on them."""

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from greenbench.core.params import FieldSpec
from greenbench.core.pipeline import Link, Node
from greenbench.core.run import NodeState
from greenbench.core.step import StepSpec
from greenbench.gui.editor.anatomy import PORT, PORT_HIT, PORT_RING, Anatomy, Slot, anatomy, many_port
from greenbench.gui.editor.drawing import Drawing, outline, port_path
from greenbench.gui.editor.node_paint import NodeView, paint_node
from greenbench.gui.editor.words import port_words, setting_words, state_word

PORT_FITS, PORT_FADED, PORT_REFUSED, PORT_PLAIN = "fits", "faded", "refused", "plain"


class PortItem(QGraphicsItem):
    """A place to join a link. `mood` says how it looks while a link is dragged."""

    def __init__(self, drawing: Drawing, owner: "NodeItem", slot: Slot) -> None:
        super().__init__(owner)
        self.drawing, self.owner, self.slot = drawing, owner, slot
        self.mood = PORT_PLAIN
        self.hovered = False
        self.setPos(slot.center)
        self.setZValue(3)

    @property
    def anchor(self) -> QPointF:
        """Where links end, in scene coordinates."""
        return self.owner.pos() + self.slot.center

    @property
    def links(self) -> list[Link]:
        """The links at this place: all of a port, or the one of this row."""
        pipeline = self.drawing.pipeline
        if self.slot.output:
            return pipeline.out_of(self.owner.id, self.slot.port.name)
        links = pipeline.into(self.owner.id, self.slot.port.name)
        return links[self.slot.row : self.slot.row + 1] if self.slot.port is many_port(self.owner.spec) else links

    def set_mood(self, mood: str) -> None:
        if mood != self.mood:
            self.mood = mood
            self.update()

    def set_hovered(self, hovered: bool) -> None:
        if hovered != self.hovered:
            self.hovered = hovered
            self.update()

    def boundingRect(self) -> QRectF:
        half = PORT_HIT / 2
        return QRectF(-half, -half, PORT_HIT, PORT_HIT)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(self.boundingRect())
        return path

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        theme = self.drawing.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        kind, center = self.slot.port.kind, QPointF(0, 0)
        color = theme.port(kind)
        muted = self.owner.node.muted
        if self.mood is PORT_FADED:
            painter.setOpacity(0.28)
        elif muted:
            painter.setOpacity(0.62)
        ring = port_path(kind, center, PORT + 2 * PORT_RING - 2)
        if self.mood is PORT_REFUSED:
            painter.setPen(outline(theme.color("danger"), 1.6))
            painter.setBrush(theme.color("canvas"))
            painter.drawEllipse(center, PORT - 1, PORT - 1)
        elif self.hovered or self.mood is PORT_FITS:
            painter.setPen(outline(color, 1))
            painter.setBrush(theme.color("canvas"))
            painter.drawPath(ring)
        else:
            painter.fillPath(ring, theme.color("canvas"))
        size = PORT + (2 if self.hovered else 0)
        if self.links and not self._cut():
            painter.fillPath(port_path(kind, center, size), color)
        else:
            painter.setPen(outline(color, 1.6))
            painter.setBrush(theme.color("canvas"))
            painter.drawPath(port_path(kind, center, size - 1.6))

    def _cut(self) -> bool:
        """Whether nothing can arrive here any more in this run."""
        return not self.slot.output and any(self.drawing.board.status(link.source).broken for link in self.links)


class NodeItem(QGraphicsItem):
    """One node. Its parts are laid out anew when its step's rows, the zoom or the window's height ask for it."""

    def __init__(self, drawing: Drawing, id: str) -> None:
        super().__init__()
        self.drawing, self.id = drawing, id
        self.hovered_box = ""
        self.free_row = False
        self.ports: list[PortItem] = []
        self.parts: Anatomy
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)  # marching links beside it do not have it painted again
        self.setZValue(2)
        self.lay_out()
        self.setPos(QPointF(*self.node.position))

    @property
    def node(self) -> Node:
        return self.drawing.pipeline.nodes[self.id]

    @property
    def spec(self) -> StepSpec:
        return self.drawing.pipeline.catalog[self.node.step]

    @property
    def rect(self) -> QRectF:
        """The card of the node, in scene coordinates."""
        return self.parts.size.translated(self.pos())

    def lay_out(self) -> None:
        """Places parts and ports anew; call it when the number of rows or the detail has changed."""
        self.prepareGeometryChange()
        many = many_port(self.spec)
        rows = len(self.drawing.pipeline.into(self.id, many.name)) if many else 0
        self.parts = anatomy(self.spec, self.drawing.detail, tuple(field.name for field in self._highlighted()), rows, self.free_row)
        old = {(port.slot.port.name, port.slot.output, port.slot.row): port for port in self.ports}
        kept: list[PortItem] = []
        for slot in self.parts.slots:
            port = old.pop((slot.port.name, slot.output, slot.row), None)
            if port is None:
                port = PortItem(self.drawing, self, slot)
            else:
                port.slot = slot
                port.setPos(slot.center)
            kept.append(port)
        for port in old.values():
            if port.scene():
                port.scene().removeItem(port)
            port.setParentItem(None)  # type: ignore[arg-type]
        self.ports = kept
        self.refresh()

    def _highlighted(self) -> list[FieldSpec]:
        """The two settings that a node shows."""
        values = {spec.name: self.node.params.get(spec.name, spec.default) for spec in self.spec.fields}
        found = [self.spec.field(name) for name in self.spec.highlights]
        return [field for field in found if field and field.visible(values)][:2]

    def refresh(self) -> None:
        """Draws the node anew and gives assistive technology its words."""
        status = self.drawing.board.status(self.id)
        reason = status.refused or (status.failure.message if status.failure else "")
        settings = [setting_words(field, self.node.params.get(field.name, field.default)) for field in self._highlighted()]
        self.setToolTip(
            reason or "\n".join(words for words in (self.node.title, status.headline, *settings) if words)
        )  # all may be cut off
        self.update()
        for port in self.ports:
            port.setToolTip(port_words(port.slot.port))
            port.update()

    def words(self) -> str:
        """The node in a sentence, for the status tip and assistive technology."""
        return f"{self.node.title}, {self.spec.title}: {state_word(self.drawing.board.status(self.id)).lower()}"

    def port(self, name: str, output: bool, row: int = 0) -> PortItem | None:
        """The port of that name; of the port that has a row for each link, the one of that row."""
        rows = many_port(self.spec)
        for port in self.ports:
            slot = port.slot
            if slot.port.name == name and slot.output == output and (output or slot.port is not rows or slot.row == row):
                return port
        return None

    def box_at(self, local: QPointF) -> str:
        """The name of the field under a point, or ""."""
        return next((name for name, rect in self.parts.boxes.items() if rect.contains(local)), "")

    def fix_at(self, local: QPointF) -> bool:
        """Whether the point is on "Fix…"."""
        failed = self.drawing.board.status(self.id).state is NodeState.FAILED
        return failed and self.parts.footer.contains(local) and local.x() > self.parts.size.width() - 48

    def set_hovered_box(self, name: str) -> None:
        if name != self.hovered_box:
            self.hovered_box = name
            self.update()

    def boundingRect(self) -> QRectF:
        return self.parts.size.adjusted(-8, -8, 8, 10)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(self.parts.size)
        return path

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        status = self.drawing.board.status(self.id)
        paint_node(painter, NodeView(self.drawing, self.node, self.spec, status, self.parts, self.isSelected(), self.hovered_box))
