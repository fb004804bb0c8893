"""What was spent once against what is saved inference by inference: where the line crosses, the variant has paid for itself."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF

from greenbench.core import quote
from greenbench.gui.results.chart import Axis, Chart, linear
from greenbench.gui.theme import Theme, font

_BEYOND = 1.8  # how far beyond the crossing the line is drawn


class PayBackPlot(Chart):
    """Linear in both; drawn only where there is a crossing."""

    left, top, right, bottom = 40, 22, 14, 36

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.setMinimumSize(180, 132)
        self._index = 0
        self._spent = self._saved = 0.0
        self._x_factor = 1.0
        self.crossing: tuple[float, float, float | None] | None = None  # inferences: value, low, high

    def show_crossing(self, index: int, spent_j: float, saved_j: float, crossing: tuple[float, float, float | None]) -> None:
        """`spent_j` once, `saved_j` at each inference; `crossing` in inferences with its interval (no upper end: it may be never)."""
        self._index, self.crossing = index, crossing
        reach = max(crossing[0], min(crossing[2] or crossing[0], 3 * crossing[0])) * _BEYOND
        joules = quote.scale("J", [spent_j])
        counts = quote.scale("", [max(reach, 10_000.0)])
        self._spent, self._saved, self._x_factor = spent_j * joules.factor, saved_j * joules.factor / counts.factor, counts.factor
        word = {"M": "million inferences", "k": "thousand inferences"}.get(counts.unit, "inferences")
        self.x_axis = linear([0.0, reach * counts.factor], word, room=0.0, count=5)
        top = linear([0.0, max(self._saved * reach * counts.factor, self._spent * 1.2)], f"saved, {joules.unit}", room=0.04, count=3)
        self.y_axis = Axis(0.0, top.high, top.ticks, top.title)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.crossing is None:
            return
        painter = QPainter(self)
        self.paint_paper(painter)
        self._paint_band(painter)
        area = self.area
        spent_y = self.at(0.0, self._spent).y()
        painter.setPen(QPen(self.theme.color("second"), 1.3, Qt.PenStyle.CustomDashLine))
        pen = painter.pen()
        pen.setDashPattern([4, 2.4])
        painter.setPen(pen)
        painter.drawLine(QPointF(area.left(), spent_y), QPointF(area.right(), spent_y))
        end = self.x_axis.high
        painter.setPen(QPen(self.theme.variant(self._index).color, 1.8))
        painter.drawPolyline(QPolygonF([self.at(0.0, 0.0), self.at(end, self._saved * end)]))
        self._paint_words(painter, spent_y)
        middle = self.at(self.crossing[0] * self._x_factor, self._spent)
        painter.setPen(QPen(self.theme.color("surface"), 1.5))
        painter.setBrush(self.theme.color("accent"))
        painter.drawEllipse(middle, 5, 5)
        painter.end()

    def _paint_band(self, painter: QPainter) -> None:
        """The interval of the crossing, from the floor to the ceiling; open to the right where it may be never."""
        assert self.crossing is not None
        _, low, high = self.crossing
        left = self.at(low * self._x_factor, 0.0).x()
        right = self.area.right() if high is None else min(self.at(high * self._x_factor, 0.0).x(), self.area.right())
        painter.fillRect(QRectF(left, self.area.top(), max(right - left, 2.0), self.area.height()), self.theme.color("accent", 0.16))

    def _paint_words(self, painter: QPainter, spent_y: float) -> None:
        painter.setFont(font(11))
        painter.setPen(self.theme.color("second"))
        painter.drawText(QRectF(self.area.left() + 5, spent_y - 17, 120, 15), Qt.AlignmentFlag.AlignLeft, "spent once")
