"""Ledger, percentiles, power and remarks on the results page: sums that add up, and what is not known said so."""

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from greenbench.core import quote
from greenbench.core.charge import Charge, ChargeKind, Spending
from greenbench.core.measurement import Measurement, Provenance, WindowKind
from greenbench.core.run import Block, PowerTrace, Remark, RunResult
from greenbench.core.timed import Percentile
from greenbench.core.traced import Phase
from greenbench.gui.results.cards import ResultCards
from greenbench.gui.results.joules import cell_words, with_half
from greenbench.gui.results.latency_card import LatencyCard, open_interval, percentiles_of, support_words
from greenbench.gui.results.ledger_card import GROUPS, LedgerCard, ledger_words, reach_words, sums
from greenbench.gui.results.ledger_dialog import LedgerDialog, spent_words
from greenbench.gui.results.power_card import PowerCard, legend_names, stretches_of
from greenbench.gui.results.remarks import Remarks, ordered
from greenbench.gui.session_total import SessionTotal
from greenbench.gui.theme import Theme


def line(kind: ChargeKind, joules: float | None, title: str = "Step", **more: object) -> Charge:
    energy = Measurement.missing("J", "the meter was silent") if joules is None else Measurement.exact(joules, "J")
    return Charge(kind=kind, node="n", title=title, energy=energy, seconds=2.0, **more)


LEDGER = (
    line(ChargeKind.TRAINING, 700.0, "Train", digest="t"),
    line(ChargeKind.COMPRESSION, 200.0, "Prune", digest="p"),
    line(ChargeKind.BLOCKS, 60.0, "Blocks"),
    line(ChargeKind.IDLE, 40.0, "Idle"),
)


def test_every_kind_of_charge_is_in_exactly_one_group() -> None:
    kinds = [kind for group in GROUPS for kind in group.kinds]
    assert sorted(kinds) == sorted(ChargeKind)


def test_the_groups_add_up_to_the_run(qtbot: QtBot, theme: Theme, result: RunResult) -> None:
    found = sums(LEDGER)
    assert [(each.group.title, each.energy_j, each.share) for each in found] == [
        ("Training", 700.0, pytest.approx(0.7)),
        ("Compression", 200.0, pytest.approx(0.2)),
        ("Measuring", 100.0, pytest.approx(0.1)),
    ]
    card = LedgerCard(theme)
    qtbot.addWidget(card)
    card.show_result(result.model_copy(update={"ledger": LEDGER}))
    assert card.total.text() == "1.00 kJ"
    assert sum(part.value for part in card.bar.parts) == 1000.0


def test_a_line_without_reading_makes_the_sum_a_least(qtbot: QtBot, theme: Theme, result: RunResult) -> None:
    card = LedgerCard(theme)
    qtbot.addWidget(card)
    card.show_result(result.model_copy(update={"ledger": (*LEDGER, line(ChargeKind.DATA, None, "Data"))}))
    assert card.total.text() == "at least 1.00 kJ"
    assert "1 of 5 lines have no reading" in card.words.text()


def test_a_run_without_any_reading_says_why(qtbot: QtBot, theme: Theme, result: RunResult) -> None:
    card = LedgerCard(theme)
    qtbot.addWidget(card)
    card.show_result(result.model_copy(update={"ledger": (line(ChargeKind.DATA, None),)}))
    assert card.total.text() == quote.NO_READING
    assert "the meter was silent" in card.words.text()


def test_every_line_stands_in_the_dialog(qtbot: QtBot, theme: Theme) -> None:
    parent = QLabel()
    qtbot.addWidget(parent)
    dialog = LedgerDialog(parent, theme, (*LEDGER, line(ChargeKind.TRAINING, 5.0, "Again", cached=True)))
    assert dialog.table.topLevelItemCount() == 6
    assert dialog.table.topLevelItem(4).text(7) == "from the cache"
    heads = [dialog.table.headerItem().text(column) for column in range(dialog.table.columnCount())]
    assert heads[:6] == ["What", "On what", "For", "Time", "Energy, J", "±"]
    assert [dialog.table.topLevelItem(0).text(column) for column in (4, 6)] == ["700", "◉"]
    assert dialog.table.topLevelItem(5).text(0) == "All lines"
    assert dialog.table.topLevelItem(5).text(4) == "1000", "three digits, as everywhere"
    dialog.close()


def test_the_dialog_tells_what_all_runs_took_with_their_trainings_counted() -> None:
    joules = Measurement(value=9100.0, low=8900.0, high=9300.0, unit="J")
    spent = Spending(scope="pipeline", runs=3, experiments=12, flop=3.4e15, training=joules, energy=joules)
    words = spent_words((spent,))
    assert words.startswith("All three runs of this pipeline (E·D·H): 12 trainings, 3.40 PFLOP of work, 9.10 ± 0.20 kJ in all ◉")
    assert "9.10 ± 0.20 kJ of it in training." in words
    two, one = (spent.model_copy(update={"runs": runs, "scope": "session"}) for runs in (2, 1))
    assert [words.partition(" (")[0] for words in spent_words((two, one)).splitlines()] == [
        "Both runs since the start",
        "The one run since the start",
    ]


def test_the_card_tells_of_two_runs_as_terminal_and_report_do(result: RunResult) -> None:
    joules = Measurement(value=9100.0, low=8900.0, high=9300.0, unit="J")
    two = Spending(scope="pipeline", runs=2, experiments=0, flop=0.0, training=joules, energy=joules)
    assert "Both runs of this pipeline: 9.1" in ledger_words(result.model_copy(update={"spent": (two,)}), LEDGER, "")


def test_modelled_joules_have_a_sign_and_how_far_they_may_be_off() -> None:
    modelled = Measurement(value=7600.0, low=3800.0, high=11400.0, unit="J", provenance=Provenance.MODELLED)
    assert cell_words(modelled, quote.Scale("kJ", 1e-3)) == ("≈ 8", "4")
    assert with_half(modelled, quote.Scale("J", 1.0)) == "≈ 8000 ± 4000 J"


def test_wall_and_chip_joules_are_not_added_without_a_word() -> None:
    def of(provenance: Provenance) -> Charge:
        energy = Measurement(value=5.0, low=5.0, high=5.0, unit="J", provenance=provenance)
        return Charge(kind=ChargeKind.TRAINING, node="n", title="T", energy=energy)

    assert reach_words([of(Provenance.COUNTER), of(Provenance.COUNTER)]) == ""
    assert reach_words([of(Provenance.EXTERNAL)]) == ""
    assert reach_words([of(Provenance.EXTERNAL), of(Provenance.COUNTER)]).startswith("Partly the whole system")


def test_the_session_counts_each_joule_once(qtbot: QtBot, theme: Theme, result: RunResult) -> None:
    total = SessionTotal(theme)
    qtbot.addWidget(total)
    total.add(result.model_copy(update={"ledger": LEDGER}))
    assert total.words.text() == "Session total 1.00 kJ"
    again = (line(ChargeKind.TRAINING, 700.0, "Train", digest="t", cached=True), line(ChargeKind.BLOCKS, 50.0))
    total.add(result.model_copy(update={"run_id": "run-2", "ledger": again}))
    assert total.words.text() == "Session total 1.05 kJ"
    assert "2 runs" in total.toolTip()


def test_the_session_counts_the_run_under_way(qtbot: QtBot, theme: Theme, result: RunResult) -> None:
    total = SessionTotal(theme)
    qtbot.addWidget(total)
    total.count_in(40.0, Provenance.COUNTER)
    assert total.words.text() == "Session total 40.0 J"
    total.add(result.model_copy(update={"ledger": LEDGER}))
    total.count_in(500.0, Provenance.MODELLED)
    assert total.words.text() == "Session total ≈ 1.50 kJ"
    assert "under way" in total.toolTip()


def percentile(q: float, value: float, n: int, needed: int) -> Percentile:
    return Percentile(q=q, value_s=value, low_s=value * 0.9, high_s=value * 1.1, n=n, needed=needed, supported=n >= needed)


FOUND = (percentile(0.5, 0.001, 6021, 2048), percentile(0.9, 0.0012, 6021, 24_576), percentile(0.99, 0.002, 6021, 270_336))


def test_percentiles_have_intervals_and_say_where_calls_are_too_few(qtbot: QtBot, theme: Theme, result: RunResult) -> None:
    card = LatencyCard(theme)
    qtbot.addWidget(card)
    variant = result.variants[0].model_copy(update={"percentiles": FOUND})
    card.show_result(result.model_copy(update={"variants": (variant, *result.variants[1:])}))
    card.choose(0)
    assert [head.text() for head in card.heads] == ["p50", "p90", "p99", ""]
    assert card.ends[0].text() == "0.90–1.10"
    assert [value.property("tone") or "" for value in card.values[:3]] == ["", "muted", "muted"]
    assert card.support.text() == (
        f"{quote.count(6021)} calls: too few to state p90 and p99 (MLPerf asks for {quote.count(24_576)} and {quote.count(270_336)}). "
        "What is known of them is the interval."
    )
    assert "do not support it" in card.values[2].toolTip()


def test_an_interval_that_no_call_bounds_is_open() -> None:
    micro = quote.Scale("µs", 1e6)
    assert open_interval(FOUND[1].model_copy(update={"high_s": None}), micro) == "from 1100"
    assert open_interval(FOUND[1].model_copy(update={"low_s": None}), micro) == "to 1300"
    assert open_interval(FOUND[1].model_copy(update={"low_s": None, "high_s": None}), micro) == ""


def test_an_older_run_shows_the_quantiles_of_its_calls_without_intervals(result: RunResult) -> None:
    blocks = (Block(index=0, t0_ns=0, t1_ns=10**9, calls=250, median_s=0.004),)
    found = percentiles_of(result.variants[0].model_copy(update={"blocks": blocks}))
    assert [p.q for p in found] == [0.5, 0.9, 0.95, 0.99]
    assert found[0].low_s is None
    assert support_words(found) == "250 calls; this older run kept no intervals of its percentiles."
    assert support_words(()) == ""


def test_watts_of_a_finished_run_are_drawn_with_its_blocks(qtbot: QtBot, theme: Theme, result: RunResult) -> None:
    trace = PowerTrace(
        channel="cpu", title="CPU", provenance=Provenance.COUNTER, t_s=(0.0, 1.0, 2.0, 9.0, 10.0), low_w=(5.0,) * 5, high_w=(7.0,) * 5
    )
    block = Block(index=0, t0_ns=3 * 10**9, t1_ns=4 * 10**9, calls=10, median_s=0.1)
    variants = (result.variants[0].model_copy(update={"blocks": (block,)}), *result.variants[1:])
    card = PowerCard(theme)
    card.resize(500, 300)
    qtbot.addWidget(card)
    card.show_result(result.model_copy(update={"traces": (trace,), "started_ns": 2 * 10**9, "variants": variants}))
    assert card.chart.blocks == [(1.0, 2.0, 0)]
    assert card.chart.y_axis.high >= 7.0
    assert not card.grab().isNull()
    assert stretches_of(trace) == [(0, 2), (3, 4)], "nothing was read for seven seconds"
    assert card.chart.x_axis.low == 1.0, "the benchmark stands alone at first"
    assert card.span.isVisibleTo(card)
    card.show_result(result)
    assert "No power was read" in card.chart.word
    assert not card.grab().isNull()


def test_every_channel_stands_in_the_legend_and_a_model_says_so_once() -> None:
    def trace(title: str, provenance: Provenance) -> PowerTrace:
        return PowerTrace(channel=title, title=title, provenance=provenance, t_s=(0.0,), low_w=(1.0,), high_w=(1.0,))

    traces = [
        trace("CPU package (model)", Provenance.MODELLED),
        trace("Memory", Provenance.COUNTER),
        trace("Lab plug", Provenance.EXTERNAL),
    ]
    assert legend_names(traces, 999.0, len) == ["CPU package, modelled", "Memory, counter", "Lab plug, external"]
    tight = legend_names(traces, 30.0, len)
    assert len(tight) == 3
    assert all(name.endswith(each.provenance.mark) for name, each in zip(tight, traces, strict=True))


def test_the_band_of_a_model_fits_under_the_top(qtbot: QtBot, theme: Theme, result: RunResult) -> None:
    trace = PowerTrace(channel="m", title="M", provenance=Provenance.MODELLED, t_s=(0.0, 1.0), low_w=(9.0, 9.0), high_w=(10.0, 10.0))
    card = PowerCard(theme)
    qtbot.addWidget(card)
    card.show_result(result.model_copy(update={"traces": (trace,)}))
    assert card.chart.y_axis.high >= 15.0
    assert not card.grab().isNull()


REMARKS = (
    Remark(kind="limit", text="360 test examples."),
    Remark(kind="warning", text="Clocks moved 18 % during block 3.", variant="B"),
    Remark(kind="warning", text="Clocks moved 18 % during block 3.", variant="B"),
    Remark(kind="deviation", text="The meter was silent."),
    Remark(kind="warning", text="Another process was busy."),
)


def test_remarks_stand_once_each_with_the_mark_of_their_variant(qtbot: QtBot, theme: Theme, result: RunResult) -> None:
    assert [remark.kind for remark in ordered(REMARKS)] == ["deviation", "warning", "warning", "limit"]
    shown = Remarks(theme)
    qtbot.addWidget(shown)
    shown.show_result(result.model_copy(update={"warnings": REMARKS}))
    assert shown.shown == ["The meter was silent.", "Clocks moved 18 % during block 3.", "Another process was busy."]
    marks = shown.findChildren(QLabel, "variant")
    assert [mark.property("index") for mark in marks] == [1]
    assert shown.more.text() == "1 more"
    shown.more.click()
    assert len(shown.shown) == 4
    assert shown.more.text() == "Show fewer"
    shown.show_result(result)
    assert shown.isHidden()


@pytest.mark.parametrize(("width", "columns"), [(1300, 3), (900, 2), (500, 1)])
def test_the_cards_take_as_many_columns_as_there_is_room_for(
    qtbot: QtBot, theme: Theme, result: RunResult, width: int, columns: int
) -> None:
    cards = ResultCards(theme)
    qtbot.addWidget(cards)
    cards.resize(width, 900)
    with qtbot.waitExposed(cards):
        cards.show()
    cards.show_result(result, 1)
    assert cards._columns == columns
    assert cards.width() == width


def test_the_benchmark_stands_alone_where_it_was_kept_closely(qtbot: QtBot, theme: Theme, result: RunResult) -> None:
    def trace(first: float, last: float) -> PowerTrace:
        return PowerTrace(channel="cpu", title="CPU", provenance=Provenance.COUNTER, t_s=(first, last), low_w=(5.0, 5.0), high_w=(7.0, 7.0))

    training = Phase(kind=WindowKind.STEP, label="Train", t0_s=0.0, t1_s=90.0)
    kept = result.model_copy(
        update={"traces": (trace(0.0, 100.0),), "benchmark_traces": (trace(90.0, 100.0),), "phases": (training,), "started_ns": 1}
    )
    card = PowerCard(theme)
    card.resize(500, 300)
    qtbot.addWidget(card)
    card.show_result(kept)
    assert card.chart.x_axis.low == pytest.approx(90.0, abs=1.0)
    card.span.chosen.emit(True)
    assert card.chart.x_axis.low == 0.0
    assert card.chart.phases == (training,)
    assert not card.grab().isNull()
    card.show_result(result)
    assert card.span.isHidden()
