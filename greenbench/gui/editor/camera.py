"""What part of the pipeline is seen, and how large: zoom, pan, frame. How much of a node is shown follows from it."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEasingCurve, QObject, QPoint, QPointF, QRect, QRectF, QSize, QVariantAnimation, Signal

from greenbench.gui.editor.anatomy import Detail

if TYPE_CHECKING:
    from greenbench.gui.editor.canvas import Canvas

MIN_ZOOM, MAX_ZOOM = 0.25, 3.0
_ZOOM_MS = 120
_MARGIN, _NEAR = 28, 10
_READABLE, _LEAST = 0.75, 0.5


class Camera(QObject):
    """Moves the view of a canvas. `moved` comes whenever something else is seen."""

    moved = Signal()

    def __init__(self, canvas: "Canvas") -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.stayed = 0  # pixels by which the view was shifted because it was itself pushed down
        self._aside: tuple[float, QPointF, QSize] | None = None  # zoom, middle and size of the view while another page is in front
        self._motion = QVariantAnimation(self)
        self._motion.setDuration(_ZOOM_MS)
        self._motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._motion.valueChanged.connect(lambda value: self._scale_to(float(value)))

    @property
    def zoom(self) -> float:
        return self._canvas.transform().m11()

    @property
    def middle(self) -> QPointF:
        """The point of the scene in the middle of the view."""
        return self._canvas.mapToScene(self._canvas.viewport().rect().center())

    @property
    def seen(self) -> QRectF:
        return self._canvas.mapToScene(self._canvas.viewport().rect()).boundingRect()

    def shift(self, by: QPoint) -> None:
        """Moves what is seen by so many pixels."""
        across, down = self._canvas.horizontalScrollBar(), self._canvas.verticalScrollBar()
        across.setValue(across.value() + by.x())
        down.setValue(down.value() + by.y())
        self.moved.emit()

    def look_at(self, point: QPointF) -> None:
        self.shift(self._canvas.mapFromScene(point) - self._canvas.viewport().rect().center())

    def zoom_by(self, factor: float, about: QPoint | None = None) -> None:
        """Zooms about a point of the viewport (its middle by default) and keeps that point where it is."""
        zoom = min(max(self.zoom * factor, MIN_ZOOM), MAX_ZOOM)
        at = about if about is not None else self._canvas.viewport().rect().center()
        before = self._canvas.mapToScene(at)
        self._canvas.setTransform(self._canvas.transform().scale(zoom / self.zoom, zoom / self.zoom))
        self.settle_detail()
        self.shift(self._canvas.mapFromScene(before) - at)

    def zoom_to(self, zoom: float) -> None:
        """Goes to a zoom, in 120 ms unless motion is unwanted."""
        drawing = self._canvas.drawing
        if drawing.reduce_motion or drawing.board.measuring or not self._canvas.isVisible():
            self._scale_to(zoom)
            return
        self._motion.stop()
        self._motion.setStartValue(self.zoom)
        self._motion.setEndValue(min(max(zoom, MIN_ZOOM), MAX_ZOOM))
        self._motion.start()

    def _scale_to(self, zoom: float) -> None:
        self.zoom_by(zoom / self.zoom)

    def frame(self) -> None:
        """Shows what is selected, or everything, at most at 100 %."""
        scene = self._canvas.pipeline_scene
        ids = scene.selected_nodes()
        area = QRectF()
        for id in ids:
            area = area.united(scene.nodes[id].rect)
        area = area if ids else scene.content()
        if not area.isEmpty():
            self._fit(area)

    def _fit(self, area: QRectF) -> None:
        self.stayed, self._aside = 0, None
        room = self._canvas.viewport().rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        fit = min(room.width() / area.width(), room.height() / area.height(), 1.0)
        self._motion.stop()
        self._scale_to(max(fit, MIN_ZOOM))
        self.look_at(area.center())

    def keep(self, before: QRect) -> None:
        """After the view has become smaller than `before`: what was wholly seen stays so, moved or smaller."""
        area = self._canvas.pipeline_scene.content()
        shown, room = self._canvas.mapFromScene(area).boundingRect(), self._canvas.viewport().rect()
        if area.isEmpty() or room.width() < 2 * _MARGIN or not before.contains(shown) or room.contains(shown):
            return
        if shown.width() <= room.width() and shown.height() <= room.height():
            over = QPoint(max(shown.right() - room.right(), 0), max(shown.bottom() - room.bottom(), 0))
            self.shift(QPoint(min(over.x(), shown.left()), min(over.y(), shown.top())))
        else:
            self._fit(area)

    def stay(self, down: int) -> None:
        """The view itself has been pushed down by so many pixels, or has gone back up: what is under the hand stays where it is."""
        back = down if down > 0 else -min(self.stayed, -down)
        self.stayed += back
        self.shift(QPoint(0, back))

    def set_aside(self) -> None:
        """Another page comes in front: what is seen now is what shall be seen again."""
        if self._aside is None:
            self._motion.stop()
            self._aside = self.zoom, self.middle, self._canvas.viewport().size()

    @property
    def is_aside(self) -> bool:
        """Whether the view is still to be put back where it was."""
        return self._aside is not None

    def come_back(self, *, settled: bool) -> None:
        """Sees again what was seen before another page came in front. Until the page has `settled` its size is that of a moment; in a
        size that is another than before, what was wholly seen stays so."""
        if self._aside is None:
            return
        zoom, middle, size = self._aside
        if settled:
            self._aside = None
        self._scale_to(zoom)
        self.look_at(middle)
        room = self._canvas.viewport().size()
        if settled and room != size:
            grown = QPoint(size.width() - room.width(), size.height() - room.height()) / 2
            self.keep(QRect(-grown, size))

    def home(self) -> None:
        """All of the pipeline from its top left corner, at most at 100 %: with its note, else without; where names could not be read
        so, as much as its width allows."""
        self.stayed, self._aside = 0, None
        area = self._canvas.pipeline_scene.content()
        if area.isEmpty():
            self._scale_to(1.0)
            self.look_at(self.middle - self._canvas.mapToScene(QPoint(_MARGIN, _MARGIN)))
            return
        room = self._canvas.viewport().rect().adjusted(_NEAR, _NEAR, -_NEAR, -_NEAR)
        nodes = self._canvas.pipeline_scene.content(note=False)
        fits = [min(room.width() / part.width(), room.height() / part.height()) for part in (area, nodes)]
        across = min(max(room.width() / area.width(), _LEAST), _READABLE)
        self._scale_to(min(next((fit for fit in fits if fit >= _LEAST), across), 1.0))
        self.shift(self._canvas.mapFromScene(area.topLeft()) - QPoint(_NEAR, _NEAR))

    def show_node(self, id: str) -> None:
        """Brings a node into view."""
        item = self._canvas.pipeline_scene.nodes.get(id)
        if item is not None:
            self.come_back(settled=True)
            self._canvas.ensureVisible(item.rect, _MARGIN, _MARGIN)
            self.moved.emit()

    def settle_detail(self) -> None:
        """Shows as much of each node as zoom and window allow."""
        compact = self.zoom < 0.745 or self._canvas.drawing.compact
        self._canvas.pipeline_scene.set_detail(Detail.HEADER if self.zoom < 0.495 else Detail.COMPACT if compact else Detail.FULL)

    def set_compact(self, compact: bool) -> None:
        """Low windows show nodes without fields."""
        if compact != self._canvas.drawing.compact:
            self._canvas.drawing.compact = compact
            self.settle_detail()
            self._canvas.pipeline_scene.refresh()
