"""The results page: the verdict in a sentence, the comparison table, the trade-off, the distribution of latency, and the exports."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QMenu, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from greenbench.core.metrics import BY_KEY
from greenbench.core.run import RunResult, RunState
from greenbench.gui.claim_card import ClaimCards, claims_of
from greenbench.gui.controls import Button, Choice, GivingText, Icon, Text, row
from greenbench.gui.history import when
from greenbench.gui.marks import variant_pixmap
from greenbench.gui.results.distribution import LatencyDistribution
from greenbench.gui.results.doors import VariantDoors
from greenbench.gui.results.export import FORMATS, Exporter
from greenbench.gui.results.rows import build
from greenbench.gui.results.table_view import ResultsTable
from greenbench.gui.results.trade_off import X_CHOICES, TradeOff, y_choices
from greenbench.gui.results.under_way import UnderWay
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

    def __init__(self, theme: Theme, exporter: Exporter, runtimes: Mapping[str, str] | None = None) -> None:
        """`runtimes` has the words for the keys of runtimes ("onnxruntime": "ONNX Runtime")."""
        super().__init__()
        self._theme, self.exporter, self._runtimes = theme, exporter, dict(runtimes or {})
        self.setProperty("role", "page")
        self.result: RunResult | None = None
        self.table = ResultsTable(theme)
        self.trade_off = TradeOff(theme)
        self.distribution = LatencyDistribution(theme)
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
        layout.addLayout(self._head())
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
        self._notes = Text("", 12, 400, "second", wrap=True)
        layout.addWidget(self._notes)
        self._drawn = QWidget()
        self._drawn.setLayout(self._charts())
        layout.addWidget(self._drawn, 1)
        self._rest = QWidget()
        layout.addWidget(self._rest, 1)
        self._rest.hide()

    def _head(self) -> QHBoxLayout:
        self._title, self._when = Text("", 16, 600), GivingText(12, 400, "muted")
        self._copy = copy = Button(self._theme, "Copy table", "copy")
        copy.clicked.connect(self.copy_table)
        export = Button(self._theme, "Export results", "export")
        menu = QMenu(export)
        for suffix, title in FORMATS.items():
            menu.addAction(f"{title} (.{suffix})").triggered.connect(partial(self._ask_export, suffix))
        export.setMenu(menu)
        return row(self._title, self._when, 0, self.doors.look, self.doors.export, copy, export, spacing=8)

    def _ask_export(self, suffix: str, _checked: bool = False) -> None:
        self.export_asked.emit(suffix)

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

    def _charts(self) -> QHBoxLayout:
        self._x, self._y = self._axis_box(X_CHOICES, "x axis"), self._axis_box(y_choices(None), "y axis")
        self._trade_note = Text(self.trade_off.note, 12, 400, "muted")
        first = _chart_card(
            "Trade-off",
            self._trade_note,
            self.trade_off,
            [Text("x", 12, 400, "muted"), self._x, Text("y", 12, 400, "muted"), self._y],
        )
        second = _chart_card("Latency", Text("each timed call", 12, 400, "muted"), self.distribution, [])
        layout = QHBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(first, 3)
        layout.addWidget(second, 2)
        return layout

    def _axis_box(self, keys: Sequence[str], name: str) -> QComboBox:
        box = Choice()
        box.setFont(font(12))
        box.setFixedHeight(26)
        box.setAccessibleName(name)
        _fill(box, keys)
        box.activated.connect(self._set_axes)
        return box

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
        self._title.setText(result.title)
        state = _STATES.get(result.state, "")
        self._when.say(" · ".join(part for part in (whose, _moment(result.started), state) if part))
        judged = claims_of(result)
        self.claims.show_claims(judged)
        compared = bool(result.variants) or not judged  # a pipeline that only judges a claim has no variants to compare
        for part in (self._said, self._compared, self._drawn):
            part.setVisible(compared)
        self._rest.setVisible(not compared)
        self._copy.setVisible(compared)
        said = headline(result)
        self._said_pick = said.pick
        self.verdict.setText(f"<b>{_escaped(said.bold)}</b> {_escaped(said.rest)}")
        self._show_pick()
        self._protocol.setText(_how(result, self._runtimes))
        self.table.show_table(build(result))
        first = next((index for index, variant in enumerate(result.variants) if variant.letter == said.pick), 0)
        self.doors.show_result(result, first)
        notes = list(dict.fromkeys(warning.text for warning in result.warnings))
        self._notes.setText("  ".join(notes[:3]) + (f"  And {len(notes) - 3} more in the report." if len(notes) > 3 else ""))
        self._notes.setVisible(bool(notes))
        self._show_charts(result)
        self.table.selectRow(first)

    def _show_charts(self, result: RunResult) -> None:
        self.trade_off.show_result(result)
        self.distribution.show_result(result)
        ranked = X_CHOICES if result.energy_provenance.measured else X_CHOICES[1:]
        x = next((key for key in ranked if self.trade_off.usable(key)), X_CHOICES[0])
        choices = y_choices(result)
        _fill(self._y, choices)
        y = next((key for key in choices if self.trade_off.usable(key) and key != x), choices[0])
        self._x.setCurrentIndex(self._x.findData(x))
        self._y.setCurrentIndex(self._y.findData(y))
        self._set_axes()

    def _show_pick(self) -> None:
        pick = getattr(self, "_said_pick", None)
        index = next((i for i, v in enumerate(self.result.variants) if v.letter == pick), None) if self.result else None
        self._pick.setVisible(index is not None)
        if index is not None:
            self._pick.setPixmap(variant_pixmap(self._theme.variant(index), 12, 18, self.devicePixelRatioF()))

    def _set_axes(self, _index: int = 0) -> None:
        self.trade_off.set_axes(self._x.currentData(), self._y.currentData())
        self._trade_note.setText(self.trade_off.note)

    def _choose(self, index: int) -> None:
        self.trade_off.choose(index)
        self.distribution.choose(index)
        self.doors.choose(index)

    def copy_table(self) -> None:
        """The table as text on the clipboard."""
        if self.result:
            QGuiApplication.clipboard().setText(self.table.table.text())
            self.copied.emit()

    def export(self, path: Path) -> None:
        """Writes the shown result; the exporter tells when it is there."""
        if self.result:
            self.exporter.write(self.result, path)


def _fill(box: QComboBox, keys: Sequence[str]) -> None:
    box.clear()
    for key in keys:
        box.addItem(BY_KEY[key].short if key != "latency_p50" else "Latency p50", key)


def _card() -> QFrame:
    card = QFrame()
    card.setProperty("role", "card")
    return card


def _chart_card(title: str, detail: Text, chart: QWidget, controls: Sequence[QWidget]) -> QFrame:
    card = _card()
    card.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    card.setMinimumHeight(250)
    layout = QVBoxLayout(card)
    layout.setContentsMargins(14, 10, 10, 8)
    layout.setSpacing(4)
    head = row(Text(title, 13, 600), detail, 0, *controls)
    layout.addLayout(head)
    layout.addWidget(chart, 1)
    return card


def _how(result: RunResult, runtimes: Mapping[str, str]) -> str:
    """ "Lab protocol · 5 blocks · ONNX Runtime · batch 1", where all variants agree on it."""
    measured = result.measured
    parts = [result.plan.protocol.stamp[:1].upper() + result.plan.protocol.stamp[1:]]
    blocks = {len(variant.blocks) for variant in measured}
    if blocks:
        parts.append(f"{min(blocks)}–{max(blocks)} blocks" if len(blocks) > 1 else f"{blocks.pop()} blocks")
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
