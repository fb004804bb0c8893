"""What lights up under the mouse while no button is down: ports, fields, links and the card of what flows."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt

from greenbench.core.pipeline import Link
from greenbench.gui.editor.words import flow

if TYPE_CHECKING:
    from greenbench.gui.editor.canvas import Canvas


class Hover:
    """Follows the mouse over a canvas."""

    def __init__(self, canvas: "Canvas") -> None:
        self._canvas = canvas
        self._link: Link | None = None

    def move(self, at: QPoint) -> None:
        """The mouse is at this pixel of the viewport."""
        canvas, scene = self._canvas, self._canvas.pipeline_scene
        point = canvas.mapToScene(at)
        port, node = scene.port_at(point), scene.node_at(point)
        for item in scene.nodes.values():
            item.set_hovered_box(item.box_at(point - item.pos()) if item is node and port is None else "")
            for other in item.ports:
                other.set_hovered(other is port)
        link = scene.link_at(point) if port is None and node is None else None
        self._show(link.link if link else None, at)
        acts = port is None and node is not None and (node.hovered_box or node.fix_at(point - node.pos()))
        shapes = Qt.CursorShape
        canvas.viewport().setCursor(shapes.CrossCursor if port else shapes.PointingHandCursor if acts else shapes.ArrowCursor)

    def leave(self) -> None:
        """Nothing is under the mouse."""
        self._show(None, QPoint())
        self._canvas.card.hide()

    def _show(self, link: Link | None, at: QPoint) -> None:
        if link == self._link:
            return
        canvas = self._canvas
        for known, item in canvas.pipeline_scene.links.items():
            item.set_hovered(known == link)
        self._link = link
        if link is None:
            canvas.card.hide()
            return
        title, text = flow(canvas.drawing.pipeline, canvas.drawing.board, link)
        canvas.card.show_flow(canvas.drawing.pipeline.output_port(link).kind, title, text, at + QPoint(12, 12))
