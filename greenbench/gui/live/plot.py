"""One live plot: a title with live values, and pyqtgraph below it with one PlotDataItem for each signal, kept for life."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from greenbench.gui.controls import Text
from greenbench.gui.live.axes import HEADROOM, TimeAxis, dress
from greenbench.gui.live.layers import Overlay, Underlay
from greenbench.gui.live.legend import Legend
from greenbench.gui.live.scales import nice_range
from greenbench.gui.theme import Theme

_DASHES: dict[str, tuple[float, ...]] = {"modelled": (4, 3), "modelled, second": (1.5, 3), "dashed": (3, 2.5)}


@dataclass(frozen=True)
class Curve:
    """One signal as it is to be drawn: times since the origin and values in the unit of the axis.

    `kind`: "line", "modelled" (dashed 4/3), "modelled, second" (of the same plot, dashed 1.5/3), "dashed", "thick" (2 px),
    "learning" (1.8 px with dots), "dots", "test" (hollow squares, not joined).
    One that is not `scaled` has no say in the range of the axis; `reach` is how far above the curve its band goes, as a factor.
    """

    key: str
    kind: str
    x: np.ndarray
    y: np.ndarray
    color: QColor
    right_axis: bool = False
    scaled: bool = True
    reach: float = 1.0


class LivePlot(QWidget):
    """Draws curves; tells where the mouse is and what span was dragged, in seconds since the origin."""

    hovered = Signal(object)  # seconds, or None when the mouse has left
    dragged = Signal(float, float, bool)  # start, end, whether the button is up
    zoomed = Signal(float, float)  # around which second, by which factor

    def __init__(
        self, theme: Theme, title: str, unit: str, *, from_zero: bool, right_axis: bool = False, times: TimeAxis | None = None
    ) -> None:
        super().__init__()
        self._theme, self._from_zero = theme, from_zero
        self._curves: dict[str, pg.PlotDataItem] = {}
        self._pens: dict[str, tuple[str, int]] = {}
        self._press: float | None = None
        self._ranges: dict[bool, tuple[float, float]] = {}
        self.legend = Legend(theme)
        head = QHBoxLayout()
        head.setContentsMargins(20, 0, 12, 0)
        head.setSpacing(6)
        self.title, self.unit = Text(title, 12, 600), Text(unit, 12, 400, "muted")
        head.addWidget(self.title)
        head.addWidget(self.unit)
        head.addWidget(self.legend, 1)
        self.view = pg.PlotWidget(axisItems={"bottom": times or TimeAxis("bottom")})
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.view, 1)
        self._build(right_axis)
        self._forget = theme.observe(self.dress)
        self.destroyed.connect(lambda *_: self._forget())
        self.dress()

    def _build(self, right_axis: bool) -> None:
        self._item = self.view.getPlotItem()
        self._item.hideButtons()
        self._item.setMenuEnabled(False)
        self._item.setContentsMargins(0, 0, 10, 0)
        self.box = self._item.getViewBox()
        self.box.setMouseEnabled(False, False)
        self.box.disableAutoRange()
        self.view.setMouseTracking(True)
        self.view.viewport().installEventFilter(self)
        self.view.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.underlay = Underlay(self.box, self._theme)
        self.overlay = Overlay(self.box, self._theme)
        self._right: pg.ViewBox | None = None
        self._item.getAxis("left").setWidth(38)
        self._item.getAxis("bottom").setHeight(22)
        if right_axis:
            self._right = pg.ViewBox(enableMenu=False)
            self._right.setMouseEnabled(False, False)
            self._right.disableAutoRange()
            self._item.showAxis("right")
            self._item.getAxis("right").setWidth(30)
            self._item.scene().addItem(self._right)
            self._item.getAxis("right").linkToView(self._right)
            self.box.sigResized.connect(self._follow_size)
            self.overlay.right_box = self._right

    def _follow_size(self) -> None:
        if self._right:
            self._right.setGeometry(self.box.sceneBoundingRect())

    def dress(self) -> None:
        """Takes the colours of the theme."""
        self.view.setBackground(self._theme.color("surface"))
        for name in ("left", "bottom", "right"):
            dress(self._item.getAxis(name), self._theme, line=name == "bottom")
        self._pens.clear()
        self.underlay.update()
        self.overlay.update()

    @property
    def columns(self) -> int:
        """How many pixels of time there are."""
        return max(int(self.box.width() * self.devicePixelRatioF()), 50)

    def draw(self, curves: Sequence[Curve], start: float, end: float) -> None:
        """Shows these curves between two times; what is no longer among them disappears."""
        present = {curve.key for curve in curves}
        for key in [key for key in self._curves if key not in present]:
            item = self._curves.pop(key)
            (self._right if self._right and item.getViewBox() is self._right else self._item).removeItem(item)
            self._pens.pop(key, None)
        for curve in curves:
            self._draw(curve)
        self.box.setXRange(start, end, padding=0)
        self._scale(curves, right=False)
        if self._right:
            self._right.setXRange(start, end, padding=0)
            self._scale(curves, right=True)
        self.underlay.update()
        self.overlay.update()

    def _draw(self, curve: Curve) -> None:
        item = self._curves.get(curve.key)
        if item is None:
            item = pg.PlotDataItem(connect="finite", skipFiniteCheck=False)
            self._curves[curve.key] = item
            if curve.right_axis and self._right:
                self._right.addItem(item)
            else:
                self._item.addItem(item)
        if self._pens.get(curve.key) != (curve.kind, curve.color.rgba()):
            self._pens[curve.key] = (curve.kind, curve.color.rgba())
            _dress_curve(item, curve, self._theme)
        item.setData(curve.x, curve.y)

    def _scale(self, curves: Sequence[Curve], *, right: bool) -> None:
        box = self._right if right else self.box
        axis = self._item.getAxis("right" if right else "left")
        values = [curve.y[~np.isnan(curve.y)] * curve.reach for curve in curves if curve.right_axis is right and curve.scaled]
        values = [part for part in values if len(part)]
        axis.setStyle(showValues=bool(values))
        if not values or box is None:
            axis.setTicks([[]])
            self._ranges.pop(right, None)
            if not right:
                self.underlay.step = 0.0
            return
        low, high = min(float(part.min()) for part in values), max(float(part.max()) for part in values)
        headroom = HEADROOM / max(self.box.height(), 60)
        bottom, top, step = nice_range(low, high, from_zero=self._from_zero or right, headroom=headroom)
        if self._ranges.get(right) != (bottom, top):
            self._ranges[right] = (bottom, top)
            box.setYRange(bottom, top, padding=0)
            ticks = np.arange(0, round((top - bottom) / step) + 1) * step + bottom
            shown = [(value, f"{value:g}") for value in ticks.round(10) if (top - value) / (top - bottom) * self.box.height() > 8]
            axis.setTicks([shown])
        if not right:
            self.underlay.step = step

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        match event.type():
            case QEvent.Type.MouseMove if isinstance(event, QMouseEvent):
                second = self._second(event.position())
                self.hovered.emit(second)
                if self._press is not None:
                    self.dragged.emit(min(self._press, second), max(self._press, second), False)
            case QEvent.Type.MouseButtonPress if isinstance(event, QMouseEvent) and event.button() == Qt.MouseButton.LeftButton:
                self._press = self._second(event.position())
            case QEvent.Type.MouseButtonRelease if isinstance(event, QMouseEvent) and self._press is not None:
                second = self._second(event.position())
                self.dragged.emit(min(self._press, second), max(self._press, second), True)
                self._press = None
            case QEvent.Type.Leave:
                self.hovered.emit(None)
            case QEvent.Type.Wheel if isinstance(event, QWheelEvent):
                self.zoomed.emit(self._second(event.position()), 0.8 ** (event.angleDelta().y() / 120))
                return True
            case _:
                return False
        return event.type() is not QEvent.Type.Leave

    def _second(self, position: QPointF) -> float:
        scene = self.view.mapToScene(position.toPoint())
        return float(self.box.mapSceneToView(scene).x())


def _dress_curve(item: pg.PlotDataItem, curve: Curve, theme: Theme) -> None:
    color = QColor(curve.color)
    if curve.kind == "dots":
        color.setAlphaF(0.42)
        item.setPen(None)
        item.setSymbol("o")
        item.setSymbolSize(3)
        item.setSymbolPen(None)
        item.setSymbolBrush(color)
        return
    if curve.kind == "test":
        item.setPen(None)
        item.setSymbol("s")
        item.setSymbolSize(6)
        item.setSymbolPen(QPen(color, 1.3))
        item.setSymbolBrush(None)
        return
    width = {"thick": 2.0, "learning": 1.8}.get(curve.kind, 1.0)
    pen = QPen(color, width)
    pen.setCosmetic(True)
    if curve.kind in _DASHES:
        pen.setDashPattern(_DASHES[curve.kind])
    item.setPen(pen)
    item.opts["antialias"] = True  # cheap at a width of 1 and with few points; measured in tests/speed/live_plots.py
    if curve.kind == "learning":
        item.setSymbol("o")
        item.setSymbolSize(5)
        item.setSymbolPen(None)
        item.setSymbolBrush(color)
