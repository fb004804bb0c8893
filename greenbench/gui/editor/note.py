"""The pipeline's description as a note on the canvas."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QTextLayout, QTextOption
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from greenbench.gui.editor.drawing import Drawing, type_of, write

_LINE = 17.0
_MOST_LINES = 12


class NoteItem(QGraphicsItem):
    """Shown where there is a description, unless the window is low and the user has not asked for it."""

    width = 300.0

    def __init__(self, drawing: Drawing) -> None:
        super().__init__()
        self.drawing = drawing
        self.wanted: bool | None = None
        self._lines: list[str] = []
        self._text = ""
        self.setZValue(1.6)  # over links, under nodes: words stay readable

    def refresh(self, place: QPointF) -> None:
        """Takes the description as it is now and stands at `place`."""
        text = self.drawing.pipeline.description.strip()
        if text != self._text:
            self.prepareGeometryChange()
            self._text, self._lines = text, _wrapped(text, self.width)
        shown = self.wanted if self.wanted is not None else not self.drawing.compact
        self.setVisible(bool(text) and shown)
        self.setPos(place)
        self.update()

    def want(self, shown: bool) -> None:
        """Shows or hides the note, whatever the height of the window."""
        self.wanted = shown
        self.refresh(self.pos())

    def boundingRect(self) -> QRectF:
        return QRectF(-4, -2, self.width + 8, 24 + _LINE * len(self._lines))

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        theme = self.drawing.theme
        painter.fillRect(self.boundingRect(), theme.color("canvas", 0.86))
        write(painter, QRectF(0, 0, self.width, 16), "Note", theme.color("muted"), (11, 600))
        for index, line in enumerate(self._lines):
            write(painter, QRectF(0, 19 + index * _LINE, self.width + 4, _LINE), line, theme.color("second"), (12, 400))


def _wrapped(text: str, width: float) -> list[str]:
    """The text in lines no wider than that, breaking at words."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        layout = QTextLayout(paragraph, type_of(12))
        option = QTextOption(Qt.AlignmentFlag.AlignLeft)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.beginLayout()
        while (line := layout.createLine()).isValid():
            line.setLineWidth(width)
            lines.append(paragraph[line.textStart() : line.textStart() + line.textLength()].rstrip())
        layout.endLayout()
    return [*lines[: _MOST_LINES - 1], "…"] if len(lines) > _MOST_LINES else lines
