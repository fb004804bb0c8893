"""The results page: every number as core.quote prints it, verdicts in words, failed variants in a sentence, nothing invented."""

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QWheelEvent
from pytestqt.qtbot import QtBot

from greenbench.core import quote
from greenbench.core.errors import ReportError
from greenbench.core.measurement import RECORDED, Channel, Domain, Measurement, Provenance, SourceReport, SourceState
from greenbench.core.run import RunResult, Verdict
from greenbench.gui.results.chart import linear, logarithmic
from greenbench.gui.results.copying import as_text
from greenbench.gui.results.export import Exporter
from greenbench.gui.results.panel import ResultsPage
from greenbench.gui.results.rows import Table, build
from greenbench.gui.theme import Theme, font


@pytest.fixture
def page(qtbot: QtBot, theme: Theme) -> ResultsPage:
    page = ResultsPage(theme, Exporter())
    page.resize(1334, 640)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    return page


def _column(table: Table, key: str) -> int:
    return next(index for index, column in enumerate(table.columns) if column.key == key)


def test_a_column_has_one_unit_and_the_digits_of_quote(result: RunResult) -> None:
    table = build(result)
    place = _column(table, "energy")
    shown = quote.scale("J", [0.016, 0.008])
    assert table.columns[place].unit == f"{shown.unit} per inference"
    for row, variant in zip(table.rows[:2], result.variants[:2], strict=True):
        quoted = quote.quote(variant.metrics["energy_per_inference"], shown)
        assert (row.cells[place].text, row.cells[place].sub) == (quoted.text, quoted.interval)
        assert row.cells[place].provenance is Provenance.COUNTER


def test_the_change_against_the_baseline_has_words_sign_and_half_width(result: RunResult) -> None:
    table = build(result)
    cell = table.rows[1].cells[_column(table, "against")]
    assert (cell.text, cell.sub, cell.sign, cell.tone) == ("50 % less", "± 2.0", "arrow-down-bold", "success")
    assert (cell.low, cell.change, cell.high) == (-0.52, -0.5, -0.48)
    assert table.columns[_column(table, "against")].title == "Energy against A"
    assert table.rows[0].cells[_column(table, "against")].text == "Baseline"


def _cell_of(result: RunResult, **update: object) -> tuple[str, str]:
    b = result.variants[1]
    against = b.against | {"energy_per_inference": b.against["energy_per_inference"].model_copy(update=update)}
    table = build(result.model_copy(update={"variants": (result.variants[0], b.model_copy(update={"against": against}))}))
    cell = table.rows[1].cells[_column(table, "against")]
    return cell.text, cell.sub


def test_a_lopsided_interval_shows_its_bounds_as_the_report_does(result: RunResult) -> None:
    less = _cell_of(result, change=-0.69, low=-0.88, high=-0.20, text="69 % less")
    assert less == ("69 % less", "[−88, −20]"), "± 34 would be up to 103 % less"
    assert _cell_of(result, change=-0.7, low=-0.9, high=-0.034, text="70 % less")[1] == "[−90, −3]"
    times = _cell_of(result, change=4.0, low=2.0, high=9.0, verdict=Verdict.HIGHER, text="5.0 times as much")
    assert times[1] == "[3.0, 10.0]"


def test_cannot_tell_has_no_more_digits_than_its_interval_supports(result: RunResult) -> None:
    unclear = _cell_of(result, change=-0.542, low=-0.8, high=0.2, verdict=Verdict.UNCLEAR, text="cannot tell yet")
    assert unclear == ("Cannot tell yet", "−50 %")


def test_the_head_of_p95_says_that_it_is_of_blocks(result: RunResult) -> None:
    """The card of latency has that of all calls pooled, another number."""
    table = build(result)
    assert table.columns[_column(table, "p95")].unit.endswith(", of blocks")


def test_the_source_says_that_a_counter_is_a_recording(result: RunResult) -> None:
    channel = Channel(
        key="package", title=f"CPU package{RECORDED}", domain=Domain.PACKAGE, provenance=Provenance.COUNTER, covers="package", refresh_s=0.1
    )
    source = SourceReport(key="rapl", title=f"RAPL{RECORDED}", state=SourceState.IN_USE, provenance=Provenance.COUNTER, channels=(channel,))
    cell = next(iter(build(result.model_copy(update={"sources": (source,)})).rows)).cells[_column(build(result), "source")]
    assert (cell.text, cell.below) == ("Counter", "recorded")
    assert not build(result).rows[0].cells[_column(build(result), "source")].below


def test_modelled_energy_is_marked_and_latency_is_compared_instead(modelled_result: RunResult) -> None:
    table = build(modelled_result)
    assert table.columns[_column(table, "against")].title == "Latency against A"
    assert table.rows[0].cells[_column(table, "energy")].text.startswith("≈ ")
    assert table.rows[0].cells[_column(table, "source")].provenance is Provenance.MODELLED


def test_a_failed_variant_keeps_its_row_with_the_reason(page: ResultsPage, result: RunResult, qtbot: QtBot) -> None:
    page.show_result(result)
    assert page.table.table.rows[2].failure == "Ratio 99 % leaves 0 channels in conv2."
    assert page.table.columnSpan(2, 1) == len(page.table.table.columns) - 1
    with qtbot.waitSignal(page.open_node) as asked:
        page.table.clicked.emit(page.table.model().index(2, 1))
    assert asked.args == ["prune"]


def test_missing_energy_is_a_dash_with_its_reason(page: ResultsPage, result: RunResult) -> None:
    missing = Measurement.missing("J", "No power source can be read.")
    variants = tuple(
        variant.model_copy(update={"metrics": {**variant.metrics, "energy_per_inference": missing}, "against": {}})
        for variant in result.variants[:2]
    )
    page.show_result(result.model_copy(update={"variants": variants}))
    cell = page.table.table.rows[0].cells[_column(page.table.table, "energy")]
    assert (cell.text, cell.hint) == (quote.NO_READING, "No power source can be read.")
    assert page.cards.trade_off.chart.x_key != "energy_per_inference"


def test_the_copied_table_can_be_read_back(page: ResultsPage, result: RunResult) -> None:
    page.show_result(result)
    page.copy_table()
    lines = list(csv.reader(QGuiApplication.clipboard().text().splitlines(), delimiter="\t"))
    assert lines[0][0] == "Variant"
    assert lines[1][0] == "A Teacher"
    assert lines[2][lines[0].index("Energy against A (paired blocks, 95 % interval)")] == "50 % less ± 2.0"
    assert lines[3] == ["C Broken", "Ratio 99 % leaves 0 channels in conv2."]


def test_the_trade_off_knows_who_is_beaten(page: ResultsPage, result: RunResult) -> None:
    page.show_result(result)
    assert {point.letter: point.on_front for point in page.cards.trade_off.chart._points} == {"A": False, "B": True}
    page.cards.trade_off.chart.set_axes("latency_p50", "size_bytes")
    assert [point.letter for point in page.cards.trade_off.chart._points if point.on_front] == ["B"]
    page.grab()


def _with(result: RunResult, index: int, **changed: Measurement | str) -> RunResult:
    """The result with other metrics (or other words) of one variant."""
    variants = list(result.variants)
    metrics = {**variants[index].metrics, **{key: m for key, m in changed.items() if isinstance(m, Measurement)}}
    words = {key: word for key, word in changed.items() if isinstance(word, str)}
    variants[index] = variants[index].model_copy(update={"metrics": metrics, **words})
    return result.model_copy(update={"variants": tuple(variants)})


def _interval(value: float, low: float, high: float, unit: str) -> Measurement:
    return Measurement(value=value, low=low, high=high, n=5, unit=unit, provenance=Provenance.COUNTER)


def test_only_what_is_beaten_beyond_the_intervals_is_pale(page: ResultsPage, result: RunResult) -> None:
    page.show_result(result)
    page.cards.trade_off.chart.set_axes("latency_p50", "accuracy")
    assert {p.letter: p.beaten for p in page.cards.trade_off.chart._points} == {"A": True, "B": False}, "half the time at the same accuracy"
    unclear = _with(result, 1, latency_p50=_interval(0.0039, 0.0037, 0.0041, "s"))
    page.show_result(unclear)
    page.cards.trade_off.chart.set_axes("latency_p50", "accuracy")
    assert not any(p.beaten for p in page.cards.trade_off.chart._points), "3.9 ms of 3.7 to 4.1 may as well be 4.0"
    worse = _with(result, 1, accuracy=_interval(0.979, 0.96, 0.99, "1"))
    page.show_result(worse)
    page.cards.trade_off.chart.set_axes("latency_p50", "accuracy")
    assert not any(p.beaten for p in page.cards.trade_off.chart._points), "faster, but perhaps less accurate"


def test_a_modelled_axis_ranks_nobody_and_says_so(page: ResultsPage, modelled_result: RunResult) -> None:
    page.show_result(modelled_result)
    page.cards.trade_off.x_box.setCurrentIndex(page.cards.trade_off.x_box.findData("energy_per_inference"))
    page.cards.trade_off.set_axes()
    assert len(page.cards.trade_off.chart._points) == 2
    assert not any(point.beaten or point.on_front for point in page.cards.trade_off.chart._points)
    assert page.cards.trade_off.chart.note == "modelled: not compared"
    page.cards.trade_off.x_box.setCurrentIndex(page.cards.trade_off.x_box.findData("latency_p50"))
    page.cards.trade_off.set_axes()
    assert any(point.on_front for point in page.cards.trade_off.chart._points)
    assert page.cards.trade_off.chart.note != "modelled: not compared"


def test_what_coding_and_precision_gained_stands_in_the_table(page: ResultsPage, result: RunResult) -> None:
    counts = {"parameters": Measurement.exact(300_000, ""), "nonzero_parameters": Measurement.exact(30_000, "")}
    coded = _with(result, 0, size_coded_bytes=Measurement.exact(180_000, "B"), precision="int8", **counts)
    page.show_result(coded)
    table = page.table.table
    size = table.rows[0].cells[_column(table, "size")]
    assert table.columns[_column(table, "size")].unit == "MB: file, coded"
    assert (size.text, size.below) == ("1.20", "0.180")
    assert table.rows[0].cells[_column(table, "runs")].text == "int8"
    for hint in (size.hint, table.rows[0].cells[0].hint):
        assert f"{quote.count(300_000)} parameters, {quote.count(30_000)} of them not zero" in hint
    assert "1.20 (0.180)" in as_text(table)
    assert table.rows[1].cells[_column(table, "size")].below == ""


@pytest.mark.parametrize("width", [560, 1000, 1500])
def test_nothing_of_the_table_is_dropped_at_any_width(page: ResultsPage, result: RunResult, width: int) -> None:
    page.resize(width, 640)
    page.show_result(result)
    view = page.table
    for place, column in enumerate(view.table.columns):
        room = view.columnWidth(place) - 24
        assert QFontMetricsF(font(12, 600)).horizontalAdvance(column.title) <= room, column.title
        for row in view.table.rows[:2]:
            cell = row.cells[place]
            if column.kind == "number":
                assert QFontMetricsF(font(13, 600)).horizontalAdvance(cell.text) <= room
                assert QFontMetricsF(font(11)).horizontalAdvance(cell.sub) <= room, "the interval has its own line at least"
    wide = sum(view.columnWidth(place) for place in range(len(view.table.columns)))
    assert wide - view.viewport().width() == view.horizontalScrollBar().maximum(), "what does not fit is reached by scrolling"
    assert (view.horizontalScrollBar().maximum() == 0) is (width == 1500)


def test_the_wheel_scrolls_the_page_and_leaves_the_axes_alone(page: ResultsPage, result: RunResult) -> None:
    page.show_result(result)
    before = page.cards.trade_off.x_box.currentIndex()

    def turn() -> QWheelEvent:
        at = QPointF(5, 5)
        buttons, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
        event = QWheelEvent(at, at, QPoint(), QPoint(0, -120), buttons, keys, Qt.ScrollPhase.NoScrollPhase, False)
        page.cards.trade_off.x_box.wheelEvent(event)
        return event

    page.setFocus()
    assert not turn().isAccepted(), "goes on to the page"
    assert page.cards.trade_off.x_box.currentIndex() == before
    page.cards.trade_off.x_box.setFocus()
    assert not turn().isAccepted(), "with the focus too"
    assert page.cards.trade_off.x_box.currentIndex() == before


@pytest.mark.parametrize("count", [0, 1, 24])
def test_any_number_of_variants_is_drawn(page: ResultsPage, result: RunResult, count: int) -> None:
    several = tuple(
        result.variants[index % 3].model_copy(update={"letter": chr(65 + index), "name": "Läng" * (index + 1)}) for index in range(count)
    )
    page.show_result(result.model_copy(update={"variants": several}))
    assert not page.grab().isNull()
    assert len(page.table.table.rows) == count


def test_an_export_that_fails_is_told_and_leaves_no_file(page: ResultsPage, result: RunResult, qtbot: QtBot, tmp_path: Path) -> None:
    page.show_result(result)
    target = tmp_path / "nowhere" / "table.csv"
    with qtbot.waitSignal(page.exporter.failed, timeout=20_000) as told:
        page.export(target)
    page.exporter.wait()
    assert isinstance(told.args[0], ReportError)
    assert not target.exists()


def test_an_export_has_the_numbers_of_the_result(page: ResultsPage, result: RunResult, qtbot: QtBot, tmp_path: Path) -> None:
    page.show_result(result)
    with qtbot.waitSignal(page.exporter.written, timeout=20_000) as told:
        page.export(tmp_path / "table.csv")
    page.exporter.wait()
    assert "0.016" in Path(told.args[0]).read_text(encoding="utf-8")


def test_axes_hold_all_values_and_have_round_ticks() -> None:
    axis = linear([4.0, 17.0], "x")
    assert axis.low <= 4.0
    assert axis.high >= 17.0
    assert axis.ticks == (5.0, 10.0, 15.0)
    wide = logarithmic([0.2, 40.0], "x")
    assert wide.share(0.2) > 0
    assert wide.share(40.0) < 1
    assert wide.ticks == (1.0, 10.0)
