"""The pipeline, drawn. It reacts to `Change`s of the document and to events of a run; it never changes the pipeline itself."""

from collections.abc import Iterable

from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QGraphicsScene

from greenbench.core.edits import Change
from greenbench.core.pipeline import Link
from greenbench.gui.editor.anatomy import Detail
from greenbench.gui.editor.drawing import Drawing
from greenbench.gui.editor.glide import Glide
from greenbench.gui.editor.items import NodeItem, PortItem
from greenbench.gui.editor.link_item import LinkItem
from greenbench.gui.editor.note import NoteItem

_ROOM = 4000.0


class PipelineScene(QGraphicsScene):
    """Nodes by id and links by value. `drawing` is shared with the items and the view; `settled` comes when all stand still."""

    settled = Signal()

    def __init__(self, drawing: Drawing) -> None:
        super().__init__()
        self.drawing = drawing
        self.nodes: dict[str, NodeItem] = {}
        self.links: dict[Link, LinkItem] = {}
        self.note = NoteItem(drawing)
        self.addItem(self.note)
        self._glide = Glide(self, lambda: self.nodes, self.reroute)
        self.rebuild()

    def rebuild(self) -> None:
        """Draws the whole pipeline anew."""
        self._glide.stop()
        for item in (*self.links.values(), *self.nodes.values()):
            self.removeItem(item)
        self.nodes, self.links = {}, {}
        self._sync_nodes()
        self._sync_links()
        self.reroute()

    def on_change(self, change: Change) -> None:
        """Follows one change of the document."""
        self.drawing.board.outdated()
        if change.everything:
            self.drawing.board.clear()
            self.rebuild()
            return
        self._sync_nodes()
        self._sync_links()
        for link in (*change.connected, *change.disconnected):
            if link.target in self.nodes:
                self.nodes[link.target].lay_out()
        for id in (*change.added, *change.changed):
            if id in self.nodes:
                self.nodes[id].lay_out()
        if change.removed:
            for item in self.nodes.values():
                item.lay_out()
        if change.moved:
            still = self.drawing.reduce_motion or self.drawing.board.measuring or not any(view.isVisible() for view in self.views())
            self._glide.go(change.moved, still=still)
        self.refresh()
        self.reroute()

    def show_touched(self, touched: set[str]) -> None:
        """Draws anew the nodes of which a run has said something, and their links."""
        speaking = touched | {link.target for link in self.links if link.source in touched}
        for id in speaking & set(self.nodes):
            self.nodes[id].refresh()
        for link, item in self.links.items():
            if link.source in touched or link.target in touched:
                item.update()

    def refresh(self) -> None:
        """Draws everything anew where it stands: states or colours changed."""
        for node in self.nodes.values():
            node.refresh()
        for link in self.links.values():
            link.update()
        self.note.refresh(self._note_place())

    def set_detail(self, detail: Detail) -> None:
        if detail is not self.drawing.detail:
            self.drawing.detail = detail
            for item in self.nodes.values():
                item.lay_out()
            self.reroute()
            self.refresh()

    def show_free_rows(self, show: bool) -> None:
        """Gives every benchmark a row to drop one more model on, or takes it away."""
        for item in self.nodes.values():
            if item.free_row != show:
                item.free_row = show
                item.lay_out()
        self.reroute()

    def _sync_nodes(self) -> None:
        """Of an edit in several parts the changes come one by one, when the pipeline is already in its last state."""
        wanted = self.drawing.pipeline.nodes
        for id in [id for id in self.nodes if id not in wanted]:
            self.removeItem(self.nodes.pop(id))
        for id in wanted:
            if id not in self.nodes:
                self.nodes[id] = NodeItem(self.drawing, id)
                self.addItem(self.nodes[id])

    def _sync_links(self) -> None:
        wanted = self.drawing.pipeline.links
        for link in [link for link in self.links if link not in wanted]:
            self.removeItem(self.links.pop(link))
        for link in wanted:
            if link not in self.links:
                self.links[link] = LinkItem(self.drawing, link)
                self.addItem(self.links[link])

    def reroute(self, moved: Iterable[str] | None = None) -> None:
        """Leads the links anew: all of them, or those at the nodes that are being moved."""
        some = None if moved is None else set(moved)
        rects = {id: item.rect for id, item in self.nodes.items()}
        for link, item in self.links.items():
            if some is not None and not some & {link.source, link.target}:
                continue
            ends = self.ends(link)
            if ends:
                others = [rect for id, rect in rects.items() if id not in (link.source, link.target)]
                item.set_ends(*ends, others, (rects[link.source], rects[link.target]))
        if some is None:
            self.note.refresh(self._note_place())
            self.setSceneRect(self.content().adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM))
            if not self._glide.moving:
                self.settled.emit()

    def ends(self, link: Link) -> tuple[QPointF, QPointF] | None:
        source, target = self.nodes.get(link.source), self.nodes.get(link.target)
        if source is None or target is None:
            return None
        siblings = self.drawing.pipeline.into(link.target, link.input)
        row = siblings.index(link) if link in siblings else 0
        output, input = source.port(link.output, True), target.port(link.input, False, row)
        return (output.anchor, input.anchor) if output and input else None

    def content(self, *, note: bool = True) -> QRectF:
        """The rectangle of all nodes and links and, if it is shown and wanted, the note."""
        whole = QRectF()
        for item in self.nodes.values():
            whole = whole.united(item.rect)
        for link in self.links.values():
            whole = whole.united(link.path.boundingRect())
        if note and self.note.isVisible():
            whole = whole.united(self.note.sceneBoundingRect())
        return whole

    def _note_place(self) -> QPointF:
        """Below what stands and passes at the left, where sources leave room: words hide no link."""
        rects = [item.rect for item in self.nodes.values()]
        if not rects:
            return QPointF(0, 0)
        left = min(rect.left() for rect in rects)
        right = left + self.note.width
        low = max(rect.bottom() for rect in rects if rect.left() < right)
        paths = [item.path for item in self.links.values() if item.path.boundingRect().bottom() > low]
        points = [point for path in paths for polygon in path.toSubpathPolygons() for point in polygon.toList()]
        return QPointF(left, max([low, *(point.y() for point in points if point.x() < right + 16)]) + 28)

    def selected_nodes(self) -> list[str]:
        return [id for id, item in self.nodes.items() if item.isSelected()]

    def selected_links(self) -> list[Link]:
        return [link for link, item in self.links.items() if item.isSelected()]

    def select(self, ids: Iterable[str], *, add: bool = False) -> None:
        """Selects these nodes and nothing else, or these too; says so once."""
        chosen = set(ids)
        before = self.selected_nodes(), self.selected_links()
        self.blockSignals(True)
        for id, item in self.nodes.items():
            item.setSelected(id in chosen or (add and item.isSelected()))
        if not add:
            for link in self.links.values():
                link.setSelected(False)
        self.blockSignals(False)
        if before != (self.selected_nodes(), self.selected_links()):
            self.selectionChanged.emit()

    def port_at(self, point: QPointF) -> PortItem | None:
        """The nearest port whose hit area holds the point."""
        found = [item for item in self.items(point) if isinstance(item, PortItem)]
        return min(found, key=lambda port: (port.anchor - point).manhattanLength(), default=None)

    def node_at(self, point: QPointF) -> NodeItem | None:
        return next((item for item in self.items(point) if isinstance(item, NodeItem)), None)

    def link_at(self, point: QPointF) -> LinkItem | None:
        """The link whose curve passes closest, within its hit area."""
        found = [item for item in self.items(point) if isinstance(item, LinkItem)]
        return min(found, key=lambda item: _distance(item.path, point), default=None)


def _distance(path: QPainterPath, point: QPointF) -> float:
    return min(((path.pointAtPercent(step / 40) - point).manhattanLength() for step in range(41)), default=1e9)
