"""The results page: the verdict in a sentence, the comparison table, what a reader must know, and a card for each further question."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from greenbench.core.run import RunResult, RunState
from greenbench.gui.advice.why import WhyCard
from greenbench.gui.claim_card import ClaimCards, claims_of
from greenbench.gui.controls import Button, Icon, Text
from greenbench.gui.history import when
from greenbench.gui.marks import variant_pixmap
from greenbench.gui.results.cards import ResultCards
from greenbench.gui.results.columns import against_title
from greenbench.gui.results.copying import as_text
from greenbench.gui.results.doors import VariantDoors
from greenbench.gui.results.export import Exporter
from greenbench.gui.results.head import ResultsHead
from greenbench.gui.results.joined_card import JoinedCard
from greenbench.gui.results.remarks import Remarks
from greenbench.gui.results.rows import build
from greenbench.gui.results.scenario import scenario_words
from greenbench.gui.results.table_view import ResultsTable
from greenbench.gui.results.under_way import UnderWay
from greenbench.gui.settings import Settings
from greenbench.gui.theme import Theme, font

_STATES = {
    RunState.FAILED: "some nodes failed",
    RunState.CANCELLED: "stopped before its end",
    RunState.LOST: "broken off; what was measured is here",
}


class ResultsPage(QWidget):
    """Shows one RunResult. `open_node` asks for a node on the canvas; `export_asked` for a file of a format."""

    open_node = Signal(str)
    export_asked = Signal(str)
    copied = Signal()
    run_asked = Signal(str)  # the id of an earlier run that is offered while there is nothing to show

    def __init__(
        self, theme: Theme, exporter: Exporter, runtimes: Mapping[str, str] | None = None, settings: Settings | None = None
    ) -> None:
        """`runtimes` has the words for the keys of runtimes ("onnxruntime": "ONNX Runtime"); `settings` remember the columns."""
        super().__init__()
        self._theme, self.exporter, self._runtimes = theme, exporter, dict(runtimes or {})
        self.setProperty("role", "page")
        self.result: RunResult | None = None
        self.table = ResultsTable(theme)
        self.head = ResultsHead(theme, settings)
        self.remarks = Remarks(theme)
        self.why = WhyCard(theme)
        self.joined = JoinedCard(theme)
        self.cards = ResultCards(theme)
        self.doors = VariantDoors(theme, self)
        self._empty = self._empty_page()
        self._full = QWidget()
        self._build()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(self._full)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area = area
        self.under_way = UnderWay(theme)
        self.under_way.hide()
        self._above = QWidget()
        above = QVBoxLayout(self._above)
        above.setContentsMargins(16, 12, 16, 0)
        above.addWidget(self.under_way)
        self._above.hide()
        layout.addWidget(self._above)
        layout.addWidget(self._empty)
        layout.addWidget(area, 1)
        layout.addStretch(0)
        area.hide()
        self.table.chosen.connect(self._choose)
        self.table.open_node.connect(self.open_node)
        self.table.menu_wanted.connect(self.doors.open_menu)
        self.doors.open_node.connect(self.open_node)
        self.cards.wanted.connect(self.table.select_variant)
        self.cards.trade_off.moved.connect(self._show_table)
        self.head.shown.connect(self._show_table)
        self.head.copy_asked.connect(self.copy_table)
        self.head.export_asked.connect(self.export_asked)
        forget = theme.observe(self._show_pick)
        self.destroyed.connect(lambda *_: forget())

    # ---- parts ------------------------------------------------------------------------------------------------

    def _empty_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        for widget in (
            Icon(self._theme, "chart-bar-horizontal", "faint", 28),
            Text("No results yet", 16, 600),
            Text("Press Run on the Pipeline tab: the variants are measured side by side and compared here.", 13, 400, "muted"),
        ):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        self._offered, self._offer = "", Button(self._theme, "", "clock-counter-clockwise")
        self._offer.clicked.connect(lambda: self.run_asked.emit(self._offered))
        self._offer.hide()
        layout.addSpacing(8)
        layout.addWidget(self._offer, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(2)
        return page

    def _build(self) -> None:
        layout = QVBoxLayout(self._full)
        layout.setContentsMargins(16, 12, 16, 14)
        layout.setSpacing(12)
        layout.addWidget(self.head)
        self.claims = ClaimCards(self._theme)
        layout.addWidget(self.claims)
        self._said = self._verdict_card()
        layout.addWidget(self._said)
        self._compared = card = _card()
        inside = QVBoxLayout(card)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.addWidget(self.table)
        layout.addWidget(card)
        layout.addWidget(self.doors.card)
        layout.addWidget(self.why)
        layout.addWidget(self.remarks)
        layout.addWidget(self.joined)
        layout.addWidget(self.cards, 1)
        self._rest = QWidget()
        layout.addWidget(self._rest, 1)
        self._rest.hide()

    def _verdict_card(self) -> QFrame:
        card = _card()
        self._pick = QLabel()
        self._pick.setFixedSize(18, 18)
        self.verdict = QLabel()
        self.verdict.setFont(font(13))
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.RichText)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._protocol = Text("", 12, 400, "muted")
        self._protocol.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = QHBoxLayout(card)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(10)
        layout.addWidget(self._pick, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.verdict, 1)
        layout.addWidget(self._protocol)
        return card

    def show_running(self, running: bool) -> None:
        """While a run is under way its progress stands on top; earlier results stay where they are."""
        self.under_way.setVisible(running)
        self._above.setVisible(running)
        self._empty.setVisible(self.result is None and not running)
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.setStretch(layout.count() - 1, 1 if running and self.result is None else 0)

    # ---- showing ----------------------------------------------------------------------------------------------

    def offer(self, run_id: str, words: str) -> None:
        """On the empty page a button for an earlier run; none for an empty `run_id`."""
        self._offered = run_id
        self._offer.setText(words)
        self._offer.setVisible(bool(run_id))

    def clear(self) -> None:
        """Shows no run: what was here belonged to another pipeline."""
        self.result = None
        self.offer("", "")
        self._area.hide()
        self._empty.setVisible(not self.under_way.isVisibleTo(self))

    def show_result(self, result: RunResult, whose: str = "") -> None:
        """Shows a finished, failed, stopped or broken-off run with whatever it has.

        `whose` is what must be said if it is not a run of the open pipeline.
        """
        # SciPy comes in with this: not before there is something to judge.
        from greenbench.analysis.headline import headline

        self.result = result
        self._empty.hide()
        self._area.show()
        self.head.title.setText(result.title)
        state = _STATES.get(result.state, "")
        self.head.when.say(" · ".join(part for part in (whose, _moment(result.started), state) if part))
        judged = claims_of(result)
        self.claims.show_claims(judged)
        compared = bool(result.variants) or not judged  # a pipeline that only judges a claim has no variants to compare
        for part in (self._said, self._compared, self.cards):
            part.setVisible(compared)
        self._rest.setVisible(not compared)
        self.head.show_table(compared)
        said = headline(result)
        self._said_pick = said.pick
        self.verdict.setText(f"<b>{_escaped(said.bold)}</b> {_escaped(said.rest)}")
        self._show_pick()
        self._protocol.setText(_how(result, self._runtimes))
        first = next((index for index, variant in enumerate(result.variants) if variant.letter == said.pick), 0)
        self.doors.show_result(result, first)
        self.why.show_result(result)
        self.remarks.show_result(result)
        self.joined.show_result(result)
        self.cards.show_result(result, first)
        self._show_table()
        self._choose(first)

    def _show_pick(self) -> None:
        pick = getattr(self, "_said_pick", None)
        index = next((i for i, v in enumerate(self.result.variants) if v.letter == pick), None) if self.result else None
        self._pick.setVisible(index is not None)
        if index is not None:
            self._pick.setPixmap(variant_pixmap(self._theme.variant(index), 12, 18, self.devicePixelRatioF()))

    def _choose(self, index: int) -> None:
        self.cards.choose(index)
        self.doors.choose(index)
        self.why.choose(index)

    def _show_table(self) -> None:
        """The table as columns and filter have it; the chosen variant stays chosen while it is shown."""
        result = self.result
        if result is None:
            return
        ways = self.cards.ways_to_hide(result)
        left_out = set().union(*(ways[way] for way in self.head.hidden if way in ways))
        table = build(result, self.head.columns, left_out)
        self.table.show_table(table)
        self.head.name_against(against_title(table.compared))
        self.head.tell_hidden(len(left_out), [way for way, found in ways.items() if found])
        self.table.select_variant(self.doors.card.index)

    def copy_table(self, form: str = "tsv") -> None:
        """The table as text on the clipboard, in one of the forms of `copying`."""
        if self.result:
            QGuiApplication.clipboard().setText(as_text(self.table.table, form))
            self.copied.emit()

    def export(self, path: Path) -> None:
        """Writes the shown result; the exporter tells when it is there."""
        if self.result:
            self.exporter.write(self.result, path)


def _card() -> QFrame:
    card = QFrame()
    card.setProperty("role", "card")
    return card


def _how(result: RunResult, runtimes: Mapping[str, str]) -> str:
    """ "Lab protocol · 5 blocks · ONNX Runtime · batch 1", where all variants agree on it."""
    measured = result.measured
    parts = [result.plan.protocol.stamp[:1].upper() + result.plan.protocol.stamp[1:]]
    blocks = {len(variant.blocks) for variant in measured}
    if blocks:
        parts.append(f"{min(blocks)}–{max(blocks)} blocks" if len(blocks) > 1 else f"{blocks.pop()} blocks")
    parts += scenario_words(result)
    for values in ({runtimes.get(v.runtime, v.runtime) for v in measured}, {f"batch {v.batch}" for v in measured}):
        if len(values) == 1:
            parts.append(values.pop())
    return " · ".join(part for part in parts if part)


def _moment(started: str) -> str:
    try:
        datetime.fromisoformat(started)
    except ValueError:
        return started
    return when(started)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
