"""A link as it is drawn: a curve in the colour of its kind, dashed and moving while in use, red and dotted after a failure."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPainterPathStroker, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from greenbench.core.pipeline import Link
from greenbench.core.run import NodeState
from greenbench.gui.editor.drawing import Drawing
from greenbench.gui.editor.routing import route

_HALO = 6.0
_HIT = 14.0
_DASH = (3.2, 2.4)


class LinkItem(QGraphicsItem):
    """The drawn form of one link. The scene gives it its ends and what stands in the way."""

    def __init__(self, drawing: Drawing, link: Link) -> None:
        super().__init__()
        self.drawing, self.link = drawing, link
        self.hovered = False
        self.hidden = False
        self._path = QPainterPath()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setZValue(1)

    def set_ends(self, start: QPointF, end: QPointF, obstacles: Sequence[QRectF], own: tuple[QRectF, QRectF]) -> None:
        """Routes the link anew."""
        path = route(start, end, obstacles, own)
        if path != self._path:
            self.prepareGeometryChange()
            self._path = path

    def set_hovered(self, hovered: bool) -> None:
        if hovered != self.hovered:
            self.hovered = hovered
            self.setZValue(1.5 if hovered else 1)
            self.update()

    def set_hidden(self, hidden: bool) -> None:
        """Drawn faintly while its end is being carried elsewhere."""
        self.hidden = hidden
        self.update()

    @property
    def path(self) -> QPainterPath:
        return self._path

    @property
    def in_use(self) -> bool:
        """The node it leads to works on what it carries."""
        return self.drawing.board.status(self.link.target).state is NodeState.RUNNING

    @property
    def cut(self) -> bool:
        """Nothing comes through it: the node before it failed or was left out."""
        return self.drawing.board.status(self.link.source).broken

    def boundingRect(self) -> QRectF:
        return self._path.boundingRect().adjusted(-_HIT, -_HIT, _HIT, _HIT)

    def shape(self) -> QPainterPath:
        stroker = QPainterPathStroker()
        stroker.setWidth(_HIT)
        return stroker.createStroke(self._path)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        theme = self.drawing.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.hidden:
            painter.setOpacity(0.2)
        painter.setPen(QPen(theme.color("canvas"), _HALO, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawPath(self._path)
        painter.setPen(self._pen())
        painter.drawPath(self._path)

    def _pen(self) -> QPen:
        theme = self.drawing.theme
        width = 3.2 if self.hovered or self.isSelected() else 2.0
        if self.cut:
            pen = QPen(theme.color("danger", 0.85), width * 0.75)
            pen.setDashPattern([2.2, 2.2])
            return pen
        if self.in_use:
            pen = QPen(theme.color("accent"), width)
            pen.setDashPattern(list(_DASH))
            pen.setDashOffset(-self.drawing.phase * sum(_DASH))
            return pen
        if self.isSelected():
            return QPen(theme.color("accent"), width)
        color = QColor(theme.port(self.drawing.pipeline.output_port(self.link).kind))
        full = self.drawing.board.status(self.link.source).finished
        color.setAlphaF(1.0 if self.hovered else 0.78 if full else 0.52)
        return QPen(color, width)
