"""The pictures of a report, drawn by Matplotlib at their final size in millimetres; text stays text."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import matplotlib

from greenbench.core.run import RunResult
from greenbench.report.figures.accuracy import draw_accuracy
from greenbench.report.figures.block import draw_block
from greenbench.report.figures.break_even import draw_break_even
from greenbench.report.figures.canvas import Canvas, style
from greenbench.report.figures.energy import draw_energy
from greenbench.report.figures.forest import draw_forest
from greenbench.report.figures.latency import draw_latency
from greenbench.report.figures.pipeline import draw_pipeline
from greenbench.report.figures.power import draw_power
from greenbench.report.fonts import Typefaces
from greenbench.report.parts import Figure, Report

Drawing = Callable[[Figure, Report, RunResult], Canvas]

_DRAWINGS: Mapping[str, Drawing] = {
    "forest": draw_forest,
    "latency": draw_latency,
    "accuracy": draw_accuracy,
    "energy": draw_energy,
    "power": draw_power,
    "block": draw_block,
    "break_even": draw_break_even,
    "pipeline": draw_pipeline,
}


def draw(figure: Figure, report: Report, result: RunResult, faces: Typefaces) -> bytes:
    """The figure as SVG; equal input gives equal bytes. Its text is set in the families of `faces`."""
    with _quiet(), matplotlib.rc_context(style(faces)):
        return _DRAWINGS[figure.drawing](figure, report, result).svg()


@contextmanager
def _quiet() -> Iterator[None]:
    """Fallback fonts have no semibold; that the next weight is taken is no news for the log."""
    log = logging.getLogger("matplotlib.font_manager")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
