"""Accuracy of each variant with its interval."""

from greenbench.core.run import RunResult
from greenbench.report.columns import ACCURACY
from greenbench.report.figures.canvas import INK, Canvas, color, row_height, ticks
from greenbench.report.figures.scales import straight_ticks, tick_name
from greenbench.report.parts import Figure, Report, variant

WIDTH, LEFT, PLOT, TOP, FOOT = 84.0, 38.0, 32.0, 6.0, 8.5


def draw_accuracy(figure: Figure, report: Report, result: RunResult) -> Canvas:
    """Marks with Wilson intervals; a vertical line at the baseline."""
    rows = [report.row(letter) for letter in figure.letters]
    height = row_height(len(rows), 6.6)
    canvas = Canvas(WIDTH, TOP + height * len(rows) + FOOT)
    axes = canvas.axes(LEFT, TOP, PLOT, height * len(rows))
    found = [variant(result, row.letter).metrics[ACCURACY] for row in report.rows if row.cells]
    ends = [end * 100 for m in found if m.value is not None for end in (m.value, m.low or m.value, m.high or m.value)]
    pad = max((max(ends) - min(ends)) * 0.06, 0.2)
    axes.set_xlim(min(ends) - pad, max(ends) + pad)
    axes.set_ylim(len(rows), 0)
    axes.tick_params(axis="y", labelleft=False)
    places = straight_ticks(min(ends) - pad, max(ends) + pad, 4)
    ticks(axes, "x", places, [tick_name(place) for place in places])
    axes.grid(axis="x")
    baseline = result.baseline.metrics.get(ACCURACY) if result.baseline else None
    if baseline and baseline.value is not None:
        axes.axvline(baseline.value * 100, color=INK, lw=0.7)
    for index, row in enumerate(rows):
        y = index + 0.5
        canvas.label(row, TOP + height * y, LEFT - 1.5)
        measurement = variant(result, row.letter).metrics[ACCURACY]
        if measurement.low is not None and measurement.high is not None:
            axes.plot([measurement.low * 100, measurement.high * 100], [y, y], color=color(row.index), lw=1.3)
        canvas.mark((measurement.value or 0.0) * 100, y, row.index, axes)
        canvas.text(LEFT + PLOT + 2, TOP + height * y, row.cells[ACCURACY].value.full)
    canvas.text(LEFT + PLOT / 2, canvas.height - 2.0, "Accuracy (%), 95 % interval", ha="center")
    return canvas
