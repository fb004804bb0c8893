"""The view of the pipeline: which gesture a press begins, what a key or a drop does. Overlays lie on its viewport."""

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsView

from greenbench.core.params import FieldKind
from greenbench.gui.editor.box_editor import BoxEditor
from greenbench.gui.editor.camera import Camera
from greenbench.gui.editor.cards import FloatingCard
from greenbench.gui.editor.drawing import Drawing
from greenbench.gui.editor.editing import Editing
from greenbench.gui.editor.gestures import DragLink, Gesture, MoveNodes, Pan, RubberBand
from greenbench.gui.editor.hover import Hover
from greenbench.gui.editor.items import NodeItem
from greenbench.gui.editor.scene import PipelineScene
from greenbench.gui.library import dragged_step

_DOTS = 16


class Canvas(QGraphicsView):
    """Shows a `PipelineScene`. It asks for menus, search and inspection by signals; edits go through `editing`."""

    search_wanted = Signal(QPoint, object, bool)  # where, half-open Link or None, from an output
    menu_wanted = Signal(QPoint)  # of what is selected, at this point of the viewport
    fix_wanted = Signal(str)

    def __init__(self, scene: PipelineScene, editing: Editing, drawing: Drawing) -> None:
        super().__init__(scene)
        self.pipeline_scene, self.editing, self.drawing = scene, editing, drawing
        self.gesture: Gesture | None = None
        self._top = 0  # where the view begins in its window
        self.card = FloatingCard(drawing.theme, self.viewport())
        self.box_editor = BoxEditor(self, editing, drawing)
        self.hover = Hover(self)
        self.camera = Camera(self)
        self.camera.moved.connect(self.box_editor.close_editor)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Pipeline")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        top = self.mapTo(self.window(), QPoint()).y()
        down, self._top = top - self._top, top
        in_use = self.gesture is not None or self.viewport().underMouse()
        if self.camera.is_aside:
            self.camera.come_back(settled=False)
        elif event.oldSize().isValid() and ((down > 0 and in_use) or (down < 0 and self.camera.stayed)):
            self.camera.stay(down)  # a message came or went above
        else:
            self.camera.keep(QRect(QPoint(), event.oldSize()))
        self.camera.moved.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self, self._settle)

    def _settle(self) -> None:
        if self.isVisible():
            self.camera.come_back(settled=True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self.camera.set_aside()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.box_editor.close_editor()
        if self.gesture is not None:
            self._cancel_gesture()
            return
        self.gesture = self._choose(event)
        if self.gesture is not None:
            self.gesture.start(event.position().toPoint())
        event.accept()

    def _choose(self, event: QMouseEvent) -> Gesture | None:
        """Which gesture this press begins."""
        if event.button() == Qt.MouseButton.MiddleButton:
            return Pan(self)
        if event.button() != Qt.MouseButton.LeftButton:
            return None
        point = self.mapToScene(event.position().toPoint())
        adding = bool(event.modifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier))
        port = self.pipeline_scene.port_at(point)
        if port is not None:
            return DragLink(self, port)
        node = self.pipeline_scene.node_at(point)
        if node is not None:
            return MoveNodes(self, node, adding)
        link = self.pipeline_scene.link_at(point)
        if link is not None:
            if not adding:
                self.pipeline_scene.clearSelection()
            link.setSelected(not link.isSelected())
            return None
        return RubberBand(self, adding)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position().toPoint()
        if self.gesture is not None:
            self.gesture.move(at)
        else:
            self.hover.move(at)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        gesture, self.gesture = self.gesture, None
        if gesture is not None:
            gesture.end(event.position().toPoint())
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._cancel_gesture()
        at = event.position().toPoint()
        point = self.mapToScene(at)
        node = self.pipeline_scene.node_at(point)
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if node is not None:
            if not node.box_at(point - node.pos()):
                self.box_editor.edit_title(node)
        elif self.pipeline_scene.link_at(point) is None and self.pipeline_scene.port_at(point) is None:
            self.search_wanted.emit(at, None, True)

    def _cancel_gesture(self) -> None:
        gesture, self.gesture = self.gesture, None
        if gesture is not None:
            gesture.cancel()

    def clicked_on(self, node: NodeItem, at: QPoint) -> None:
        """A click that moved nothing: opens the field under it, or follows "Fix…"."""
        local = self.mapToScene(at) - node.pos()
        name = node.box_at(local)
        field = node.spec.field(name) if name else None
        if node.fix_at(local) or (field is not None and field.kind is FieldKind.LINES):
            self.fix_wanted.emit(node.id)  # several lines are edited in the inspector
        elif name:
            self.box_editor.edit_box(node, name)

    def leaveEvent(self, event: object) -> None:
        self.hover.leave()
        super().leaveEvent(event)  # type: ignore[arg-type]

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel zooms; with Shift it shifts sideways; two fingers on a touchpad shift."""
        pixels = event.pixelDelta()
        if not pixels.isNull() and not event.modifiers():
            self.camera.shift(-pixels)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.camera.shift(QPoint(-event.angleDelta().y() or -event.angleDelta().x(), 0))
        else:
            self.camera.zoom_by(1.0015 ** event.angleDelta().y(), event.position().toPoint())
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._cancel_gesture()
        at, scene = event.pos(), self.pipeline_scene
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            ids = scene.selected_nodes()
            at = self.mapFromScene(scene.nodes[ids[0]].rect.center()) if ids else self.viewport().rect().center()
        else:
            self._select_for_menu(self.mapToScene(at))
        self.menu_wanted.emit(at)
        event.accept()

    def _select_for_menu(self, point: QPointF) -> None:
        """A menu speaks of what it was opened on."""
        scene = self.pipeline_scene
        node, link = scene.node_at(point), scene.link_at(point)
        if node is not None:
            if not node.isSelected():
                scene.select([node.id])
            return
        scene.select([])
        if link is not None:
            link.setSelected(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.gesture is not None:
            self._cancel_gesture()
        elif event.key() == Qt.Key.Key_Escape:
            self.pipeline_scene.select([])
        else:
            event.ignore()

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab belongs to search-to-add; Shift+Tab leaves the canvas."""
        return False if next else super().focusNextPrevChild(False)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dragged_step(event.mimeData(), self.drawing.session.catalog) is not None:
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if dragged_step(event.mimeData(), self.drawing.session.catalog) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        spec = dragged_step(event.mimeData(), self.drawing.session.catalog)
        if spec is None:
            return
        point = self.mapToScene(event.position().toPoint())
        id = self.editing.add(spec, point.x() - 70, point.y() - 14)
        if id is not None:
            self.pipeline_scene.select([id])
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        event.acceptProposedAction()

    def drawBackground(self, painter: QPainter, rect: QRectF | object) -> None:
        area = QRectF(rect)  # type: ignore[arg-type]
        theme = self.drawing.theme
        painter.fillRect(area, theme.color("canvas"))
        pitch = _DOTS if self.camera.zoom >= 0.6 else 2 * _DOTS
        painter.setPen(QPen(theme.color("dots"), 1.4))
        left, top = int(area.left() // pitch) * pitch, int(area.top() // pitch) * pitch
        dots = [QPointF(x, y) for x in range(left, int(area.right()) + pitch, pitch) for y in range(top, int(area.bottom()) + pitch, pitch)]
        painter.drawPoints(dots)
