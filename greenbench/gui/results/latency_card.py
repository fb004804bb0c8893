"""The card of latency: the distribution of all calls, and the percentiles of the chosen variant as far as its calls support them."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel

from greenbench.core import quote
from greenbench.core.measurement import Measurement
from greenbench.core.run import RunResult, VariantResult
from greenbench.core.timed import Percentile
from greenbench.gui.controls import Text, row
from greenbench.gui.marks import variant_pixmap
from greenbench.gui.results.card import Card
from greenbench.gui.results.distribution import LatencyDistribution
from greenbench.gui.theme import Theme

_PLACES = 4


class LatencyCard(Card):
    """`chart` is the distribution; below it stand the percentiles of one variant."""

    def __init__(self, theme: Theme) -> None:
        super().__init__("Latency", "all timed calls together")
        self.note.setToolTip("The table has the medians of blocks, which are compared; here all calls are one heap, whatever their block.")
        self._theme, self._index = theme, -1
        self._result: RunResult | None = None
        self.chart = LatencyDistribution(theme)
        self._mark = QLabel()
        self._mark.setFixedSize(16, 16)
        self.whose = Text("", 11, 500, "second")
        self.heads = [Text("", 11, 400, "muted") for _ in range(_PLACES)]
        self.values = [Text("", 12, 600) for _ in range(_PLACES)]
        self.ends = [Text("", 11, 400, "muted") for _ in range(_PLACES)]
        self.support = Text("", 11, 400, "muted", wrap=True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(0)
        for place in range(_PLACES):
            grid.setColumnStretch(place, 1)
            for line, cells in enumerate((self.heads, self.values, self.ends)):
                grid.addWidget(cells[place], line, place, Qt.AlignmentFlag.AlignLeft)
        self.body.setSpacing(4)
        self.body.addWidget(self.chart, 1)
        self.body.addLayout(row(self._mark, self.whose, 0, spacing=6))
        self.body.addLayout(grid)
        self.body.addWidget(self.support)
        forget = theme.observe(self._dress)
        self.destroyed.connect(lambda *_: forget())

    def show_result(self, result: RunResult) -> None:
        self._result = result
        self.chart.show_result(result)

    def choose(self, index: int) -> None:
        self.chart.choose(index)
        if self._result is None or not 0 <= index < len(self._result.variants):
            return
        self._index = index
        variant = self._result.variants[index]
        found = percentiles_of(variant)
        shown = quote.scale("s", [p.value_s for p in found[:1]])  # that of the median, as in the table
        words = f"{variant.letter}, percentiles of all calls together, in {shown.unit}"
        self.whose.setText(words if found else f"{variant.letter}: no timed call")
        for place in range(_PLACES):
            here = found[place] if place < len(found) else None
            quoted = quote.quote(_measurement(here), shown) if here else None
            self.heads[place].setText(f"p{here.q * 100:g}" if here else "")
            self.values[place].setText(quoted.text if quoted and here else "")
            self.values[place].set_tone("" if here is None or here.supported else "muted")
            self.ends[place].setText(quoted.interval or open_interval(here, shown) if quoted and here else "")
            self.values[place].setToolTip(support_hint(here) if here else "")
        self.support.setText(support_words(found))
        self._dress()

    def _dress(self) -> None:
        if self._index >= 0:
            self._mark.setPixmap(variant_pixmap(self._theme.variant(self._index), 9, 16, self.devicePixelRatioF()))


def percentiles_of(variant: VariantResult) -> tuple[Percentile, ...]:
    """Those that were measured; of an older run the quantiles of all its calls, which no interval goes with."""
    if variant.percentiles:
        return variant.percentiles[:_PLACES]
    quantiles, calls = variant.latency_quantiles_s, sum(block.calls for block in variant.blocks)
    if len(quantiles) != 101:
        return ()
    return tuple(Percentile(q=q / 100, value_s=quantiles[q], n=calls, needed=0, supported=True) for q in (50, 90, 95, 99))


def _measurement(found: Percentile) -> Measurement:
    return Measurement(value=found.value_s, low=found.low_s, high=found.high_s, n=found.n, unit="s")


def open_interval(found: Percentile, shown: quote.Scale) -> str:
    """ "from 60": what is known where no call is so far out that it bounds the percentile on the other side; "" where nothing is."""
    if found.low_s is None and found.high_s is not None:
        return f"to {quote.significant(found.high_s * shown.factor, 2)}"
    return f"from {quote.significant(found.low_s * shown.factor, 2)}" if found.low_s is not None and found.high_s is None else ""


def support_words(found: tuple[Percentile, ...]) -> str:
    """ "6 021 calls: too few to state p90 and p99 (24 576 and 270 336); their intervals say what is known."; "" without calls."""
    if not found or not found[0].n:
        return ""
    calls = f"{quote.count(found[0].n)} calls"
    few = [p for p in found if not p.supported]
    if not few:
        return f"{calls}." if found[-1].needed else f"{calls}; this older run kept no intervals of its percentiles."
    short, apart = [p for p in few if not p.enough], [p for p in few if p.enough]
    why = []
    if short:
        why.append(f"too few to state {_names(short)} (MLPerf asks for {_listed([quote.count(p.needed) for p in short])})")
    if apart:
        why.append(f"blocks differ too much to state {_names(apart)}")
    words = f"{calls}: {'; '.join(why)}. What is known of {'it' if len(few) == 1 else 'them'} is the interval."
    unbounded = [p for p in found if p.low_s is not None and p.high_s is None]
    if not unbounded:
        return words
    return f"{words} {_names(unbounded)} {'has' if len(unbounded) == 1 else 'have'} no upper end: no call was that slow."


def support_hint(found: Percentile) -> str:
    """What the calls say of one percentile."""
    if not found.needed:
        return ""
    if found.supported:
        return f"{quote.count(found.n)} calls support it: MLPerf asks for {quote.count(found.needed)}."
    open_end = " No call is slow enough to bound it." if found.high_s is None else ""
    why = "blocks differ too much" if found.enough else f"MLPerf asks for {quote.count(found.needed)}"
    return f"{quote.count(found.n)} calls do not support it: {why}.{open_end}"


def _names(found: Sequence[Percentile]) -> str:
    """ "p90 and p99"."""
    return _listed([f"p{each.q * 100:g}" for each in found])


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
