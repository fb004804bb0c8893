"""What the mouse does on the canvas, one class for each gesture: start, move, end, cancel. At most one is under way.

press ──▶ start ──▶ move … move ──▶ end        Escape or a second button ──▶ cancel: all is as it was
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtWidgets import QApplication, QRubberBand

from greenbench.core.errors import GreenBenchError
from greenbench.core.pipeline import Link
from greenbench.gui.editor.drawing import LinkDrag
from greenbench.gui.editor.editing import snapped
from greenbench.gui.editor.items import PORT_FADED, PORT_FITS, PORT_PLAIN, PORT_REFUSED, NodeItem, PortItem
from greenbench.gui.editor.loose_link import LooseLink

if TYPE_CHECKING:
    from greenbench.gui.editor.canvas import Canvas


class Gesture:
    """Base of all gestures. Positions are pixels of the canvas' viewport."""

    def __init__(self, canvas: "Canvas") -> None:
        self.canvas = canvas
        self.first = QPoint()

    def start(self, at: QPoint) -> None:
        self.first = at

    def move(self, at: QPoint) -> None:
        """The mouse moved with the button down."""

    def end(self, at: QPoint) -> None:
        """The button was released."""

    def cancel(self) -> None:
        """Everything is to be as it was before."""

    def far(self, at: QPoint) -> bool:
        """Whether this is more than a shaky click."""
        return (at - self.first).manhattanLength() >= QApplication.startDragDistance() // 2


class Pan(Gesture):
    """Shifts the view under the hand."""

    def start(self, at: QPoint) -> None:
        super().start(at)
        self._last = at
        self.canvas.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def move(self, at: QPoint) -> None:
        self.canvas.camera.shift(self._last - at)
        self._last = at

    def end(self, at: QPoint) -> None:
        self.canvas.viewport().unsetCursor()

    def cancel(self) -> None:
        self.canvas.camera.shift(self._last - self.first)
        self.end(self.first)


class RubberBand(Gesture):
    """Selects what a rectangle touches; with Shift, adds to what is selected."""

    def __init__(self, canvas: "Canvas", add: bool) -> None:
        super().__init__(canvas)
        self._add = add
        self._before: list[str] = []
        self._band: QRubberBand | None = None

    def start(self, at: QPoint) -> None:
        super().start(at)
        self._before = self.canvas.pipeline_scene.selected_nodes()
        if not self._add:
            self.canvas.pipeline_scene.select([])

    def move(self, at: QPoint) -> None:
        if self._band is None and not self.far(at):
            return
        if self._band is None:
            self._band = QRubberBand(QRubberBand.Shape.Rectangle, self.canvas.viewport())
            self._band.show()
        area = QRect(self.first, at).normalized()
        self._band.setGeometry(area)
        region = QRectF(self.canvas.mapToScene(area.topLeft()), self.canvas.mapToScene(area.bottomRight()))
        touched = [id for id, item in self.canvas.pipeline_scene.nodes.items() if item.rect.intersects(region)]
        self.canvas.pipeline_scene.select([*touched, *(self._before if self._add else [])])

    def end(self, at: QPoint) -> None:
        if self._band is not None:
            self._band.hide()
            self._band.deleteLater()
            self._band = None

    def cancel(self) -> None:
        self.end(self.first)
        self.canvas.pipeline_scene.select(self._before)


class MoveNodes(Gesture):
    """Carries the selected nodes; the one under the hand keeps to the grid and the others keep their distance to it.

    A click that does not move acts on what lies under it: a field opens, "Fix…" is followed.
    """

    def __init__(self, canvas: "Canvas", node: NodeItem, toggle: bool) -> None:
        super().__init__(canvas)
        self._node, self._toggle = node, toggle
        self._from: dict[str, QPointF] = {}
        self._moved = False

    def start(self, at: QPoint) -> None:
        super().start(at)
        scene = self.canvas.pipeline_scene
        if self._toggle:
            chosen = set(scene.selected_nodes()) ^ {self._node.id}
            scene.select(chosen)
        elif not self._node.isSelected():
            scene.select([self._node.id])

    def move(self, at: QPoint) -> None:
        scene = self.canvas.pipeline_scene
        if not self._moved:
            if not self.far(at):
                return
            self._moved = True
            ids = set(scene.selected_nodes()) | {self._node.id}
            self._from = {id: scene.nodes[id].pos() for id in ids}
            self.canvas.hover.leave()
        by = self.canvas.mapToScene(at) - self.canvas.mapToScene(self.first)
        goal = self._from[self._node.id] + by
        by = QPointF(*snapped(goal.x(), goal.y())) - self._from[self._node.id]
        for id, start in self._from.items():
            if id in scene.nodes:
                scene.nodes[id].setPos(start + by)
        scene.reroute(self._from)

    def end(self, at: QPoint) -> None:
        scene = self.canvas.pipeline_scene
        if self._moved:
            places = {id: scene.nodes[id].pos() for id in self._from if id in scene.nodes}
            self.canvas.editing.move({id: (place.x(), place.y()) for id, place in places.items()})
            scene.reroute()
        elif not self._toggle:
            scene.select([self._node.id])
            self.canvas.clicked_on(self._node, at)

    def cancel(self) -> None:
        for id, start in self._from.items():
            if id in self.canvas.pipeline_scene.nodes:
                self.canvas.pipeline_scene.nodes[id].setPos(start)
        self.canvas.pipeline_scene.reroute()


class DragLink(Gesture):
    """Draws a link from a port. Fitting ports keep their colour; over one that is refused stands the reason.

    From a taken single input the link itself is carried: dropped elsewhere it moves, dropped on nothing it is gone.
    """

    def __init__(self, canvas: "Canvas", port: PortItem) -> None:
        super().__init__(canvas)
        self._old: Link | None = None
        if not port.slot.output and port.links:
            self._old = port.links[0]
            source = canvas.pipeline_scene.nodes[self._old.source].port(self._old.output, True)
            port = source or port
        self._port = port
        self._loose: LooseLink | None = None
        self._over: PortItem | None = None
        self._legal = False

    def start(self, at: QPoint) -> None:
        super().start(at)
        scene = self.canvas.pipeline_scene
        scene.drawing.drag = LinkDrag(self._port.slot.port.kind, self._port.slot.output)
        self.canvas.hover.leave()

    def _begin(self) -> None:
        scene = self.canvas.pipeline_scene
        if self._port.slot.output:
            scene.show_free_rows(True)
        self._loose = LooseLink(scene.drawing, self._port.slot.port.kind)
        scene.addItem(self._loose)
        carried = scene.links.get(self._old) if self._old else None
        if carried:
            carried.set_hidden(True)
        for node in scene.nodes.values():
            for port in node.ports:
                port.set_mood(self._mood(port))

    def _mood(self, port: PortItem) -> str:
        if port is self._port:
            return PORT_PLAIN
        fits = port.slot.output != self._port.slot.output and port.slot.port.kind is self._port.slot.port.kind
        return PORT_FITS if fits and self._reason(port) is None else PORT_FADED

    def link_to(self, port: PortItem) -> Link:
        """The link that a drop on that port would make."""
        first, second = (self._port, port) if self._port.slot.output else (port, self._port)
        return Link(first.owner.id, first.slot.port.name, second.owner.id, second.slot.port.name)

    def _reason(self, port: PortItem) -> GreenBenchError | None:
        if port.slot.output == self._port.slot.output:
            side = "output" if port.slot.output else "input"
            return GreenBenchError(f"Two {side}s cannot be joined.", "Join an output to an input.")
        link = self.link_to(port)
        if link == self._old:
            return None
        try:
            self.canvas.editing.pipeline.check_link(link, replacing=True)
        except GreenBenchError as error:
            return error
        return None

    def move(self, at: QPoint) -> None:
        if self._loose is None:
            if not self.far(at):
                return
            self._begin()
        assert self._loose is not None
        point = self.canvas.mapToScene(at)
        self._enter(self._target(point))
        end = self._over.anchor if self._over else point
        start = self._port.anchor
        self._loose.set_ends(*((start, end) if self._port.slot.output else (end, start)), refused=bool(self._over) and not self._legal)

    def _target(self, point: QPointF) -> PortItem | None:
        """The port under the hand; on the card of a node, its first port that fits."""
        port = self.canvas.pipeline_scene.port_at(point)
        if port is not None and port is not self._port:
            return port
        node = self.canvas.pipeline_scene.node_at(point)
        if node is None or node is self._port.owner:
            return None
        fitting = [port for port in node.ports if port.mood is PORT_FITS]
        open_ones = [port for port in fitting if not port.links]
        return next(iter(open_ones or fitting), None)

    def _enter(self, port: PortItem | None) -> None:
        if port is self._over:
            return
        if self._over is not None:
            self._over.set_hovered(False)
            self._over.set_mood(self._mood(self._over))
        self._over = port
        self.canvas.card.hide()
        if port is None:
            return
        reason = self._reason(port)
        self._legal = reason is None
        port.set_hovered(self._legal)
        if reason is not None:
            port.set_mood(PORT_REFUSED)
            at = self.canvas.mapFromScene(port.anchor) + QPoint(16, -12)
            self.canvas.card.show_reason(reason.message, reason.remedy, at)

    def end(self, at: QPoint) -> None:
        moved, over, legal = self._loose is not None, self._over, self._legal
        link = self.link_to(over) if over is not None and over.slot.output != self._port.slot.output else None
        self._clean()
        if not moved:
            self.canvas.pipeline_scene.select([self._port.owner.id])
        elif over is None and self._old is not None:
            self.canvas.editing.disconnect([self._old])
        elif over is None:
            self._offer(at)
        elif legal and link is not None and link != self._old:
            self.canvas.editing.connect(link, self._old)

    def _offer(self, at: QPoint) -> None:
        """Dropped on empty canvas: the steps that could follow (or come before)."""
        slot, id = self._port.slot, self._port.owner.id
        half = Link(id, slot.port.name, "", "") if slot.output else Link("", "", id, slot.port.name)
        self.canvas.search_wanted.emit(at, half, slot.output)

    def cancel(self) -> None:
        self._clean()

    def _clean(self) -> None:
        scene = self.canvas.pipeline_scene
        self.canvas.card.hide()
        scene.drawing.drag = None
        if self._loose is not None:
            scene.removeItem(self._loose)
        for node in scene.nodes.values():
            for port in node.ports:
                port.set_mood(PORT_PLAIN)
                port.set_hovered(False)
        carried = scene.links.get(self._old) if self._old else None
        if carried:
            carried.set_hidden(False)
        scene.show_free_rows(False)
