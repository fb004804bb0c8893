"""The live scatter of a calibration: the wall meter against the counters, a point for each piece of a load, then the line."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF

from greenbench.analysis.calibration import student
from greenbench.core.calibration import Calibration, LoadWindow
from greenbench.gui.results.chart import Axis, Chart, linear
from greenbench.gui.theme import Theme


class CalibrationScatter(Chart):
    """Small points are windows, large ones the mean of a load; the line has its 95 % band."""

    left = 52

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.windows: tuple[LoadWindow, ...] = ()
        self.calibration: Calibration | None = None
        self.setMinimumHeight(230)
        self.setAccessibleName("Wall meter against counters")

    def show_windows(self, windows: Sequence[LoadWindow], calibration: Calibration | None = None) -> None:
        """Shows these points, and the line once there is one."""
        self.windows, self.calibration = tuple(windows), calibration
        self.x_axis = linear([w.counters_w for w in windows], "counters, W") if windows else Axis(0.0, 1.0, ())
        self.y_axis = linear([w.external_w for w in windows], "wall meter, W") if windows else Axis(0.0, 1.0, ())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self.windows:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.paint_word(painter, "The first points come when the first load has settled.")
            painter.end()
            return
        self.paint_paper(painter)
        painter.setClipRect(self.area)
        if self.calibration is not None:
            self._paint_line(painter, self.calibration)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.color("text", 0.42))
        for window in self.windows:
            painter.drawEllipse(self.at(window.counters_w, window.external_w), 1.8, 1.8)
        painter.setPen(QPen(self.theme.color("surface"), 1.2))
        painter.setBrush(self.theme.color("accent"))
        for x, y in self._means():
            painter.drawEllipse(self.at(x, y), 4.5, 4.5)
        painter.end()

    def _means(self) -> list[tuple[float, float]]:
        levels = dict.fromkeys(window.level for window in self.windows)
        pairs = [[(w.counters_w, w.external_w) for w in self.windows if w.level == level] for level in levels]
        return [(float(np.mean([x for x, _ in some])), float(np.mean([y for _, y in some]))) for some in pairs]

    def _paint_line(self, painter: QPainter, c: Calibration) -> None:
        """The line over the picture with the band that its own errors leave open."""
        xs = np.linspace(self.x_axis.low, self.x_axis.high, 40)
        half = student(c.degrees) * np.sqrt(np.maximum(c.offset_error_w**2 + (xs * c.gain_error) ** 2 + 2 * xs * c.covariance, 0.0))
        ys = c.offset_w + c.gain * xs
        above = [self.at(float(x), float(y)) for x, y in zip(xs, ys + half, strict=True)]
        below = [self.at(float(x), float(y)) for x, y in zip(xs, ys - half, strict=True)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.color("accent", 0.16))
        painter.drawPolygon(QPolygonF([*above, *reversed(below)]))
        painter.setPen(QPen(self.theme.color("accent"), 1.4))
        ends = [QPointF(self.at(float(xs[place]), float(ys[place]))) for place in (0, -1)]
        painter.drawLine(ends[0], ends[1])
