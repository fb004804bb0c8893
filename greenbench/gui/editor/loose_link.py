"""The link that follows the mouse: from a port to where it would end, red where it may not."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from greenbench.core.ports import PortKind
from greenbench.gui.editor.drawing import Drawing


class LooseLink(QGraphicsItem):
    """Drawn over everything while a link is dragged."""

    def __init__(self, drawing: Drawing, kind: PortKind) -> None:
        super().__init__()
        self._drawing, self._kind = drawing, kind
        self._path = QPainterPath()
        self.refused = False
        self.setZValue(2.5)

    def set_ends(self, start: QPointF, end: QPointF, *, refused: bool) -> None:
        self.prepareGeometryChange()
        self.refused = refused
        reach = min(max(abs(end.x() - start.x()) / 2, 24.0), 120.0)
        self._path = QPainterPath(start)
        self._path.cubicTo(start + QPointF(reach, 0), end - QPointF(reach, 0), end)

    def boundingRect(self) -> QRectF:
        return self._path.boundingRect().adjusted(-4, -4, 4, 4)

    def shape(self) -> QPainterPath:
        return QPainterPath()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        theme = self._drawing.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.color("danger") if self.refused else theme.port(self._kind), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
        if self.refused:
            pen.setDashPattern([3.2, 2.4])
        painter.setPen(pen)
        painter.drawPath(self._path)
