"""What all items of one canvas share: the session, the theme, the states of the run, how much of a node is shown."""

from dataclasses import dataclass, field
from functools import cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from greenbench.core.pipeline import Pipeline
from greenbench.core.ports import PortKind
from greenbench.gui.editor.anatomy import Detail
from greenbench.gui.editor.status import RunBoard
from greenbench.gui.session import Session
from greenbench.gui.theme import Theme, font


@dataclass
class LinkDrag:
    """While a link is dragged: the kind it carries, and from which side."""

    kind: PortKind
    from_output: bool


@dataclass
class Drawing:
    """Shared by scene, items and view of one canvas. `phase` moves the dashes of links in use, 0 to 1."""

    session: Session
    theme: Theme
    board: RunBoard
    detail: Detail = Detail.FULL
    compact: bool = False
    reduce_motion: bool = False
    phase: float = 0.0
    drag: LinkDrag | None = field(default=None)

    @property
    def pipeline(self) -> Pipeline:
        return self.session.document.pipeline


@cache
def type_of(size: float, weight: int = 400) -> QFont:
    """The house's font; kept, because a node asks for it at each repaint."""
    return font(size, weight)


@cache
def metrics_of(size: float, weight: int = 400) -> QFontMetricsF:
    return QFontMetricsF(type_of(size, weight))


def write(
    painter: QPainter,
    rect: QRectF,
    text: str,
    color: QColor,
    letters: tuple[float, int] = (11, 400),
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> float:
    """One line of text in a size and weight, elided to the rectangle and centred in its height; returns its width."""
    measures = metrics_of(*letters)
    shown = measures.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.setFont(type_of(*letters))
    painter.setPen(color)
    painter.drawText(rect, align | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
    return measures.horizontalAdvance(shown)


def port_path(kind: PortKind, center: QPointF, size: float) -> QPainterPath:
    """The shape that names a kind: square data, circle model, diamond results."""
    path, half = QPainterPath(), size / 2
    if kind is PortKind.MODEL:
        path.addEllipse(center, half, half)
    elif kind is PortKind.DATASET:
        path.addRoundedRect(QRectF(center.x() - half, center.y() - half, size, size), 1, 1)
    else:
        reach = half * 1.28
        corners = [QPointF(0, -reach), QPointF(reach, 0), QPointF(0, reach), QPointF(-reach, 0)]
        path.moveTo(center + corners[0])
        for corner in corners[1:]:
            path.lineTo(center + corner)
        path.closeSubpath()
    return path


def paint_shadow(painter: QPainter, rect: QRectF, radius: float, dark: bool) -> None:
    """A soft shadow of 6 px, 2 px down, from a few faint outlines: cheaper than a blur and sharp at any scale."""
    painter.setPen(Qt.PenStyle.NoPen)
    for step in range(5, 0, -1):
        painter.setBrush(QBrush(QColor(0, 0, 0, 16 if dark else 5)))
        grown = rect.adjusted(-step + 2, -step + 4, step - 2, step + 1)
        painter.drawRoundedRect(grown, radius + step, radius + step)


def outline(color: QColor, width: float = 1.0) -> QPen:
    return QPen(color, width)
