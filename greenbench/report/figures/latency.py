"""The distribution of single calls: one ridge for each variant on a common log axis."""

import numpy as np
import numpy.typing as npt

from greenbench.core.run import RunResult
from greenbench.report.columns import LATENCY
from greenbench.report.figures.canvas import INK, MUTED, Canvas, color, row_height, ticks
from greenbench.report.figures.scales import log_ticks, tick_name
from greenbench.report.parts import Figure, Report, variant

_LEFT, _TOP, _FOOT = 38.0, 7.0, 9.0
_GRID = 400
Array = npt.NDArray[np.float64]


def draw_latency(figure: Figure, report: Report, result: RunResult) -> Canvas:
    """A ridge of the density of log latency for each variant, with ticks at its median, p90 and p99."""
    rows = [report.row(letter) for letter in figure.letters]
    shown = report.columns[LATENCY].scale
    height = row_height(len(rows), 8.0)
    canvas = Canvas(174, _TOP + height * len(rows) + _FOOT)
    axes = canvas.axes(_LEFT, _TOP, 174 - _LEFT - 1, height * len(rows))
    every = [np.asarray(v.latency_quantiles_s) * shown.factor for v in result.variants if v.latency_quantiles_s]
    low, high = _ends(every)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(len(rows), 0)
    axes.tick_params(axis="y", labelleft=False)
    places = log_ticks(low, high)
    ticks(axes, "x", places, [tick_name(place) for place in places])
    axes.grid(axis="x")
    for index, row in enumerate(rows):
        canvas.label(row, _TOP + height * (index + 0.6), _LEFT - 1.5)
        quantiles = np.asarray(variant(result, row.letter).latency_quantiles_s) * shown.factor
        x, density = ridge(quantiles, low, high)
        base = index + 0.92
        axes.fill_between(x, base, base - 0.82 * density, color=color(row.index), alpha=0.25, lw=0)
        axes.plot(x, base - 0.82 * density, color=color(row.index), lw=0.9)
        for percent, tall, wide in ((50, 0.8, 1.3), (90, 0.5, 0.8), (99, 0.35, 0.8)):
            axes.plot([quantiles[percent]] * 2, [base, base - tall], color=INK, lw=wide, solid_capstyle="butt")
    _name_ticks(canvas, np.asarray(variant(result, rows[0].letter).latency_quantiles_s) * shown.factor, low, high)
    canvas.text(_LEFT + (173 - _LEFT) / 2, canvas.height - 2.2, f"Latency of one call ({shown.unit}, log scale)", ha="center")
    return canvas


def _ends(every: list[Array]) -> tuple[float, float]:
    """From a little below the fastest call of all to a little above the slowest p99: single stalls may lie outside."""
    low = min(float(q[1]) for q in every)
    high = max(float(q[99]) for q in every)
    room = max((high / low) ** 0.06, 1.06)
    return low / room, high * room


def ridge(quantiles: Array, low: float, high: float) -> tuple[Array, Array]:
    """The density of log latency, raised to 0.6 so that tails stay visible, with its highest point at 1.

    Args:
        quantiles: 101 latencies, 0 % to 100 %, in the unit of `low` and `high`.

    Returns:
        Latencies and heights, 400 each; no height where no call was. A Gaussian kernel of Silverman's width (Density
        Estimation, 1986, eq. 3.31) is laid over 1,000 values drawn evenly from the quantile function.
    """
    points = np.log(np.interp(np.linspace(0, 100, 1000), np.arange(101), np.maximum(quantiles, 1e-12)))
    spread = min(float(points.std()), float(np.subtract(*np.percentile(points, [75, 25]))) / 1.34)
    grid = np.linspace(np.log(low), np.log(high), _GRID)
    width = max(0.9 * spread * 1000**-0.2, float(grid[1] - grid[0]))
    density = np.exp(-0.5 * ((grid[:, None] - points[None, :]) / width) ** 2).mean(axis=1)
    highest = float(density.max())
    heights = (density / highest) ** 0.6 if highest > 0 else density
    # The 0.6th power lifts the far tail of the kernel itself: cut what lies outside the calls that were timed.
    inside = (grid >= points[0] - 2 * width) & (grid <= points[-1] + 2 * width)
    return np.exp(grid), np.where(inside, heights, np.nan)


def _name_ticks(canvas: Canvas, quantiles: Array, low: float, high: float) -> None:
    def place(value: float) -> float:
        return _LEFT + (173 - _LEFT) * float(np.log(value / low) / np.log(high / low))

    least = 0.0
    for percent, words in ((50, "median"), (90, "p90"), (99, "p99")):
        x = max(place(float(quantiles[percent])), least)
        canvas.text(min(x, 168), 4.6, words, size=6, color=MUTED, ha="center" if percent == 50 else "left")
        least = x + 6.5
