"""The cards below the table, one for each question: trade-off, latency, break-even; joules, carbon, power."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from greenbench.core.run import RunResult
from greenbench.gui.results.break_even_card import BreakEvenCard
from greenbench.gui.results.carbon_card import CarbonCard
from greenbench.gui.results.card import HEIGHT, Card
from greenbench.gui.results.latency_card import LatencyCard
from greenbench.gui.results.ledger_card import LedgerCard
from greenbench.gui.results.power_card import PowerCard
from greenbench.gui.results.rate import Rate
from greenbench.gui.results.trade_off_card import TradeOffCard
from greenbench.gui.theme import Theme

_PER_DAY = 10_000
_SHARES = (3, 2, 2)  # of the width, for three cards in a row
_WIDTHS = ((1080, 3), (700, 2), (0, 1))  # from which width on so many cards stand in a row
_GAP, _NARROWEST = 12, 320


class ResultCards(QWidget):
    """Three in a row, two or one where it is narrow. `wanted` carries the index of a variant that was chosen in one of them."""

    wanted = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.rate = Rate(_PER_DAY)
        self.trade_off, self.latency, self.break_even = TradeOffCard(theme), LatencyCard(theme), BreakEvenCard(theme, self.rate)
        self.power, self.ledger, self.carbon = PowerCard(theme), LedgerCard(theme), CarbonCard(theme, self.rate)
        self._cards: tuple[Card, ...] = (self.trade_off, self.latency, self.break_even, self.power, self.ledger, self.carbon)
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        # The number of columns follows the width, so the width must not follow the columns.
        self._grid.setSizeConstraint(QGridLayout.SizeConstraint.SetNoConstraint)
        self._arrange(3)
        self.break_even.wanted.connect(self.wanted)

    def minimumSizeHint(self) -> QSize:
        lines = -(-len(self._cards) // self._columns)
        heights = [max(card.minimumSizeHint().height(), HEIGHT) for card in self._cards]
        tallest = [max(heights[line * self._columns : (line + 1) * self._columns]) for line in range(lines)]
        return QSize(_NARROWEST, sum(tallest) + _GAP * (lines - 1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(next(columns for width, columns in _WIDTHS if self.width() >= width))

    def _arrange(self, columns: int) -> None:
        """So many cards in a row."""
        if columns == self._columns:
            return
        self._columns = columns
        for card in self._cards:
            self._grid.removeWidget(card)
        for place, card in enumerate(self._cards):
            self._grid.addWidget(card, place // columns, place % columns)
        for place in range(len(_SHARES)):
            self._grid.setColumnStretch(place, (_SHARES[place] if columns == len(_SHARES) else 1) if place < columns else 0)
        self._grid.activate()
        self.updateGeometry()

    def show_result(self, result: RunResult, first: int) -> None:
        """Shows a run; the `first` variant is that of which the verdict speaks."""
        # NumPy comes in with this: not before there is something to judge.
        from greenbench.analysis.break_even import per_day

        self.rate.set(round(per_day(result)))
        self.trade_off.show_result(result)
        self.latency.show_result(result)
        self.break_even.show_result(result, first)
        self.power.show_result(result)
        self.ledger.show_result(result)
        self.carbon.show_result(result)

    def choose(self, index: int) -> None:
        """The variant that is chosen in the table."""
        self.trade_off.chart.choose(index)
        for follower in (self.latency, self.break_even, self.carbon):
            follower.choose(index)

    def ways_to_hide(self, result: RunResult) -> dict[str, set[int]]:
        """The variants that each filter of the table would leave out, by their places."""
        failed = {index for index, variant in enumerate(result.variants) if variant not in result.measured}
        return {"failed": failed, "beaten": self.trade_off.chart.beaten}
