"""The card of power: watts over a finished run, with the blocks of each variant where they lay."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF

from greenbench.core.measurement import Provenance, WindowKind
from greenbench.core.run import PowerTrace, RunResult
from greenbench.core.traced import Phase
from greenbench.gui.controls import Segments
from greenbench.gui.marks import paint_variant
from greenbench.gui.results.card import Card
from greenbench.gui.results.chart import Axis, Chart, linear
from greenbench.gui.theme import Theme, font

_SHADES = ("text", "port_model", "port_results", "group_train", "group_compress")
_LETTER_ROOM = 11  # pixels of a block that its mark needs


class PowerChart(Chart):
    """Band from the least to the most of each moment, line in the middle; modelled channels are dashed."""

    left, top, right, bottom = 40, 38, 12, 36

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.traces: tuple[PowerTrace, ...] = ()
        self.phases: tuple[Phase, ...] = ()
        self.blocks: list[tuple[float, float, int]] = []
        self.word = "The power of a finished run appears here."

    def show_result(self, result: RunResult, *, whole: bool = False) -> None:
        """Watts of the whole run, or of its benchmark alone where that was kept closely."""
        kept = result.traces if whole or not result.benchmark_traces else result.benchmark_traces
        self.traces = tuple(trace for trace in kept if trace.t_s)
        self.phases = tuple(phase for phase in result.phases if phase.kind is not WindowKind.BLOCK)
        start = result.started_ns
        self.blocks = [
            ((block.t0_ns - start) / 1e9, (block.t1_ns - start) / 1e9, index)
            for index, variant in enumerate(result.variants)
            for block in variant.blocks
            if start
        ]
        self.word = "" if self.traces else _why(result)
        if self.traces:
            seconds = [t for trace in self.traces for t in (trace.t_s[0], trace.t_s[-1])]
            first = min(seconds) if kept is result.benchmark_traces else 0.0
            self.x_axis = linear([first, max(seconds)], "seconds since the start", room=0.0, count=6)
            top = linear([0.0, max(max(trace.high_w) for trace in self.traces)], "power, W", count=3)
            self.y_axis = Axis(0.0, top.high, top.ticks, top.title)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self.traces:
            self.paint_word(painter, self.word)
            painter.end()
            return
        painter.save()
        painter.setClipRect(QRectF(self.area.left(), 18, self.area.width(), self.height()))
        self._paint_phases(painter)
        self._paint_blocks(painter)
        painter.restore()
        self.paint_paper(painter)
        for place, trace in enumerate(self.traces):
            self._paint_trace(painter, trace, _SHADES[place % len(_SHADES)])
        self._paint_legend(painter)
        painter.end()

    def _paint_blocks(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self.area
        for t0_s, t1_s, index in self.blocks:
            left, right = self.at(t0_s, 0.0).x(), self.at(t1_s, 0.0).x()
            mark = self.theme.variant(index)
            shade = mark.color
            shade.setAlphaF(0.10)
            painter.fillRect(QRectF(left, area.top(), max(right - left, 1.0), area.height()), shade)
            shade.setAlphaF(1.0)
            painter.fillRect(QRectF(left, area.top() - 3, max(right - left, 1.0), 3), shade)
            if right - left >= _LETTER_ROOM:
                paint_variant(painter, QPointF((left + right) / 2, area.top() - 11), 8, self.theme.variant(index))

    def _paint_phases(self, painter: QPainter) -> None:
        """What went on beside the blocks: a grey strip, named where the name has room."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font(11))
        area = self.area
        for phase in self.phases:
            left, right = self.at(phase.t0_s, 0.0).x(), self.at(phase.t1_s, 0.0).x()
            if right < area.left() or left > area.right():
                continue
            painter.fillRect(QRectF(left, area.top() - 3, max(right - left - 1, 1.0), 3), self.theme.color("strong"))
            seen = QRectF(max(left, area.left()) + 3, area.top() - 18, 0, 14)
            seen.setRight(min(right, area.right()))
            words = phase.label or phase.kind.value
            if painter.fontMetrics().horizontalAdvance(words) < seen.width() and phase.kind is not WindowKind.WARM_UP:
                painter.setPen(self.theme.color("muted"))
                painter.drawText(seen, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def _paint_trace(self, painter: QPainter, trace: PowerTrace, token: str) -> None:
        """In stretches: where times lie further apart than the bins, there was no reading."""
        gaps = sorted(b - a for a, b in zip(trace.t_s, trace.t_s[1:], strict=False))
        step = gaps[len(gaps) // 2] * 3.5 if gaps else 1.0
        pen = QPen(self.theme.color(token), 1.0)
        if trace.provenance is Provenance.MODELLED:
            pen.setDashPattern([4, 3])
        band = self.theme.color(token, 0.14)
        stretch: list[int] = []
        for place, t_s in enumerate((*trace.t_s, float("inf"))):
            if stretch and t_s - trace.t_s[stretch[-1]] > step:
                up = [self.at(trace.t_s[i], trace.high_w[i]) for i in stretch]
                down = [self.at(trace.t_s[i], trace.low_w[i]) for i in reversed(stretch)]
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(band)
                painter.drawPolygon(QPolygonF(up + down))
                painter.setPen(pen)
                painter.drawPolyline(QPolygonF([self.at(trace.t_s[i], (trace.low_w[i] + trace.high_w[i]) / 2) for i in stretch]))
                stretch = []
            if place < len(trace.t_s):
                stretch.append(place)

    def _paint_legend(self, painter: QPainter) -> None:
        """The channels by name with their marks, right of the title of the axis."""
        painter.setFont(font(11))
        x = self.area.left() + 28.0
        for place, trace in enumerate(self.traces):
            words = f"{trace.title} {trace.provenance.value}"
            wide = painter.fontMetrics().horizontalAdvance(words)
            if x + wide + 22 > self.width():
                break
            painter.setPen(QPen(self.theme.color(_SHADES[place % len(_SHADES)]), 2))
            painter.drawLine(QPointF(x, 10), QPointF(x + 10, 10))
            painter.setPen(self.theme.color("second"))
            painter.drawText(QRectF(x + 15, 2, wide + 4, 16), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
            x += wide + 34


def _why(result: RunResult) -> str:
    reasons = [source.reason for source in result.sources if source.reason]
    return reasons[0] if reasons else "No power was read in this run."


class PowerCard(Card):
    def __init__(self, theme: Theme) -> None:
        self.span = Segments(((False, "Benchmark"), (True, "Whole run")), height=26)
        super().__init__("Power over the run", "bands: timed blocks", [self.span])
        self._result: RunResult | None = None
        self.chart = PowerChart(theme)
        self.body.addWidget(self.chart, 1)
        self.span.chosen.connect(self._show)

    def show_result(self, result: RunResult) -> None:
        """Begins with the benchmark, where that was kept closely."""
        self._result = result
        self.span.setVisible(bool(result.benchmark_traces))
        self._show(self.span.value())

    def _show(self, whole: bool) -> None:
        if self._result is not None:
            self.chart.show_result(self._result, whole=whole)
