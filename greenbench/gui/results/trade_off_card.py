"""The card of the trade-off: the chart with its two axes to choose."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox

from greenbench.core.metrics import BY_KEY
from greenbench.core.run import RunResult
from greenbench.gui.controls import Text
from greenbench.gui.results.card import Card, choice
from greenbench.gui.results.trade_off import X_CHOICES, TradeOff, y_choices
from greenbench.gui.theme import Theme

_WIDEST = 138  # of an axis' box, so that two cards find room beside each other in a small window


class TradeOffCard(Card):
    """`chart` is the trade-off, `x_box` and `y_box` choose its axes; `moved` tells that others were chosen."""

    moved = Signal()

    def __init__(self, theme: Theme) -> None:
        self.chart = TradeOff(theme)
        self.x_box, self.y_box = choice("x axis"), choice("y axis")
        super().__init__("Trade-off", self.chart.note, [Text("x", 12, 400, "muted"), self.x_box, Text("y", 12, 400, "muted"), self.y_box])
        for box, keys in ((self.x_box, X_CHOICES), (self.y_box, y_choices(None))):
            _fill(box, keys)
            box.setMaximumWidth(_WIDEST)
            box.activated.connect(self.set_axes)
            box.activated.connect(self.moved)
        self.body.setSpacing(4)
        self.body.addWidget(self.chart, 1)

    def show_result(self, result: RunResult) -> None:
        """Begins with energy where it was measured, and with the number that judges the answers."""
        self.chart.show_result(result)
        ranked = (*X_CHOICES[: 1 if result.energy_provenance.measured else 0], result.timing, *X_CHOICES[1:])
        x = next((key for key in ranked if self.chart.usable(key)), X_CHOICES[0])
        choices = y_choices(result)
        _fill(self.y_box, choices)
        y = next((key for key in choices if self.chart.usable(key) and key != x), choices[0])
        self.x_box.setCurrentIndex(self.x_box.findData(x))
        self.y_box.setCurrentIndex(self.y_box.findData(y))
        self.set_axes()

    def set_axes(self, _index: int = 0) -> None:
        self.chart.set_axes(self.x_box.currentData(), self.y_box.currentData())
        self.note.say(self.chart.note)


def _fill(box: QComboBox, keys: Sequence[str]) -> None:
    box.clear()
    for key in keys:
        box.addItem(BY_KEY[key].short if key != "latency_p50" else "Latency p50", key)
