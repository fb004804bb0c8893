"""The trade-off: each variant at two of its numbers, with 95 % bars both ways and the front of those that none beats.

A guess ranks nothing: with a modelled axis there is neither front nor dominance.
"""

import itertools
from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen

from greenbench.core import quote
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.metrics import BY_KEY, QUALITY
from greenbench.core.run import RunResult
from greenbench.gui.marks import paint_variant
from greenbench.gui.results.chart import Chart, linear, logarithmic
from greenbench.gui.theme import Theme, VariantMark, font

_OF_A_CALL = ("latency_p50", "latency_p95")
X_CHOICES = ("energy_per_inference", *_OF_A_CALL, "throughput", "size_bytes", "parameters", "flops", "peak_memory")
_Y_OTHERS = ("throughput", "energy_per_inference", "latency_p50", "size_bytes")
_FADED = 0.6


def y_choices(result: RunResult | None) -> tuple[str, ...]:
    """What can stand on the y axis: first the metric that judges the answers of this run."""
    return (result.quality if result else QUALITY[0], *_Y_OTHERS)


@dataclass(frozen=True)
class _Point:
    index: int
    letter: str
    x: float
    y: float
    x_ends: tuple[float, float]
    y_ends: tuple[float, float]
    on_front: bool = False
    beaten: bool = False


@dataclass(frozen=True)
class _Span:
    """A number with its interval, turned so that lower is better."""

    value: float
    low: float
    high: float


def _span(value: float, ends: tuple[float, float], sign: float) -> _Span:
    return _Span(sign * value, min(sign * end for end in ends), max(sign * end for end in ends))


def _beats(first: tuple[_Span, _Span], second: tuple[_Span, _Span]) -> bool:
    """Whether the first is better beyond both intervals in one number, and nowhere worse: else nobody can tell."""
    clearly = any(one.high < two.low for one, two in zip(first, second, strict=True))
    return clearly and all(one.value <= two.value for one, two in zip(first, second, strict=True))


class TradeOff(Chart):
    """Shows a result at chosen axes; the chosen variant gets a ring."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._result: RunResult | None = None
        self.setToolTip("Clearly beaten: another variant is better beyond both intervals in one number, and not worse in the other")
        self.x_key, self.y_key = "energy_per_inference", "accuracy"
        self._points: list[_Point] = []
        self._chosen = -1
        self._word = ""

    def show_result(self, result: RunResult) -> None:
        self._result = result
        self._arrange()

    def set_axes(self, x_key: str, y_key: str) -> None:
        self.x_key, self.y_key = x_key, y_key
        self._arrange()

    def choose(self, index: int) -> None:
        self._chosen = index
        self.update()

    def usable(self, key: str) -> bool:
        """Whether any variant has this number."""
        return self._result is not None and any(v.metrics.get(key) and v.metrics[key].value is not None for v in self._result.variants)

    def _arrange(self) -> None:
        if self._result is None:
            return
        xs, ys = self._measured(self.x_key), self._measured(self.y_key)
        both = sorted(set(xs) & set(ys))
        self._word = "" if both else f"No variant has {self._missing()}."
        if both:
            x_scale, y_scale = (quote.scale(m[both[0]].unit, [m[i].value for i in both]) for m in (xs, ys))
            self._points = self._make_points(both, xs, ys, x_scale, y_scale)
            self._make_axes(x_scale.unit, y_scale.unit)
        else:
            self._points = []
        self.update()

    def _missing(self) -> str:
        wanted = [BY_KEY[key].title.lower() for key in (self.x_key, self.y_key) if not self.usable(key)]
        return " and ".join(wanted) or "both numbers"

    def _measured(self, key: str) -> dict[int, Measurement]:
        assert self._result is not None
        found = ((index, variant.metrics.get(key)) for index, variant in enumerate(self._result.variants))
        return {index: m for index, m in found if m is not None and m.value is not None}

    def _make_points(
        self, both: list[int], xs: dict[int, Measurement], ys: dict[int, Measurement], x_scale: quote.Scale, y_scale: quote.Scale
    ) -> list[_Point]:
        assert self._result is not None
        points = []
        for index in both:
            (x, x_ends), (y, y_ends) = _scaled(xs[index], x_scale), _scaled(ys[index], y_scale)
            points.append(_Point(index, self._result.variants[index].letter, x, y, x_ends, y_ends))
        return self._judged(points) if self.compared else points

    def _judged(self, points: list[_Point]) -> list[_Point]:
        # NumPy comes in with this: not before the first paint.
        from greenbench.analysis.pareto import front

        signs = [1.0 if BY_KEY[key].better == "lower" else -1.0 for key in (self.x_key, self.y_key)]
        spans = [(_span(p.x, p.x_ends, signs[0]), _span(p.y, p.y_ends, signs[1])) for p in points]
        best = front([(x.value, y.value) for x, y in spans])
        return [
            replace(point, on_front=place in best, beaten=any(_beats(other, spans[place]) for other in spans))
            for place, point in enumerate(points)
        ]

    @property
    def compared(self) -> bool:
        """Whether the variants may be ranked here: not where an axis has a modelled value, or times of calls of unlike size."""
        return self._result is None or not (self._modelled(self.x_key) or self._modelled(self.y_key) or self._unlike)

    @property
    def _unlike(self) -> bool:
        """Whether an axis has the time of a call, and calls had other numbers of examples."""
        batches = {variant.batch for variant in self._result.measured} if self._result else set()
        return len(batches) > 1 and bool({self.x_key, self.y_key} & set(_OF_A_CALL))

    @property
    def beaten(self) -> set[int]:
        """The places of the variants that another one clearly beats at these axes."""
        return {point.index for point in self._points if point.beaten}

    @property
    def note(self) -> str:
        """What bars mean at these axes; what pale marks mean stands in the picture where there are any."""
        if self._unlike:
            return "not compared: other batch size"
        return "95 % intervals" if self.compared else "modelled: not compared"

    def _make_axes(self, x_unit: str, y_unit: str) -> None:
        xs = [value for point in self._points for value in (point.x, *point.x_ends)]
        ys = [value for point in self._points for value in (point.y, *point.y_ends)]
        x_title, y_title = (_title(key, unit, self._modelled(key)) for key, unit in ((self.x_key, x_unit), (self.y_key, y_unit)))
        wide = min(xs) > 0 and max(xs) / min(xs) > 12
        self.x_axis = logarithmic(xs, x_title) if wide else linear(xs, x_title, room=0.12)
        self.y_axis = linear(ys, y_title, room=0.12, ceiling=100.0 if BY_KEY[self.y_key].fraction else None)

    def _modelled(self, key: str) -> bool:
        return any(m.provenance is Provenance.MODELLED for m in self._measured(key).values())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._word or not self._points:
            self.paint_word(painter, self._word or "The trade-off of the variants appears here after a run.")
            painter.end()
            return
        self.paint_paper(painter)
        self._paint_front(painter)
        for point in self._points:
            self._paint_point(painter, point)
        self._paint_letters(painter)
        if self.beaten:
            painter.setFont(font(11))
            painter.setPen(self.theme.color("muted"))
            above = QRectF(0, 2, self.width() - 8, 16)
            painter.drawText(above, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "pale: clearly beaten")
        painter.end()

    def _paint_front(self, painter: QPainter) -> None:
        """Steps between the variants that none beats."""
        best = sorted((point for point in self._points if point.on_front), key=lambda point: (point.x, point.y))
        painter.setPen(QPen(self.theme.color("muted"), 1.4))
        for first, second in itertools.pairwise(best):
            corner = self.at(second.x, first.y)
            painter.drawPolyline([self.at(first.x, first.y), corner, self.at(second.x, second.y)])

    def _paint_point(self, painter: QPainter, point: _Point) -> None:
        mark = self.theme.variant(point.index)
        color = QColor(mark.color)
        color.setAlphaF(_FADED if point.beaten else 1.0)
        middle = self.at(point.x, point.y)
        if point.index == self._chosen:  # below its bars, which it must not hide
            painter.setPen(QPen(self.theme.color("accent"), 2))
            painter.setBrush(self.theme.color("surface"))
            painter.drawEllipse(middle, 10, 10)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color, 1.3))
        low, high = self.at(point.x_ends[0], point.y), self.at(point.x_ends[1], point.y)
        if high.x() - low.x() > 3:
            painter.drawLine(low, high)
            for end in (low, high):
                painter.drawLine(end + QPointF(0, -3.5), end + QPointF(0, 3.5))
        low, high = self.at(point.x, point.y_ends[0]), self.at(point.x, point.y_ends[1])
        if low.y() - high.y() > 3:
            painter.drawLine(low, high)
            for end in (low, high):
                painter.drawLine(end + QPointF(-3.5, 0), end + QPointF(3.5, 0))
        paint_variant(painter, middle, 11, VariantMark(color, mark.shape, mark.hollow))

    def _paint_letters(self, painter: QPainter) -> None:
        """Each letter beside its mark, at the first of four places that no other mark or letter has taken."""
        marks = [self.at(point.x, point.y) for point in self._points]
        taken = [QRectF(mark.x() - 6, mark.y() - 6, 12, 12) for mark in marks]
        painter.setFont(font(11, 600))
        painter.setPen(self.theme.color("text"))
        for point, mark in zip(self._points, marks, strict=True):
            width = painter.fontMetrics().horizontalAdvance(point.letter) + 2
            left = -9 - width
            shifts = ((9, -18), (left, -18), (9, 5), (left, 5), (14, -7))
            places = [QRectF(mark.x() + dx, mark.y() + dy, width, 14) for dx, dy in shifts]
            inside = [place for place in places if self.area.adjusted(0, -16, 0, 0).contains(place)] or places
            box = next((place for place in inside if not any(place.intersects(other) for other in taken)), inside[0])
            taken.append(box)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft, point.letter)


def _scaled(measurement: Measurement, scale: quote.Scale) -> tuple[float, tuple[float, float]]:
    value = measurement.value or 0.0
    low = value if measurement.low is None else measurement.low
    high = value if measurement.high is None else measurement.high
    return value * scale.factor, (low * scale.factor, high * scale.factor)


def _title(key: str, unit: str, modelled: bool) -> str:
    metric = BY_KEY[key]
    title = f"{metric.title.lower() if metric.title != 'FLOPs' else metric.title}{f', {unit}' if unit else ''}"
    return f"{title} (≈ modelled)" if modelled else title
