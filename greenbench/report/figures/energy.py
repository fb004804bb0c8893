"""Energy of one inference as bars: net of idle filled, idle share hollow, modelled ones hatched."""

from greenbench.core.measurement import Provenance
from greenbench.core.run import RunResult
from greenbench.report.columns import ENERGY
from greenbench.report.figures.accuracy import FOOT, LEFT, PLOT, TOP, WIDTH
from greenbench.report.figures.canvas import INK, MUTED, Canvas, color, row_height, ticks
from greenbench.report.figures.scales import straight_ticks, tick_name
from greenbench.report.parts import Figure, Report, variant
from greenbench.report.sections import net_energy


def draw_energy(figure: Figure, report: Report, result: RunResult) -> Canvas:
    """A bar for each variant, from 0 to the gross energy, with its interval."""
    rows = [report.row(letter) for letter in figure.letters]
    shown = report.columns[ENERGY].scale
    height = row_height(len(rows), 6.6)
    canvas = Canvas(WIDTH, TOP + height * len(rows) + FOOT)
    axes = canvas.axes(LEFT, TOP, PLOT, height * len(rows))
    found = [variant(result, row.letter).metrics.get(ENERGY) for row in report.rows if row.cells]
    longest = max(max(m.value, m.high or 0.0) for m in found if m and m.value is not None) * shown.factor or 1.0
    axes.set_xlim(0, longest * 1.02)
    axes.set_ylim(len(rows), 0)
    axes.tick_params(axis="y", labelleft=False)
    places = straight_ticks(0, longest, 4)
    ticks(axes, "x", places, [tick_name(place) for place in places])
    modelled = result.energy_provenance is Provenance.MODELLED
    some_net = False
    for index, row in enumerate(rows):
        canvas.label(row, TOP + height * (index + 0.5), LEFT - 1.5)
        measurement = variant(result, row.letter).metrics[ENERGY]
        gross = (measurement.value or 0.0) * shown.factor
        net = net_energy(variant(result, row.letter))
        paint = color(row.index)
        if modelled:
            axes.barh(index + 0.5, gross, 0.5, facecolor="white", edgecolor=paint, hatch="//////", lw=0.7)
        elif net is None:
            axes.barh(index + 0.5, gross, 0.5, facecolor=paint, edgecolor=paint, lw=0.7)
        else:
            some_net = True
            axes.barh(index + 0.5, gross, 0.5, facecolor="white", edgecolor=paint, lw=0.7)
            axes.barh(index + 0.5, max(net * shown.factor, 0.0), 0.5, facecolor=paint, lw=0)
        end = gross
        if not modelled and measurement.low is not None and measurement.high is not None and measurement.low != measurement.high:
            end = measurement.high * shown.factor
            axes.plot([measurement.low * shown.factor, end], [index + 0.5] * 2, color=INK, lw=0.8, solid_capstyle="butt")
        x = LEFT + PLOT * end / (longest * 1.02) + 1.2
        canvas.text(x, TOP + height * (index + 0.5), f"{'≈ ' if modelled else ''}{row.cells[ENERGY].value.text}")
    if some_net:
        canvas.text(LEFT, 3.0, "filled: net of idle, hollow: idle share", size=6, color=MUTED)
    words = "modelled" if modelled else "gross"
    canvas.text(LEFT + PLOT / 2, canvas.height - 2.0, f"Energy per inference ({shown.unit}), {words}", ha="center")
    return canvas
