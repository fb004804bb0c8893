"""Power over the run: band of smallest and largest reading for each channel, blocks named above."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from greenbench.core.measurement import Provenance
from greenbench.core.run import PowerTrace, RunResult
from greenbench.report.figures.canvas import INK, MUTED, Canvas, color, ticks
from greenbench.report.figures.scales import straight_ticks, tick_name
from greenbench.report.labels import variant_index
from greenbench.report.parts import Figure, Report

_LEFT, _TOP, _HEIGHT, _FOOT, _RIGHT = 9.0, 11.0, 40.0, 9.0, 30.0
Array = npt.NDArray[np.float64]
_SHADES = (INK, "#5C686C", "#8C6A1E", "#4F63C6")


def draw_power(figure: Figure, report: Report, result: RunResult) -> Canvas:
    """All channels on one axis of watts from 0; letters name blocks where the clock of traces and blocks is known."""
    canvas = Canvas(174, _TOP + _HEIGHT + _FOOT)
    width = 174 - _LEFT - _RIGHT
    axes = canvas.axes(_LEFT, _TOP, width, _HEIGHT)
    traces = [trace for trace in result.traces if trace.t_s]
    seconds = max(trace.t_s[-1] for trace in traces) or 1.0
    highest = max(max(trace.high_w) for trace in traces) * 1.08 or 1.0
    axes.set_xlim(0, seconds)
    axes.set_ylim(0, highest)
    axes.grid(axis="y")
    for where, end in (("x", seconds), ("y", highest)):
        places = straight_ticks(0, end, 6 if where == "x" else 5)
        ticks(axes, where, places, [tick_name(place) for place in places])
    canvas.text(0, 2.2, "Power (W)")
    canvas.text(_LEFT + width / 2, canvas.height - 2.2, "Time since the start (s)", ha="center")
    if result.started_ns:
        _draw_blocks(canvas, axes, result, seconds, width)
    ends = [_draw_trace(axes, trace, _SHADES[index % len(_SHADES)]) for index, trace in enumerate(traces)]
    _draw_names(canvas, traces, [_TOP + _HEIGHT * (1 - end / highest) for end in ends])
    return canvas


def _draw_trace(axes: Axes, trace: PowerTrace, paint: str) -> float:
    times, low, high = holes(trace)
    middle = (low + high) / 2
    axes.fill_between(times, low, high, color=paint, alpha=0.22, lw=0)
    axes.plot(times, middle, color=paint, lw=0.8, dashes=(4, 3) if trace.provenance is Provenance.MODELLED else (None, None))
    return float(middle[-1])


def holes(trace: PowerTrace) -> tuple[Array, Array, Array]:
    """Times, least and most watts, with a NaN in each hole of the readings: a line across it would invent them."""
    times, low, high = (np.asarray(values, dtype=np.float64) for values in (trace.t_s, trace.low_w, trace.high_w))
    steps = np.diff(times)
    if not steps.size:
        return times, low, high
    after = np.flatnonzero(steps > 2.5 * np.median(steps)) + 1
    gap = np.full(after.size, np.nan)
    return np.insert(times, after, times[after - 1]), np.insert(low, after, gap), np.insert(high, after, gap)


def _draw_names(canvas: Canvas, traces: list[PowerTrace], places: list[float]) -> None:
    """Each line is named at its right end; names that would touch are pushed 3.2 mm apart."""
    order = sorted(range(len(traces)), key=lambda i: places[i])
    least = _TOP
    for index in order:
        y = max(places[index], least)
        title = traces[index].title
        canvas.text(174 - _RIGHT + 1.5, y, title if len(title) <= 24 else f"{title[:23]}…", size=6.2)
        least = y + 3.2


def _draw_blocks(canvas: Canvas, axes: Axes, result: RunResult, seconds: float, width: float) -> None:
    per_mm = seconds / width
    last = -10.0
    spans = sorted((block.t0_ns, block.t1_ns, v.letter) for v in result.variants for block in v.blocks)
    for begin_ns, end_ns, letter in spans:
        begin, end = ((moment - result.started_ns) / 1e9 for moment in (begin_ns, end_ns))
        if end < 0 or begin > seconds:
            continue
        paint = color(variant_index(letter))
        axes.axvspan(begin, end, color=paint, alpha=0.11, lw=0)
        left, right = _LEFT + begin / per_mm, _LEFT + end / per_mm
        canvas.sheet.add_patch(Rectangle((left, _TOP - 1.2), max(right - left - 0.15, 0.2), 0.8, color=paint, lw=0))
        middle = (left + right) / 2
        if middle - last >= 2.6:
            canvas.text(middle, _TOP - 3.2, letter, ha="center", size=6.2, weight=600)
            last = middle
    if spans:
        start = (min(begin for begin, _, _ in spans) - result.started_ns) / 1e9
        if start / per_mm > 14:
            canvas.text(_LEFT + start / per_mm / 2, _TOP - 3.2, "before the blocks", ha="center", size=6, color=MUTED)
