"""Adding and joining by search: Tab or double-click, a link dropped on empty canvas, and "Connect to…" by keyboard."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QPoint, QPointF, QRectF

from greenbench.core import placing
from greenbench.core.errors import GreenBenchError
from greenbench.core.pipeline import Link, Pipeline
from greenbench.core.step import StepSpec
from greenbench.gui.editor.canvas import Canvas
from greenbench.gui.editor.editing import matching_port
from greenbench.gui.editor.search import Offer, SearchPopup, step_offers


class Adding(QObject):
    """Opens the search over a canvas and does what is chosen there."""

    def __init__(self, canvas: Canvas, search: SearchPopup, select: Callable[[list[str]], None]) -> None:
        super().__init__(canvas)
        self._canvas, self._search, self._select = canvas, search, select
        self._half: tuple[Link | None, bool] = (None, True)
        self._drop = QPointF()
        search.chosen.connect(self._take)

    @property
    def _pipeline(self) -> Pipeline:
        return self._canvas.drawing.pipeline

    def open_search(self, at: QPoint, half: Link | None = None, output: bool = True) -> None:
        """Search-to-add at a pixel of the canvas; with a half-open link, only steps that it could be joined to."""
        self._half, self._drop = (half, output), self._canvas.mapToScene(at)
        port = None if half is None else self._pipeline.output_port(half) if output else self._pipeline.input_port(half)

        def find(text: str) -> list[Offer]:
            return step_offers(self._pipeline.catalog, text, lambda spec: port is None or matching_port(spec, port, output) is not None)

        self._search.open(at, find, "Search steps" if port is None else f"Steps that {'take' if output else 'give'} {port.kind.noun}")

    def search_here(self) -> None:
        """Search-to-add where the mouse is, or in the middle if it is elsewhere."""
        viewport = self._canvas.viewport()
        mouse = viewport.mapFromGlobal(self._canvas.cursor().pos())
        inside = viewport.rect().adjusted(40, 40, -300, -200).contains(mouse)
        self.open_search(mouse if inside else viewport.rect().center() - QPoint(144, 140))

    def connect_selected(self) -> None:
        """Joins the selected node by keyboard: a list of all that it may feed."""
        ids = self._canvas.pipeline_scene.selected_nodes()
        if len(ids) != 1:
            return
        item = self._canvas.pipeline_scene.nodes[ids[0]]
        links = possible_links(self._pipeline, ids[0])

        def find(text: str) -> list[Offer]:
            return [offer for offer in map(self._offer, links) if text.lower() in offer.title.lower()]

        at = self._canvas.mapFromScene(item.rect.topRight()) + QPoint(16, 0)
        self._search.open(at, find, f'Connect "{item.node.title}" to')

    def _offer(self, link: Link) -> Offer:
        spec = self._pipeline.spec(link.target)
        title = self._pipeline.node(link.target).title
        return Offer(link, spec.icon, f"group_{spec.group.value}", title, f"into {self._pipeline.input_port(link).label.lower()}")

    def _take(self, value: StepSpec | Link) -> None:
        if isinstance(value, Link):
            self._canvas.editing.connect(value)
            return
        half, output = self._half
        dx = 0 if half is None else 8 if output else -160
        wanted = QPointF(self._drop.x() + dx, self._drop.y() - (41 if half else 14))
        place = free_place([item.rect for item in self._canvas.pipeline_scene.nodes.values()], wanted)
        id = self._canvas.editing.add(value, place.x(), place.y(), half, output=output)
        if id is not None:
            self._select([id])


def free_place(taken: Sequence[QRectF], wanted: QPointF) -> QPointF:
    """Where a new node of usual size covers none of those that are drawn (greenbench.core.placing)."""
    return QPointF(*placing.free_place([(r.x(), r.y(), r.width(), r.height()) for r in taken], wanted.x(), wanted.y()))


def possible_links(pipeline: Pipeline, id: str) -> list[Link]:
    """Every link from a node that would be allowed; one into a taken input counts, it would replace what is there."""
    found = []
    for output in pipeline.spec(id).outputs:
        for target in pipeline.nodes:
            for port in pipeline.spec(target).inputs:
                link = Link(id, output.name, target, port.name)
                try:
                    pipeline.check_link(link, replacing=True)
                except GreenBenchError:
                    continue
                found.append(link)
    return found
