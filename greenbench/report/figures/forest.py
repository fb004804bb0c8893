"""Every variant against the baseline: the ratio or difference with its interval, and the result as a word."""

import math
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from greenbench.core.metrics import BY_KEY
from greenbench.core.run import Comparison, RunResult
from greenbench.report.figures.canvas import BAD, GOOD, INK, MUTED, TINT, Canvas, row_height, ticks
from greenbench.report.figures.scales import ratio_ticks, straight_ticks, tick_name
from greenbench.report.first_page import forest_keys
from greenbench.report.parts import Figure, Report, Row, variant

_TOP, _FOOT, _GAP = 9.0, 9.0, 5.0


@dataclass(frozen=True)
class _Panel:
    """One metric's column: where it stands, and the range of its axis."""

    key: str
    left: float
    width: float
    low: float
    high: float

    @property
    def plot(self) -> float:
        return self.width * 0.56


def draw_forest(figure: Figure, report: Report, result: RunResult) -> Canvas:
    """One panel for each compared metric, rows as in the table."""
    rows = [report.row(letter) for letter in figure.letters]
    keys = forest_keys(result)
    height = row_height(len(rows), 6.6)
    canvas = Canvas(174, _TOP + height * len(rows) + _FOOT)
    first = 40.0 if len(keys) == 3 else 48.0
    width = (174 - first - _GAP * (len(keys) - 1)) / len(keys)
    for index, row in enumerate(rows):
        canvas.label(row, _TOP + height * (index + 0.5), first - 1.5)
    for index, key in enumerate(keys):
        # All rows of all parts share one range, or the parts of a split figure could not be compared.
        low, high = _range([variant(result, row.letter).against.get(key) for row in report.rows if row.cells], key)
        panel = _Panel(key, first + index * (width + _GAP), width, low, high)
        _draw_panel(canvas, panel, rows, result, height)
        if key == result.quality:
            _draw_limit(canvas, panel, report.limit, height * len(rows))
    return canvas


def _place(value: float, key: str) -> float:
    """A change on the axis of its metric: log₂ of the ratio, or percentage points."""
    return value * 100 if BY_KEY[key].fraction else math.log2(max(1 + value, 1e-6))


def _range(comparisons: list[Comparison | None], key: str) -> tuple[float, float]:
    margin = BY_KEY[key].margin
    values = [-3 * margin, 3 * margin] if BY_KEY[key].fraction else [-0.1, 0.1]
    for comparison in comparisons:
        if comparison:
            values += [value for value in (comparison.change, comparison.low, comparison.high) if value is not None]
    places = [_place(value, key) for value in values]
    pad = (max(places) - min(places)) * 0.06
    return min(places) - pad, max(places) + pad


def _draw_panel(canvas: Canvas, panel: _Panel, rows: list[Row], result: RunResult, height: float) -> None:
    metric = BY_KEY[panel.key]
    canvas.text(panel.left, 2.2, metric.title, weight=600, size=7.4)
    for index in range(0, len(rows), 2):
        canvas.sheet.add_patch(Rectangle((panel.left, _TOP + index * height), panel.width, height, color=TINT, lw=0))
    axes = canvas.axes(panel.left, _TOP, panel.plot, height * len(rows))
    axes.set_xlim(panel.low, panel.high)
    axes.set_ylim(len(rows), 0)
    axes.tick_params(axis="y", labelleft=False)
    _draw_axis(axes, panel)
    canvas.text(
        panel.left + panel.plot / 2,
        _TOP + height * len(rows) + 7.0,
        "percentage points from A" if metric.fraction else "times A, log scale",
        ha="center",
    )
    for index, row in enumerate(rows):
        comparison = variant(result, row.letter).against.get(panel.key)
        printed = row.cells[panel.key].verdict
        tone = {"good": GOOD, "bad": BAD}.get(printed.tone, MUTED)
        if comparison and comparison.change is not None:
            _draw_point(axes, index + 0.5, comparison, panel.key, tone if printed.established else "")
        words, weight = printed.short or "— no reading", 600 if printed.established else 400
        canvas.text(panel.left + panel.width * 0.59, _TOP + height * (index + 0.5), words, color=tone, weight=weight, size=6.4)


def _draw_limit(canvas: Canvas, panel: _Panel, limit: float, height: float) -> None:
    """The loss of accuracy the user accepts, or the growth of an error, as a dashed line."""
    place = _place(-limit if BY_KEY[panel.key].better == "higher" else limit, panel.key)
    if panel.low < place < panel.high:
        x = panel.left + panel.plot * (place - panel.low) / (panel.high - panel.low)
        canvas.sheet.plot([x, x], [_TOP, _TOP + height], color=INK, lw=0.6, dashes=(3, 2), zorder=4)
        canvas.text(x, 7.2, "your limit", ha="center", size=6, color=MUTED)


def _draw_axis(axes: Axes, panel: _Panel) -> None:
    margin = BY_KEY[panel.key].margin
    axes.axvspan(_place(-margin, panel.key), _place(margin, panel.key), color="#D5DBDE", lw=0, alpha=0.75)
    axes.axvline(0, color=INK, lw=0.9)
    if BY_KEY[panel.key].fraction:
        places = straight_ticks(panel.low, panel.high, 5)
        ticks(axes, "x", places, [tick_name(place) for place in places])
    else:
        ratios, names = ratio_ticks(2**panel.low, 2**panel.high)
        ticks(axes, "x", [math.log2(ratio) for ratio in ratios], names)


def _draw_point(axes: Axes, y: float, comparison: Comparison, key: str, color: str) -> None:
    line = color or MUTED
    if comparison.low is not None and comparison.high is not None:
        axes.plot([_place(comparison.low, key), _place(comparison.high, key)], [y, y], color=line, lw=1.4, solid_capstyle="butt")
    axes.plot([_place(comparison.change or 0.0, key)], [y], "o", ms=3.8, mfc=line if color else "white", mec=line, mew=0.9)
