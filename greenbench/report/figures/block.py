"""One timed block closely: power whose area is the energy, idle share hollow, net of it filled."""

import numpy as np

from greenbench.core.measurement import Provenance
from greenbench.core.quote import scale, significant
from greenbench.core.run import RunResult
from greenbench.report.figures.canvas import INK, Canvas, color, ticks
from greenbench.report.figures.power import FOOT, HEIGHT, TOP
from greenbench.report.figures.scales import straight_ticks, tick_name
from greenbench.report.labels import variant_index
from greenbench.report.parts import Figure, Report
from greenbench.report.power import joules_words

_LEFT = 8.5


def draw_block(figure: Figure, report: Report, result: RunResult) -> Canvas:
    """The mean power of each span as a step, filled between the block's ends."""
    close = result.block_trace
    if close is None:
        raise ValueError("no block was kept closely")
    canvas = Canvas(figure.width_mm, TOP + HEIGHT + FOOT)
    width = figure.width_mm - _LEFT - 1.5
    axes = canvas.axes(_LEFT, TOP, width, HEIGHT)
    watts = np.array([np.nan if each is None else each for each in close.power_w])
    edges = close.begin_s + close.step_s * np.arange(watts.size + 1)
    highest = float(np.nanmax(watts)) * 1.15 or 1.0
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, highest)
    paint = color(variant_index(close.variant))
    modelled = close.provenance is Provenance.MODELLED
    inside = (edges[:-1] >= -1e-9) & (edges[1:] <= close.seconds + 1e-9)
    idle_w = 0.0 if close.idle_j is None else close.idle_j / close.seconds
    looks = {"facecolor": "white", "edgecolor": paint, "hatch": "//////"} if modelled else {"color": paint, "alpha": 0.5}
    tops = np.maximum(watts[inside], idle_w)
    steps = np.append(edges[:-1][inside], close.seconds)
    axes.fill_between(steps, idle_w, np.append(tops, tops[-1:]), step="post", lw=0, **looks)
    axes.stairs(watts, edges, color=INK, lw=0.8, baseline=None)
    if close.idle_j is not None:
        axes.plot([0, 0, close.seconds, close.seconds], [0, idle_w, idle_w, 0], color=paint, lw=0.8)
    for where, low, high in (("x", 0.0, close.seconds), ("y", 0.0, highest)):
        places = straight_ticks(low, high, 3 if where == "x" else 5)
        ticks(axes, where, places, [tick_name(place) for place in places])
    axes.grid(axis="y")
    canvas.text(0, TOP - 7.2, "Power (W)")
    canvas.text(_LEFT + width / 2, canvas.height - 2.0, "Time in the block (s)", ha="center")
    canvas.text(_LEFT + width / 2, TOP - 3.2, f"{close.variant}, block {close.block + 1}: {joules_words(close)}", ha="center", size=6.2)
    _write_areas(canvas, result, highest, width, idle_w)
    return canvas


def _write_areas(canvas: Canvas, result: RunResult, highest_w: float, width: float, idle_w: float) -> None:
    """The joules of net and idle in the middle of their areas, where these are high enough for a line of text."""
    close = result.block_trace
    if close is None or close.idle_j is None:
        return
    rough, digits = ("≈ ", 2) if close.provenance is Provenance.MODELLED else ("", 3)
    shown = scale("J", [close.energy_j])
    parts = (close.energy_j - close.idle_j, close.idle_j)
    net, idle = (f"{rough}{significant(joules * shown.factor, digits)} {shown.unit}" for joules in parts)
    per_w = HEIGHT / highest_w
    middle = _LEFT + width / 2
    mean_w = close.energy_j / close.seconds
    if (mean_w - idle_w) * per_w > 7:
        y = TOP + HEIGHT - (idle_w + (mean_w - idle_w) / 2) * per_w
        looks = {"ha": "center", "size": 6.5, "weight": 600}
        if close.provenance is Provenance.MODELLED:
            looks["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        canvas.text(middle, y - 1.6, "net of idle", **looks)
        canvas.text(middle, y + 1.6, net, **looks)
    if idle_w * per_w > 3.4:
        canvas.text(middle, TOP + HEIGHT - idle_w * per_w / 2, f"idle {idle}", ha="center", size=6.5, weight=600)
