"""The axes of a live plot: quiet labels, minutes and seconds below, at steps that people count in."""

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QPen

from greenbench.gui.live.scales import clock
from greenbench.gui.theme import Theme, font

_TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
HEADROOM = 24  # pixels above the curves, where phases have their names


class TimeAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Seconds as minutes and seconds, at steps that people count in."""

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        wanted = (maxVal - minVal) / max(size / 70, 1)
        return [(next((step for step in _TIME_STEPS if step >= wanted), 14_400), 0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [clock(value) for value in values]


def dress(axis: pg.AxisItem, theme: Theme, *, line: bool) -> None:
    """Muted labels of 11 pixels; a thin line where it is wanted, ticks nowhere."""
    axis.setStyle(tickLength=0, tickAlpha=0, tickTextOffset=6, tickFont=font(11), autoExpandTextSpace=False, autoReduceTextSpace=False)
    axis.setPen(QPen(theme.color("strong"), 1) if line else QPen(Qt.PenStyle.NoPen))
    axis.setTextPen(theme.color("muted"))
