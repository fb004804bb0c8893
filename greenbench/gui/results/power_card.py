"""The card of power: watts over a finished run, with the blocks of each variant where they lay."""

import itertools
from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPaintEvent, QPen, QPolygonF

from greenbench.core.measurement import Provenance, WindowKind
from greenbench.core.run import PowerTrace, RunResult
from greenbench.core.traced import Phase
from greenbench.gui.controls import Segments
from greenbench.gui.live.scales import MODELLED_OFF
from greenbench.gui.marks import paint_variant
from greenbench.gui.results.card import Card
from greenbench.gui.results.chart import Axis, Chart, linear
from greenbench.gui.theme import Theme, font

_BENCHMARK = (WindowKind.IDLE, WindowKind.WARM_UP, WindowKind.BLOCK, WindowKind.COOL_DOWN)
_SHADES = ("text", "muted", "second", "faint", "strong")  # neutral: colours are those of the variants
_DASHES: tuple[tuple[float, ...], ...] = ((), (), (1, 2), (6, 2), (6, 2, 1, 2))  # of measured channels, by place
_MODELLED_DASH = (4, 3)
_NO_READING = "no reading"
_LETTER_ROOM = 11  # pixels of a block that its mark needs


class PowerChart(Chart):
    """Band from the least to the most of each moment, line in the middle; modelled channels are dashed, their band of ± 50 % hatched."""

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
            span = min(seconds) if kept is result.benchmark_traces else 0.0, max(seconds)
            if not whole and kept is not result.benchmark_traces:
                span = benchmark_span(result) or span
            self.x_axis = linear(list(span), "seconds since the start", room=0.0, count=6)
            reach = max(max(trace.high_w) * (1 + MODELLED_OFF if _modelled(trace) else 1.0) for trace in self.traces)
            top = linear([0.0, reach], "power, W", count=3)
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
        painter.save()
        painter.setClipRect(self.area.adjusted(0, -1, 0, 1))
        for place, trace in enumerate(self.traces):
            self._paint_trace(painter, trace, place)
        painter.restore()
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
        taken: list[QRectF] = []
        for phase in sorted(
            self.phases, key=lambda phase: phase.kind is WindowKind.STEP
        ):  # a step may hold windows: their names come first
            left, right = self.at(phase.t0_s, 0.0).x(), self.at(phase.t1_s, 0.0).x()
            if right < area.left() or left > area.right():
                continue
            painter.fillRect(QRectF(left, area.top() - 3, max(right - left - 1, 1.0), 3), self.theme.color("strong"))
            seen = QRectF(max(left, area.left()) + 3, area.top() - 18, 0, 14)
            seen.setRight(min(right, area.right()))
            words = phase.label or phase.kind.value
            name = QRectF(seen.left(), seen.top(), painter.fontMetrics().horizontalAdvance(words), seen.height())
            free = name.width() < seen.width() and not any(name.intersects(other) for other in taken)
            if free and phase.kind is not WindowKind.WARM_UP:
                taken.append(name)
                painter.setPen(self.theme.color("muted"))
                painter.drawText(seen, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def _pen(self, place: int, width: float) -> QPen:
        """That of the channel at a place: another grey or another dash for each."""
        pen = QPen(self.theme.color(_SHADES[place % len(_SHADES)]), width)
        dash = _MODELLED_DASH if _modelled(self.traces[place]) else _DASHES[place % len(_DASHES)]
        if dash:
            pen.setDashPattern(list(dash))
        return pen

    def _paint_trace(self, painter: QPainter, trace: PowerTrace, place: int) -> None:
        """In stretches: between them there was no reading."""
        modelled = _modelled(trace)
        least, most = (1 - MODELLED_OFF, 1 + MODELLED_OFF) if modelled else (1.0, 1.0)
        color = self.theme.color(_SHADES[place % len(_SHADES)], 0.38 if modelled else 0.14)
        stretches = stretches_of(trace)
        for first, last in stretches:
            inside = range(first, last + 1)
            up = [self.at(trace.t_s[i], trace.high_w[i] * most) for i in inside]
            down = [self.at(trace.t_s[i], trace.low_w[i] * least) for i in reversed(inside)]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QBrush(color, Qt.BrushStyle.BDiagPattern if modelled else Qt.BrushStyle.SolidPattern))
            painter.drawPolygon(QPolygonF(up + down))
            painter.setPen(self._pen(place, 1.0))
            painter.drawPolyline(QPolygonF([self.at(trace.t_s[i], (trace.low_w[i] + trace.high_w[i]) / 2) for i in inside]))
        if place == 0:
            for (_, last), (first, _) in itertools.pairwise(stretches):
                self._paint_gap(painter, trace.t_s[last], trace.t_s[first])

    def _paint_gap(self, painter: QPainter, start_s: float, end_s: float) -> None:
        left, right = self.at(start_s, 0.0).x(), self.at(end_s, 0.0).x()
        painter.setFont(font(11))
        painter.setPen(self.theme.color("muted"))
        if right - left > painter.fontMetrics().horizontalAdvance(_NO_READING) + 6:
            painter.drawText(QRectF(left, self.area.top(), right - left, self.area.height()), Qt.AlignmentFlag.AlignCenter, _NO_READING)

    def _paint_legend(self, painter: QPainter) -> None:
        """The channels by name with their marks, right of the title of the axis."""
        painter.setFont(font(11))
        measure = painter.fontMetrics()
        begin = measure.horizontalAdvance(self.y_axis.title) + 18.0
        names = legend_names(self.traces, self.width() - begin, lambda words: measure.horizontalAdvance(words) + 38.0)
        x = begin
        for place, words in enumerate(names):
            wide = measure.horizontalAdvance(words)
            painter.setPen(self._pen(place, 1.6))
            painter.drawLine(QPointF(x, 10), QPointF(x + 18, 10))
            painter.setPen(self.theme.color("second"))
            painter.drawText(QRectF(x + 23, 2, wide + 4, 16), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
            x += wide + 38


def _modelled(trace: PowerTrace) -> bool:
    return trace.provenance is Provenance.MODELLED


def legend_names(traces: Sequence[PowerTrace], room: float, width: Callable[[str], float]) -> list[str]:
    """Every channel with how it was obtained; where they do not fit with its sign instead of the word, then with shorter names."""
    titles = [trace.title.removesuffix(" (model)") for trace in traces]
    marks = [trace.provenance.mark for trace in traces]
    names = [f"{title}, {trace.provenance.value}" for title, trace in zip(titles, traces, strict=True)]
    for longest in (0, 40, 18, 12, 8, 5):
        if longest:
            short = (title if len(title) <= longest else f"{title[: longest - 1]}…" for title in titles)
            names = [f"{title} {mark}" for title, mark in zip(short, marks, strict=True)]
        if sum(map(width, names)) <= room:
            break
    return names


def stretches_of(trace: PowerTrace) -> list[tuple[int, int]]:
    """The places of the first and last point of each stretch: where times lie further apart than the bins, there was no reading."""
    gaps = [b - a for a, b in itertools.pairwise(trace.t_s)]
    step = sorted(gaps)[len(gaps) // 2] * 2.5 if gaps else 1.0
    cuts = [place for place, gap in enumerate(gaps) if gap > step]
    return list(zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(trace.t_s) - 1], strict=True))


def benchmark_span(result: RunResult) -> tuple[float, float] | None:
    """When the benchmark began and ended, in seconds since the start of the run; None where there was none."""
    ends = [(phase.t0_s, phase.t1_s) for phase in result.phases if phase.kind in _BENCHMARK]
    if result.started_ns:
        blocks = [block for variant in result.variants for block in variant.blocks]
        ends += [((block.t0_ns - result.started_ns) / 1e9, (block.t1_ns - result.started_ns) / 1e9) for block in blocks]
    return (min(start for start, _ in ends), max(end for _, end in ends)) if ends else None


def _why(result: RunResult) -> str:
    reasons = [f"{source.title}: {source.reason}" for source in result.sources if source.reason]
    return reasons[0] if reasons else "No power was read in this run."


class PowerCard(Card):
    def __init__(self, theme: Theme) -> None:
        self.span = Segments(((False, "Benchmark"), (True, "Whole run")), height=26)
        super().__init__("Power over the run", "coloured: timed blocks", [self.span])
        self._result: RunResult | None = None
        self.chart = PowerChart(theme)
        self.body.addWidget(self.chart, 1)
        self.span.chosen.connect(self._show)

    def show_result(self, result: RunResult) -> None:
        """Begins with the benchmark, where that was kept closely."""
        self._result = result
        self.span.setVisible(bool(result.benchmark_traces) or benchmark_span(result) is not None)
        self._show(self.span.value())

    def _show(self, whole: bool) -> None:
        if self._result is not None:
            self.chart.show_result(self._result, whole=whole)
