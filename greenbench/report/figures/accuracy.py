"""Accuracy, or what judges the run's task, of each variant with its interval."""

from greenbench.core.metrics import BY_KEY
from greenbench.core.run import RunResult
from greenbench.report.figures.canvas import INK, Canvas, color, row_height, ticks
from greenbench.report.figures.scales import straight_ticks, tick_name
from greenbench.report.parts import Figure, Report, variant

WIDTH, LEFT, PLOT, TOP, FOOT = 84.0, 38.0, 32.0, 6.0, 8.5


def draw_accuracy(figure: Figure, report: Report, result: RunResult) -> Canvas:
    """Marks with intervals; a vertical line at the baseline."""
    key = result.quality
    shown = report.columns[key].scale
    rows = [report.row(letter) for letter in figure.letters]
    height = row_height(len(rows), 6.6)
    canvas = Canvas(WIDTH, TOP + height * len(rows) + FOOT)
    axes = canvas.axes(LEFT, TOP, PLOT, height * len(rows))
    found = [variant(result, row.letter).metrics[key] for row in report.rows if row.cells]
    ends = [end * shown.factor for m in found if m.value is not None for end in (m.value, m.low or m.value, m.high or m.value)]
    pad = max((max(ends) - min(ends)) * 0.06, 0.2 if BY_KEY[key].fraction else 1e-3 * max(ends), 1e-12)
    axes.set_xlim(min(ends) - pad, max(ends) + pad)
    axes.set_ylim(len(rows), 0)
    axes.tick_params(axis="y", labelleft=False)
    places = straight_ticks(min(ends) - pad, max(ends) + pad, 4)
    ticks(axes, "x", places, [tick_name(place) for place in places])
    axes.grid(axis="x")
    baseline = result.baseline.metrics.get(key) if result.baseline else None
    if baseline and baseline.value is not None:
        axes.axvline(baseline.value * shown.factor, color=INK, lw=0.7)
    for index, row in enumerate(rows):
        y = index + 0.5
        canvas.label(row, TOP + height * y, LEFT - 1.5)
        measurement = variant(result, row.letter).metrics[key]
        if measurement.low is not None and measurement.high is not None:
            axes.plot([measurement.low * shown.factor, measurement.high * shown.factor], [y, y], color=color(row.index), lw=1.3)
        canvas.mark((measurement.value or 0.0) * shown.factor, y, row.index, axes)
        canvas.text(LEFT + PLOT + 2, TOP + height * y, row.cells[key].value.full)
    canvas.text(
        LEFT + PLOT / 2, canvas.height - 2.0, f"{BY_KEY[key].title}{f' ({shown.unit})' if shown.unit else ''}, 95 % interval", ha="center"
    )
    return canvas
