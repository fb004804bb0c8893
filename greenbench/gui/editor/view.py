"""The pipeline editor: canvas, overlays, search-to-add, menus and keys, joined into one widget for the shell."""

from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from greenbench.core.edits import Change
from greenbench.core.messages import Event
from greenbench.gui.editor.actions import CANVAS, LINKS, NODES, EditorAction, EditorActions
from greenbench.gui.editor.adding import Adding, free_place
from greenbench.gui.editor.canvas import Canvas
from greenbench.gui.editor.canvas_keys import CanvasKeys
from greenbench.gui.editor.dashes import Dashes
from greenbench.gui.editor.drawing import Drawing
from greenbench.gui.editor.editing import Editing
from greenbench.gui.editor.overlays import EditorTools, Overlays
from greenbench.gui.editor.scene import PipelineScene
from greenbench.gui.editor.search import SearchPopup
from greenbench.gui.editor.status import RunBoard
from greenbench.gui.session import Session
from greenbench.gui.theme import Theme

_LOW_WINDOW = 800


class EditorView(QWidget):
    """The canvas of a session.

    `tools` (arrange, note, frame, zoom) stands in its top right corner until the shell puts it elsewhere, for instance
    with `tabs.setCornerWidget(editor.tools)`. `board` is shared with whoever else shows the states of a run: then one of them
    alone applies the events, and all are told with `show_touched`. `inspect_wanted` asks the shell to show the inspector ("Fix…", Enter).
    """

    selectionChanged = Signal(list)
    inspect_wanted = Signal(str)
    look_wanted = Signal(str)  # look into the model that a node gave

    def __init__(self, session: Session, theme: Theme, board: RunBoard | None = None) -> None:
        super().__init__()
        self.session, self.theme = session, theme
        self.board = board or RunBoard(lambda: session.document.pipeline)
        self.drawing = Drawing(session, theme, self.board)
        self.scene = PipelineScene(self.drawing)
        self.editing = Editing(session)
        self.canvas = Canvas(self.scene, self.editing, self.drawing)
        self.search = SearchPopup(theme, self)
        self.tools = EditorTools(theme, self)
        self.overlays = Overlays(self.canvas, self.tools)
        self.adding = Adding(self.canvas, self.search, self.select_nodes)
        self.dashes = Dashes(self.scene, self)
        self.keys = CanvasKeys(self.canvas, self.select_nodes, self.inspect_wanted.emit)
        self.may_look: Callable[[str], bool] = lambda id: False  # the shell says which nodes have a model to look into
        self.shown = True  # the shell says when another page is in front
        self._home_pending = True
        self._frame_pending = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self.tools.raise_()
        self.commands = EditorActions(self, theme, self._actions())
        self._join()

    def _join(self) -> None:
        self.session.changed.connect(self._on_change)
        QApplication.clipboard().dataChanged.connect(self.offer_commands)
        self.scene.selectionChanged.connect(self._on_selection)
        self.canvas.search_wanted.connect(self.adding.open_search)
        self.canvas.menu_wanted.connect(self._open_menu)
        self.canvas.fix_wanted.connect(self._fix)
        self.scene.settled.connect(self._on_settled)
        self.search.closed.connect(lambda: self.canvas.setFocus(Qt.FocusReason.OtherFocusReason))
        self.tools.arrange.connect(self.arrange)
        self.tools.frame.connect(self.canvas.camera.frame)
        self.tools.note.connect(self.scene.note.want)
        self.tools.zoom_in.connect(lambda: self.canvas.camera.zoom_to(self.canvas.camera.zoom * 1.2))
        self.tools.zoom_out.connect(lambda: self.canvas.camera.zoom_to(self.canvas.camera.zoom / 1.2))
        self.tools.zoom_reset.connect(lambda: self.canvas.camera.zoom_to(1.0))
        forget = self.theme.observe(self._dress)
        self.destroyed.connect(lambda *_: forget())
        self._on_selection()
        self.overlays.refresh()

    def _actions(self) -> tuple[EditorAction, ...]:
        edit, camera, chosen = self.editing, self.canvas.camera, self.selected
        return (
            EditorAction("search", "Add a step…", ("Tab",), self.adding.search_here, "plus", (CANVAS,)),
            EditorAction("connect", "Connect to…", ("C",), self.adding.connect_selected, "flow-arrow", (NODES,)),
            EditorAction("rename", "Rename", ("F2",), self.canvas.box_editor.edit_selected_title, "pencil-simple", (NODES,)),
            EditorAction("cut", "Cut", ("Ctrl+X",), lambda: edit.cut(chosen()), "scissors", (NODES,), True),
            EditorAction("copy", "Copy", ("Ctrl+C",), lambda: edit.copy(chosen()), "copy", (NODES,)),
            EditorAction("paste", "Paste", ("Ctrl+V",), lambda: self.scene.select(edit.paste()), "clipboard", (CANVAS,)),
            EditorAction(
                "duplicate", "Duplicate", ("Ctrl+D",), lambda: self.scene.select(edit.duplicate(chosen())), "copy-simple", (NODES,)
            ),
            EditorAction("look", "Look inside", (), lambda: self.look_wanted.emit(chosen()[0]), "stack", (NODES,), True),
            EditorAction("mute", "Mute", ("M",), lambda: edit.mute(chosen()), "prohibit", (NODES,), True),
            EditorAction(
                "delete",
                "Delete",
                ("Del", "Backspace"),
                lambda: edit.delete(chosen(), self.scene.selected_links()),
                "trash",
                (NODES, LINKS),
            ),
            EditorAction("all", "Select all", ("Ctrl+A",), lambda: self.scene.select(self.scene.nodes), "selection-all", (CANVAS,), True),
            EditorAction("arrange", "Arrange nodes", ("L",), self.arrange, "tree-structure", (CANVAS,)),
            EditorAction("frame", "Show everything", ("F",), camera.frame, "corners-out", (CANVAS,)),
            EditorAction("zoom-in", "Zoom in", ("Ctrl++", "Ctrl+="), lambda: camera.zoom_to(camera.zoom * 1.2)),
            EditorAction("zoom-out", "Zoom out", ("Ctrl+-",), lambda: camera.zoom_to(camera.zoom / 1.2)),
            EditorAction("zoom-reset", "Zoom to 100 %", ("Ctrl+0",), lambda: camera.zoom_to(1.0)),
        )

    def on_event(self, event: Event) -> None:
        """Shows what a run says; for an editor whose board is its own."""
        self.show_touched(self.board.apply(event))

    def show_touched(self, touched: set[str]) -> None:
        """Draws the nodes of which the board has something new to say."""
        self.scene.show_touched(touched)
        if touched:
            self.overlays.minimap.update()
        self.dashes.mind()

    def select_nodes(self, ids: list[str]) -> None:
        """Selects nodes and brings the first into view."""
        self.scene.select(ids)
        if ids:
            self.canvas.camera.show_node(ids[0])

    def selected(self) -> list[str]:
        """The selected nodes that are still there: an undo takes several away, and the scene hears of them one by one."""
        return [id for id in self.scene.selected_nodes() if id in self.session.document.pipeline.nodes]

    def add_step(self, key: str) -> None:
        """Adds a step beside what is selected or in the middle of what is seen, on a free spot, and selects it."""
        spec = self.session.catalog[key]
        middle = self.canvas.camera.middle
        chosen = self.scene.selected_nodes()
        beside = self.scene.nodes[chosen[0]].rect.topRight() + QPointF(44, 0) if len(chosen) == 1 else None
        place = free_place([item.rect for item in self.scene.nodes.values()], beside or QPointF(middle.x() - 78, middle.y() - 41))
        id = self.editing.add(spec, place.x(), place.y())
        if id is not None:
            self.select_nodes([id])

    def set_reduce_motion(self, reduce: bool) -> None:
        """Nothing glides or marches."""
        self.drawing.reduce_motion = reduce
        self.dashes.mind()

    def arrange(self) -> None:
        """Auto-layout: of the selected nodes if there are several, else of all."""
        ids = self.selected() if len(self.selected()) > 1 else list(self.scene.nodes)
        items = {id: self.scene.nodes[id] for id in self.session.document.pipeline.nodes if id in ids}
        if not items:
            return
        sizes = {id: (item.parts.size.width(), item.parts.size.height()) for id, item in items.items()}
        origin = min(item.pos().x() for item in items.values()), min(item.pos().y() for item in items.values())
        self._frame_pending = len(items) == len(self.scene.nodes)
        self.editing.arrange(sizes, origin)

    def _on_settled(self) -> None:
        """After an auto-layout of everything, everything is seen."""
        self.overlays.place()
        self.overlays.minimap.update()
        if self._frame_pending and not self.canvas.camera.seen.contains(self.scene.content()):
            self.scene.clearSelection()
            self.canvas.camera.frame()
        self._frame_pending = False

    def _on_change(self, change: Change) -> None:
        self.canvas.box_editor.close_editor()
        self.canvas.hover.leave()
        self.scene.on_change(change)
        if change.everything:
            self._home_pending = True
            self._go_home()
        self.offer_commands()
        self.overlays.refresh()

    def offer_commands(self) -> None:
        """Enables what can be done now; off the screen nothing can."""
        ids, shown = self.selected() if self.shown else [], self.shown
        any_, one = bool(ids), len(ids) == 1
        self.commands.enable(("cut", "copy", "duplicate", "mute"), any_)
        self.commands.enable(("rename", "connect"), one)
        self.commands.enable(("look",), one and self.may_look(ids[0]))
        self.commands.enable(("delete",), any_ or (shown and bool(self.scene.selected_links())))
        self.commands.enable(("all", "arrange", "frame"), shown and bool(self.scene.nodes))
        self.commands.enable(("paste",), shown and self.editing.can_paste())
        muted = any_ and all(self.session.document.pipeline.nodes[id].muted for id in ids)
        self.commands.by_id["mute"].setText("Unmute" if muted else "Mute")

    def _on_selection(self) -> None:
        self.offer_commands()
        self.overlays.minimap.update()
        self.selectionChanged.emit(self.selected())

    def _open_menu(self, at: QPoint) -> None:
        where = NODES if self.selected() else LINKS if self.scene.selected_links() else CANVAS
        self._on_selection()
        menu = self.commands.menu(self, where)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.canvas.viewport().mapToGlobal(at))

    def _fix(self, id: str) -> None:
        self.select_nodes([id])
        self.inspect_wanted.emit(id)

    def _dress(self) -> None:
        self.scene.refresh()
        self.canvas.viewport().update()
        self.canvas.card.update()
        self.overlays.update()

    def _go_home(self) -> None:
        if self._home_pending and self.isVisible() and self.canvas.viewport().width() > 100:
            self._home_pending = False
            self.canvas.camera.home()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.canvas.camera.set_compact(self.window().height() < _LOW_WINDOW and self.window() is not self)
        self._go_home()
        self.overlays.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._go_home()
        self.dashes.mind()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.dashes.mind()
