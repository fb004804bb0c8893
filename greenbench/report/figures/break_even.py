"""Energy of making and using a model, log–log: where the line of the compressed one crosses the baseline's, it has paid for itself."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from greenbench.analysis.break_even import break_even
from greenbench.core.measurement import Measurement
from greenbench.core.quote import approximate, quote, scale, significant
from greenbench.core.run import RunResult
from greenbench.report.figures.canvas import INK, Canvas, color, fitted, ticks
from greenbench.report.labels import variant_index
from greenbench.report.parts import Figure, Report, variant

WIDTH, _LEFT, _TOP, _HEIGHT, _FOOT, _RIGHT = 84.0, 11.0, 7.0, 52.0, 8.5, 22.0
_BEFORE, _AFTER = 1.7, 1.6  # decades of inferences to the left and right of the crossing
_ENERGY = "energy_per_inference"
_LABEL: Any = {  # words stand on white, not on a line
    "textcoords": "offset points",
    "va": "bottom",
    "size": 6.5,
    "zorder": 7,
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
}


def draw_break_even(figure: Figure, report: Report, result: RunResult) -> Canvas:
    """The baseline, the variant with its interval as a band, perhaps one other dashed; the crossing marked and written."""
    canvas = Canvas(WIDTH, _TOP + _HEIGHT + _FOOT)
    axes = canvas.axes(_LEFT, _TOP, WIDTH - _LEFT - _RIGHT, _HEIGHT)
    first, told = figure.letters[0], figure.letters[1]
    found = break_even(result, told)
    crossing = found.inferences.value if found.inferences and found.inferences.value else 1.0
    centre = math.log10(max(crossing, 1.0))
    axes.set_xlim(10 ** (centre - _BEFORE), 10 ** (centre + _AFTER))
    axes.set_xscale("log")
    axes.set_yscale("log")
    counts = np.logspace(centre - _BEFORE, centre + _AFTER, 60)
    lines = [(first, Measurement(value=0.0, low=0.0, high=0.0, unit="J"))]
    lines += [(letter, break_even(result, letter).making) for letter in figure.letters[1:]]
    ends: list[tuple[str, float]] = []
    for letter, making in lines:
        energy = variant(result, letter).metrics[_ENERGY]
        middle = (making.value or 0.0) + counts * (energy.value or 0.0)
        paint = color(variant_index(letter))
        dashes = (4, 2) if letter not in (first, told) else (None, None)
        axes.plot(counts, middle, color=paint, lw=1.1, dashes=dashes)
        if letter == told:
            low, high = ((end_of(making, k) + counts * end_of(energy, k)) for k in ("low", "high"))
            axes.fill_between(counts, low, high, color=paint, alpha=0.18, lw=0)
        ends.append((letter, float(middle[-1])))
    _name_axes(canvas, axes)
    _draw_crossing(axes, crossing, crossing * (variant(result, first).metrics[_ENERGY].value or 0.0))
    _name_lines(canvas, axes, report, ends)
    _write_making(axes, found.making)
    return canvas


def end_of(measurement: Measurement, which: str) -> float:
    """An end of its interval, or the value where there is none."""
    end = getattr(measurement, which)
    return float(end if end is not None else measurement.value or 0.0)


def _name_axes(canvas: Canvas, axes: Axes) -> None:
    """Powers of ten: inferences as a person says them, joules in the unit that suits each."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    for where, (least, most) in (("x", axes.get_xlim()), ("y", (low, high))):
        powers = [10.0**k for k in range(math.ceil(math.log10(least)), math.floor(math.log10(most)) + 1)]
        powers = powers[:: max(1, math.ceil(len(powers) / 6))]
        ticks(axes, where, powers, [_inferences(p) if where == "x" else _joules(p) for p in powers])
    axes.spines["left"].set_visible(True)
    axes.grid(axis="both")
    canvas.text(0, 2.2, "Energy: making + using")
    canvas.text(_LEFT + (WIDTH - _LEFT - _RIGHT) / 2, canvas.height - 2.0, "Inferences", ha="center")


def _inferences(power: float) -> str:
    for word, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if power >= size:
            return f"{power / size:.0f} {word}"
    return f"{power:g}"


def _joules(power: float) -> str:
    shown = scale("J", [power])
    return f"{significant(power * shown.factor, 1)} {shown.unit}"


def _place(axes: Axes, x: float, y: float) -> tuple[float, float]:
    """Where a point lies on the sheet, in mm from the left and the top."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    across = math.log(x / left) / math.log(right / left)
    up = math.log(y / low) / math.log(high / low)
    return _LEFT + across * (WIDTH - _LEFT - _RIGHT), _TOP + (1 - up) * _HEIGHT


def _draw_crossing(axes: Axes, crossing: float, energy_j: float) -> None:
    axes.plot([crossing, crossing], [axes.get_ylim()[0], energy_j], color=INK, lw=0.8, ls=(0, (1, 1.5)))
    axes.plot([crossing], [energy_j], "o", ms=4.2, mfc="white", mec=INK, mew=0.9, zorder=6)
    words = f"{approximate(crossing)}\ninferences"
    axes.annotate(words, (crossing, axes.get_ylim()[0]), (3, 3), weight=600, **_LABEL)


def _name_lines(canvas: Canvas, axes: Axes, report: Report, ends: list[tuple[str, float]]) -> None:
    """Letter and short name at each line's right end, pushed 3.2 mm apart."""
    right = WIDTH - _RIGHT + 1.2
    placed = sorted((_place(axes, axes.get_xlim()[1], end)[1], letter) for letter, end in ends)
    least = _TOP
    for y, letter in placed:
        y = max(y, least)
        row = report.row(letter)
        canvas.text(right, y, letter, size=6.5, weight=600)
        canvas.text(right + 2.6, y, fitted(row.label or "", 6.5, WIDTH - right - 2.8), size=6.5, weight=600 if row.pick else 400)
        least = y + 3.2


def _write_making(axes: Axes, making: Measurement) -> None:
    """What making took, above the flat end of its line."""
    if not making.value:
        return
    shown = scale("J", [making.value])
    words = f"{quote(making, shown).full} to make it"
    axes.annotate(words, (axes.get_xlim()[0], making.value), (3, 3), **_LABEL)
