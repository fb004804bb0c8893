"""The pipeline editor: canvas, overlays, search-to-add, menus and keys, joined into one widget for the shell."""

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from greenbench.core.edits import Change
from greenbench.core.errors import GreenBenchError
from greenbench.core.messages import Event
from greenbench.core.pipeline import Link
from greenbench.core.step import StepSpec
from greenbench.gui.controls import Text
from greenbench.gui.editor.actions import CANVAS, LINKS, NODES, EditorAction, EditorActions
from greenbench.gui.editor.anatomy import GRID
from greenbench.gui.editor.canvas import Canvas
from greenbench.gui.editor.drawing import Drawing
from greenbench.gui.editor.editing import Editing, matching_port
from greenbench.gui.editor.overlays import EditorTools, Minimap, PortKey
from greenbench.gui.editor.scene import PipelineScene
from greenbench.gui.editor.search import Offer, SearchPopup, step_offers
from greenbench.gui.editor.status import RunBoard
from greenbench.gui.session import Session
from greenbench.gui.theme import Theme

_LOW_WINDOW = 800
_DASH_MS, _DASH_TURN_MS = 66, 1200
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


class EditorView(QWidget):
    """The canvas of a session.

    `tools` (arrange, note, frame, zoom) stands in its top right corner until the shell puts it elsewhere, for instance
    with `tabs.setCornerWidget(editor.tools)`. `inspect_wanted` asks the shell to show the inspector ("Fix…", Enter).
    """

    selectionChanged = Signal(list)
    inspect_wanted = Signal(str)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self.session, self.theme = session, theme
        self.board = RunBoard(lambda: session.document.pipeline)
        self.drawing = Drawing(session, theme, self.board)
        self.scene = PipelineScene(self.drawing)
        self.editing = Editing(session)
        self.canvas = Canvas(self.scene, self.editing, self.drawing)
        self.search = SearchPopup(theme, self)
        self.tools = EditorTools(theme, self)
        self.minimap = Minimap(self.canvas)
        self.port_key = PortKey(theme, self.canvas)
        self.empty = Text("Drag a step here, or press Tab to search for one", 13, 400, "muted")
        self.empty.setParent(self.canvas)
        self.empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._half: tuple[Link | None, bool] = (None, True)
        self._drop = QPointF()
        self._home_pending = True
        self._dash = QTimer(self)
        self._dash.setInterval(_DASH_MS)
        self._dash.timeout.connect(self._turn_dashes)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self.tools.raise_()
        self.actions_ = EditorActions(self, theme, self._actions())
        self._join()

    def _join(self) -> None:
        self.session.changed.connect(self._on_change)
        self.scene.selectionChanged.connect(self._on_selection)
        self.canvas.search_wanted.connect(self.open_search)
        self.canvas.menu_wanted.connect(self._open_menu)
        self.canvas.fix_wanted.connect(self._fix)
        self.canvas.camera.moved.connect(self._on_view_moved)
        self.canvas.installEventFilter(self)
        self.search.chosen.connect(self._add_found)
        self.search.closed.connect(lambda: self.canvas.setFocus(Qt.FocusReason.OtherFocusReason))
        self.tools.arrange.connect(self.arrange)
        self.tools.frame.connect(self.canvas.camera.frame)
        self.tools.note.connect(self._show_note)
        self.tools.zoom_in.connect(lambda: self.canvas.camera.zoom_to(self.canvas.camera.zoom * 1.2))
        self.tools.zoom_out.connect(lambda: self.canvas.camera.zoom_to(self.canvas.camera.zoom / 1.2))
        self.tools.zoom_reset.connect(lambda: self.canvas.camera.zoom_to(1.0))
        forget = self.theme.observe(self._dress)
        self.destroyed.connect(lambda *_: forget())
        self._on_selection()
        self._refresh_overlays()

    def _actions(self) -> tuple[EditorAction, ...]:
        edit, camera, chosen = self.editing, self.canvas.camera, self.selected
        return (
            EditorAction("search", "Add a step…", ("Tab",), self._search_here, "plus", (CANVAS,)),
            EditorAction("connect", "Connect to…", ("C",), self.connect_selected, "flow-arrow", (NODES,)),
            EditorAction("rename", "Rename", ("F2",), self._rename, "pencil-simple", (NODES,)),
            EditorAction("cut", "Cut", ("Ctrl+X",), lambda: edit.cut(chosen()), "scissors", (NODES,), True),
            EditorAction("copy", "Copy", ("Ctrl+C",), lambda: edit.copy(chosen()), "copy", (NODES,)),
            EditorAction("paste", "Paste", ("Ctrl+V",), lambda: self.scene.select(edit.paste()), "clipboard", (CANVAS,)),
            EditorAction(
                "duplicate", "Duplicate", ("Ctrl+D",), lambda: self.scene.select(edit.duplicate(chosen())), "copy-simple", (NODES,)
            ),
            EditorAction("mute", "Mute", ("M",), lambda: edit.mute(chosen()), "prohibit", (NODES,), True),
            EditorAction("delete", "Delete", ("Del", "Backspace"), self._delete, "trash", (NODES, LINKS)),
            EditorAction("all", "Select all", ("Ctrl+A",), lambda: self.scene.select(self.scene.nodes), "selection-all", (CANVAS,), True),
            EditorAction("arrange", "Arrange nodes", ("L",), self.arrange, "tree-structure", (CANVAS,)),
            EditorAction("frame", "Show everything", ("F",), camera.frame, "corners-out", (CANVAS,)),
            EditorAction("zoom-in", "Zoom in", ("Ctrl++", "Ctrl+="), lambda: camera.zoom_to(camera.zoom * 1.2)),
            EditorAction("zoom-out", "Zoom out", ("Ctrl+-",), lambda: camera.zoom_to(camera.zoom / 1.2)),
            EditorAction("zoom-reset", "Zoom to 100 %", ("Ctrl+0",), lambda: camera.zoom_to(1.0)),
        )

    def on_event(self, event: Event) -> None:
        """Shows what a run says."""
        touched = self.scene.on_event(event)
        if touched:
            self.minimap.update()
        self._mind_dashes()

    def select_nodes(self, ids: list[str]) -> None:
        """Selects nodes and brings the first into view."""
        self.scene.select(ids)
        if ids:
            self.canvas.camera.show_node(ids[0])

    def selected(self) -> list[str]:
        return self.scene.selected_nodes()

    def add_step(self, key: str) -> None:
        """Adds a step in the middle of what is seen, on a free spot, and selects it."""
        spec = self.session.catalog[key]
        middle = self.canvas.camera.middle
        place = QPointF(middle.x() - 78, middle.y() - 41)
        while any(item.rect.adjusted(-8, -8, 8, 8).contains(place + QPointF(4, 4)) for item in self.scene.nodes.values()):
            place += QPointF(3 * GRID, 3 * GRID)
        id = self.editing.add(spec, place.x(), place.y())
        if id is not None:
            self.select_nodes([id])

    def set_reduce_motion(self, reduce: bool) -> None:
        """Nothing glides or marches."""
        self.drawing.reduce_motion = reduce
        self._mind_dashes()

    def arrange(self) -> None:
        """Auto-layout: of the selected nodes if there are several, else of all."""
        ids = self.selected() if len(self.selected()) > 1 else list(self.scene.nodes)
        items = {id: self.scene.nodes[id] for id in self.session.document.pipeline.nodes if id in ids}
        if not items:
            return
        sizes = {id: (item.parts.size.width(), item.parts.size.height()) for id, item in items.items()}
        origin = min(item.pos().x() for item in items.values()), min(item.pos().y() for item in items.values())
        self.editing.arrange(sizes, origin)

    # Search-to-add

    def open_search(self, at: QPoint, half: Link | None = None, output: bool = True) -> None:
        """Opens search-to-add at a pixel of the canvas; with a half-open link, only for steps that it could reach."""
        self._half, self._drop = (half, output), self.canvas.mapToScene(at)
        pipeline = self.session.document.pipeline
        port = None if half is None else pipeline.output_port(half) if output else pipeline.input_port(half)

        def find(text: str) -> list[Offer]:
            return step_offers(self.session.catalog, text, lambda spec: port is None or matching_port(spec, port, output) is not None)

        prompt = "Search steps" if port is None else f"Steps that {'take' if output else 'give'} {port.kind.noun}"
        self.search.open(at, find, prompt)

    def _search_here(self) -> None:
        mouse = self.canvas.viewport().mapFromGlobal(self.cursor().pos())
        inside = self.canvas.viewport().rect().adjusted(40, 40, -300, -200).contains(mouse)
        self.open_search(mouse if inside else self.canvas.viewport().rect().center() - QPoint(144, 140))

    def connect_selected(self) -> None:
        """Joins the selected node by keyboard: a list of all that it may feed."""
        ids = self.selected()
        if len(ids) != 1:
            return
        item = self.scene.nodes[ids[0]]
        links = self._possible_links(ids[0])
        pipeline = self.session.document.pipeline

        def find(text: str) -> list[Offer]:
            offers = []
            for link in links:
                spec = pipeline.spec(link.target)
                title = pipeline.node(link.target).title
                if text.lower() in title.lower():
                    offers.append(
                        Offer(link, spec.icon, f"group_{spec.group.value}", title, f"into {pipeline.input_port(link).label.lower()}")
                    )
            return offers

        self.search.open(self.canvas.mapFromScene(item.rect.topRight()) + QPoint(16, 0), find, f'Connect "{item.node.title}" to')

    def _possible_links(self, id: str) -> list[Link]:
        pipeline = self.session.document.pipeline
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

    def _add_found(self, value: StepSpec | Link) -> None:
        if isinstance(value, Link):
            self.editing.connect(value)
            return
        half, output = self._half
        dx = 0 if half is None else 8 if output else -160
        id = self.editing.add(value, self._drop.x() + dx, self._drop.y() - (41 if half else 14), half, output=output)
        if id is not None:
            self.select_nodes([id])

    # What the canvas and the session say

    def _on_change(self, change: Change) -> None:
        self.canvas.box_editor.close_editor()
        self.canvas.hide_cards()
        self.scene.on_change(change)
        if change.everything:
            self._home_pending = True
            self._go_home()
        self._refresh_overlays()

    def _on_selection(self) -> None:
        ids = self.selected()
        any_, one = bool(ids), len(ids) == 1
        self.actions_.enable(("cut", "copy", "duplicate", "mute"), any_)
        self.actions_.enable(("rename", "connect"), one)
        self.actions_.enable(("delete",), any_ or bool(self.scene.selected_links()))
        muted = any_ and all(self.session.document.pipeline.nodes[id].muted for id in ids)
        self.actions_.by_id["mute"].setText("Unmute" if muted else "Mute")
        self.minimap.update()
        self.selectionChanged.emit(ids)

    def _open_menu(self, at: QPoint) -> None:
        where = NODES if self.selected() else LINKS if self.scene.selected_links() else CANVAS
        self._on_selection()
        menu = self.actions_.menu(self, where)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.canvas.viewport().mapToGlobal(at))

    def _fix(self, id: str) -> None:
        self.select_nodes([id])
        self.inspect_wanted.emit(id)

    def _rename(self) -> None:
        ids = self.selected()
        if len(ids) == 1:
            self.canvas.camera.show_node(ids[0])
            self.canvas.box_editor.edit_title(self.scene.nodes[ids[0]])

    def _delete(self) -> None:
        self.editing.delete(self.selected(), self.scene.selected_links())

    def _show_note(self, shown: bool) -> None:
        self.scene.note.wanted = shown
        self.scene.refresh()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys: move what is selected; with Alt go to the next node; Shift moves further. Enter inspects."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self.canvas.gesture is None:
            ids = self.selected()
            step = _ARROWS.get(Qt.Key(event.key()))
            if step and (event.modifiers() & Qt.KeyboardModifier.AltModifier or not ids):
                self._walk(step)
                return True
            if step:
                far = GRID * (4 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
                self.editing.nudge(ids, step[0] * far, step[1] * far)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and len(ids) == 1:
                self.inspect_wanted.emit(ids[0])
                return True
        return super().eventFilter(watched, event)

    def _walk(self, step: tuple[int, int]) -> None:
        """Selects the nearest node in a direction; the first one if none is selected."""
        items, ids = self.scene.nodes, self.selected()
        if not ids:
            self.select_nodes(sorted(items, key=lambda id: (items[id].pos().x(), items[id].pos().y()))[:1])
            return
        here = items[ids[0]].rect.center()

        def cost(id: str) -> float:
            by = items[id].rect.center() - here
            along = by.x() * step[0] + by.y() * step[1]
            aside = abs(by.x() * step[1]) + abs(by.y() * step[0])
            return along + 2 * aside if along > 4 else float("inf")

        best = min((id for id in items if id != ids[0]), key=cost, default=None)
        if best is not None and cost(best) < float("inf"):
            self.select_nodes([best])

    # Overlays, motion, size

    def _turn_dashes(self) -> None:
        self.drawing.phase = (self.drawing.phase + _DASH_MS / _DASH_TURN_MS) % 1.0
        for item in self.scene.links.values():
            if item.in_use:
                item.update()

    def _mind_dashes(self) -> None:
        """Dashes march only while something is in use, is seen, and nothing is being measured."""
        moving = self.board.running and not self.board.measuring and not self.drawing.reduce_motion and self.isVisible()
        if moving != self._dash.isActive():
            self._dash.start() if moving else self._dash.stop()

    def _on_view_moved(self) -> None:
        self.minimap.update()
        self.tools.show_zoom(self.canvas.camera.zoom)

    def _refresh_overlays(self) -> None:
        pipeline = self.session.document.pipeline
        self.minimap.setVisible(bool(pipeline.nodes))
        self.empty.setVisible(not pipeline.nodes)
        self.tools.show_note(self.scene.note.isVisible(), bool(pipeline.description.strip()))
        self.minimap.update()
        self._place_overlays()

    def _place_overlays(self) -> None:
        height, width = self.canvas.height(), self.canvas.width()
        self.minimap.move(16, height - self.minimap.height() - 16)
        self.port_key.move(16 + self.minimap.width() + 16, height - self.port_key.height() - 16)
        self.port_key.setVisible(width > 420)
        self.empty.adjustSize()
        self.empty.move((width - self.empty.width()) // 2, (height - self.empty.height()) // 2)
        if self.tools.parent() is self:
            self.tools.adjustSize()
            self.tools.move(width - self.tools.width() - 8, 6)

    def _dress(self) -> None:
        self.scene.refresh()
        self.canvas.viewport().update()
        for widget in (self.minimap, self.port_key, self.canvas.card):
            widget.update()

    def _go_home(self) -> None:
        if self._home_pending and self.isVisible() and self.canvas.viewport().width() > 100:
            self._home_pending = False
            self.canvas.camera.home()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.canvas.camera.set_compact(self.window().height() < _LOW_WINDOW and self.window() is not self)
        self._go_home()
        self._refresh_overlays()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._go_home()
        self._mind_dashes()

    def hideEvent(self, event: QEvent) -> None:
        super().hideEvent(event)  # type: ignore[arg-type]
        self._dash.stop()
