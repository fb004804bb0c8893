"""What lies over the canvas at the bottom left: the minimap and the key of port kinds; and the row of tools with the zoom."""

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from greenbench.core.ports import PortKind
from greenbench.core.run import NodeState
from greenbench.gui.controls import IconButton, Text
from greenbench.gui.editor.canvas import Canvas
from greenbench.gui.editor.drawing import outline, port_path, write
from greenbench.gui.theme import Theme, font

_COLORS = {NodeState.FAILED: "danger", NodeState.RUNNING: "accent"}
_MAP, _KEY, _EDGE = QSize(136, 84), QSize(86, 74), 16
_ROOM_FOR_KEY = 420
_KINDS = ((PortKind.DATASET, "Data"), (PortKind.MODEL, "Model"), (PortKind.RESULTS, "Results"))


class Minimap(QWidget):
    """The whole pipeline at 136×84, what is seen as a frame; a click or drag goes there."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.setFixedSize(_MAP)
        self.held = False
        self.setAccessibleName("Map of the pipeline")
        self.setToolTip("Map: click to go there")

    def _frame(self) -> tuple[QRectF, float]:
        """What the map covers, and its scale."""
        seen = self._canvas.camera.seen
        scene = self._canvas.pipeline_scene
        whole = scene.content().adjusted(-24, -24, 24, 24) if scene.nodes else seen
        whole = whole.united(seen) if whole.intersects(seen) else whole
        scale = min((self.width() - 10) / max(whole.width(), 1), (self.height() - 10) / max(whole.height(), 1))
        return whole, scale

    def _to_map(self, rect: QRectF) -> QRectF:
        whole, scale = self._frame()
        left = (self.width() - whole.width() * scale) / 2
        top = (self.height() - whole.height() * scale) / 2
        return QRectF(
            left + (rect.left() - whole.left()) * scale,
            top + (rect.top() - whole.top()) * scale,
            rect.width() * scale,
            rect.height() * scale,
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        drawing = self._canvas.drawing
        theme = drawing.theme
        painter.setPen(outline(theme.color("border")))
        painter.setBrush(theme.color("surface", 0.92))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setPen(Qt.PenStyle.NoPen)
        for id, item in self._canvas.pipeline_scene.nodes.items():
            token = _COLORS.get(drawing.board.status(id).state or NodeState.WAITING, "strong")
            painter.setBrush(theme.color("selection" if item.isSelected() and token == "strong" else token))
            painter.drawRoundedRect(self._to_map(item.rect), 1.5, 1.5)
        inside = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(outline(theme.color("muted")))
        painter.drawRoundedRect(self._to_map(self._canvas.camera.seen).intersected(inside), 2, 2)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.held = True
        self._go(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.held = False
        self._canvas.camera.moved.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())

    def _go(self, at: QPointF) -> None:
        whole, scale = self._frame()
        left = (self.width() - whole.width() * scale) / 2
        top = (self.height() - whole.height() * scale) / 2
        point = QPointF(whole.left() + (at.x() - left) / scale, whole.top() + (at.y() - top) / scale)
        self._canvas.camera.look_at(point)


class PortKey(QWidget):
    """The three port shapes and what they stand for."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFixedSize(_KEY)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Square: data. Circle: model. Diamond: results.")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(outline(self._theme.color("border")))
        painter.setBrush(self._theme.color("surface", 0.92))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        for row, (kind, word) in enumerate(_KINDS):
            y = 17 + row * 20
            painter.fillPath(port_path(kind, QPointF(16, y), 8.5), self._theme.port(kind))
            write(painter, QRectF(30, y - 9, 50, 18), word, self._theme.color("second"))
        painter.end()


class EditorTools(QWidget):
    """Arrange, note, frame and zoom: a row that the shell may put beside its tabs."""

    arrange = Signal()
    frame = Signal()
    note = Signal(bool)
    zoom_in = Signal()
    zoom_out = Signal()
    zoom_reset = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(2)
        arrange = IconButton(theme, "tree-structure", "Arrange nodes (L)", "muted")
        self.note_button = IconButton(theme, "note", "Show the note", "muted")
        self.note_button.setCheckable(True)
        frame = IconButton(theme, "corners-out", "Show everything (F)", "muted")
        smaller = IconButton(theme, "minus", "Zoom out (Ctrl −)", "muted", 14)
        larger = IconButton(theme, "plus", "Zoom in (Ctrl +)", "muted", 14)
        self.zoom_button = QPushButton("100 %")
        self.zoom_button.setProperty("kind", "quiet")
        self.zoom_button.setStyleSheet("padding: 0 2px;")
        self.zoom_button.setFont(font(12, 500))
        self.zoom_button.setFixedSize(QSize(50, 28))
        self.zoom_button.setToolTip("Back to 100 % (Ctrl 0)")
        arrange.clicked.connect(self.arrange)
        frame.clicked.connect(self.frame)
        self.note_button.clicked.connect(self.note)
        smaller.clicked.connect(self.zoom_out)
        larger.clicked.connect(self.zoom_in)
        self.zoom_button.clicked.connect(self.zoom_reset)
        for button in (arrange, self.note_button, frame):
            row.addWidget(button)
        row.addSpacing(8)
        for control in (smaller, self.zoom_button, larger):
            row.addWidget(control)
        for child in self.findChildren(QWidget):
            child.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def show_zoom(self, zoom: float) -> None:
        self.zoom_button.setText(f"{zoom * 100:.0f} %")

    def show_note(self, shown: bool, possible: bool) -> None:
        self.note_button.setChecked(shown)
        self.note_button.setEnabled(possible)


class Overlays(QObject):
    """Map, key and the hint on an empty canvas, in their places; and the tools, until the shell takes them."""

    def __init__(self, canvas: Canvas, tools: EditorTools) -> None:
        super().__init__(canvas)
        self._canvas, self._tools = canvas, tools
        self._home = tools.parentWidget()
        self.minimap = Minimap(canvas)
        self.port_key = PortKey(canvas.drawing.theme, canvas)
        self.empty = Text("Drag a step here, or press Tab to search for one", 13, 400, "muted")
        self.empty.setParent(canvas)
        self.empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        canvas.camera.moved.connect(self._follow)

    def _follow(self) -> None:
        self.place()
        self.minimap.update()
        self._tools.show_zoom(self._canvas.camera.zoom)

    def place(self) -> None:
        """Map and key in the bottom left corner, each only where it lies over no node and not over the note; a map that is being
        dragged stays."""
        canvas, nodes = self._canvas, self._canvas.pipeline_scene.nodes
        bottom = canvas.height() - _EDGE
        boxes = [canvas.mapFromScene(item.rect).boundingRect() for item in nodes.values()]
        note = canvas.pipeline_scene.note
        if note.isVisible():
            boxes.append(canvas.mapFromScene(note.sceneBoundingRect()).boundingRect())
        left = _EDGE
        for widget in (self.minimap, self.port_key):
            box = QRect(left, bottom - widget.height(), widget.width(), widget.height())
            widget.move(box.topLeft())
            free = not any(box.adjusted(-4, -4, 4, 4).intersects(other) for other in boxes)
            wanted = bool(nodes) if widget is self.minimap else canvas.width() > _ROOM_FOR_KEY
            widget.setVisible(wanted and (free or (widget is self.minimap and self.minimap.held)))
            left = box.right() + _EDGE if widget.isVisibleTo(canvas) else _EDGE

    def update(self) -> None:
        """Draws them anew, after the colours have changed."""
        for widget in (self.minimap, self.port_key):
            widget.update()

    def refresh(self) -> None:
        """Shows what the pipeline calls for, each in its place."""
        pipeline, note = self._canvas.drawing.pipeline, self._canvas.pipeline_scene.note
        height, width = self._canvas.height(), self._canvas.width()
        self.place()
        self.minimap.update()
        self.empty.setVisible(not pipeline.nodes)
        self.empty.adjustSize()
        self.empty.move((width - self.empty.width()) // 2, (height - self.empty.height()) // 2)
        self._tools.show_note(note.isVisible(), bool(pipeline.description.strip()))
        if self._tools.parentWidget() is self._home:
            self._tools.adjustSize()
            self._tools.move(width - self._tools.width() - 8, 6)
