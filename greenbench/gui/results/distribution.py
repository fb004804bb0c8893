"""The distribution of latency: for each variant, the share of calls that took at most so long."""

from statistics import median

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF

from greenbench.core import quote
from greenbench.core.run import RunResult
from greenbench.core.timed import call_words
from greenbench.gui.marks import paint_variant
from greenbench.gui.results.chart import Axis, Chart, linear, logarithmic
from greenbench.gui.theme import Theme, font

_LAST = 99  # the slowest call alone would stretch the axis


class LatencyDistribution(Chart):
    """Empirical distribution functions from the 101 quantiles that a result keeps."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._curves: list[tuple[int, str, tuple[float, ...]]] = []
        self._chosen = -1

    def show_result(self, result: RunResult) -> None:
        known = [(i, v.letter, v.latency_quantiles_s) for i, v in enumerate(result.variants) if len(v.latency_quantiles_s) > 2]
        scale = quote.scale("s", [median(quantiles) for _, _, quantiles in known])
        self._curves = [(index, letter, tuple(q * scale.factor for q in quantiles)) for index, letter, quantiles in known]
        if known:
            ends = [q[place] for _, _, q in self._curves for place in (1, min(_LAST, len(q) - 1))]
            call = call_words(v.batch for v in result.measured) or "one call"
            title = f"latency of {call}, {scale.unit}"
            wide = min(ends) > 0 and max(ends) / min(ends) > 6
            self.x_axis = logarithmic(ends, title) if wide else linear(ends, title)
            self.y_axis = Axis(0.0, 100.0, (0.0, 50.0, 95.0), "calls at or below, %")
        self.update()

    def choose(self, index: int) -> None:
        self._chosen = index
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._curves:
            self.paint_word(painter, "The distribution of latency appears here after a benchmark.")
            painter.end()
            return
        self.paint_paper(painter)
        painter.save()
        painter.setClipRect(self.area.adjusted(0, -2, 0, 2))
        for index, _, quantiles in self._curves:
            step = 100 / (len(quantiles) - 1)
            pen = QPen(self.theme.variant(index).color, 2.2 if index == self._chosen else 1.4)
            if index % 2:
                pen.setDashPattern([5, 2.5])
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF([self.at(x, place * step) for place, x in enumerate(quantiles)]))
        painter.restore()
        self._paint_medians(painter)
        painter.end()

    def _paint_medians(self, painter: QPainter) -> None:
        """The marks at half of the calls; letters of marks that fall together share one label."""
        medians = sorted((self.at(median(q), 50.0).x(), index, letter) for index, letter, q in self._curves)
        y = self.at(self.x_axis.low, 50.0).y()
        groups: list[list[tuple[float, str]]] = []
        for x, index, letter in medians:
            paint_variant(painter, QPointF(x, y), 9, self.theme.variant(index))
            if groups and x - groups[-1][-1][0] < 13:
                groups[-1].append((x, letter))
            else:
                groups.append([(x, letter)])
        painter.setFont(font(11, 600))
        painter.setPen(self.theme.color("text"))
        for place, group in enumerate(groups):
            words = ", ".join(letter for _, letter in group)
            width = painter.fontMetrics().horizontalAdvance(words)
            crowded = place + 1 < len(groups) and groups[place + 1][0][0] - group[-1][0] < width + 14
            left = group[0][0] - 7 - width if crowded else group[-1][0] + 7
            painter.drawText(QRectF(left, y - 18, width + 2, 14), Qt.AlignmentFlag.AlignLeft, words)
