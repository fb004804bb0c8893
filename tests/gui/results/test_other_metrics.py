"""A run whose answers are judged by another metric than accuracy: its own words, its own unit, and lower is better where it is."""

import pytest
from pytestqt.qtbot import QtBot

from greenbench.core.measurement import Measurement
from greenbench.core.run import Comparison, RunResult, Verdict
from greenbench.gui.results.copying import as_text
from greenbench.gui.results.export import Exporter
from greenbench.gui.results.panel import ResultsPage
from greenbench.gui.results.rows import build
from greenbench.gui.theme import Theme


@pytest.fixture
def regression(result: RunResult) -> RunResult:
    """The teacher errs by 3.1 °C, the half by 2.8; no accuracy anywhere."""
    worse = Comparison(verdict=Verdict.LOWER, change=-0.1, low=-0.13, high=-0.07, good=True, text="10 % less")
    found = []
    for variant, value in zip(result.variants[:2], (3.12, 2.81), strict=True):
        error = Measurement(value=value, low=value - 0.1, high=value + 0.1, n=360, unit="°C")
        metrics = {key: m for key, m in variant.metrics.items() if key != "accuracy"}
        against = {key: c for key, c in variant.against.items() if key != "accuracy"}
        against["mean_absolute_error"] = variant.against["accuracy"] if variant.letter == "A" else worse
        found.append(variant.model_copy(update={"metrics": {**metrics, "mean_absolute_error": error}, "against": against}))
    return result.model_copy(update={"variants": (*found, result.variants[2])})


def test_the_table_has_the_error_in_the_targets_unit(regression: RunResult) -> None:
    table = build(regression)
    columns = {column.key: column for column in table.columns}
    assert (columns["accuracy"].title, columns["accuracy"].unit) == ("Mean error", "°C, 95 % interval")
    assert columns["accuracy-against"].title == "Mean error against A"
    cells = {column.key: cell for column, cell in zip(table.columns, table.rows[1].cells, strict=True)}
    assert (cells["accuracy"].text, cells["accuracy"].sub) == ("2.81", "2.71–2.91")
    assert (cells["accuracy-against"].text, cells["accuracy-against"].sub, cells["accuracy-against"].tone) == (
        "10 % less",
        "± 3.0",
        "success",
    )
    assert "Accuracy" not in as_text(table)


def test_the_trade_off_prefers_less_error(qtbot: QtBot, theme: Theme, regression: RunResult) -> None:
    page = ResultsPage(theme, Exporter())
    qtbot.addWidget(page)
    page.resize(1334, 900)
    page.show_result(regression)
    assert page.cards.trade_off.chart.y_key == "mean_absolute_error"
    assert page.cards.trade_off.y_box.currentText() == "Mean error"
    assert page.cards.trade_off.chart.y_axis.title == "mean absolute error, °C"
    page.cards.trade_off.chart.set_axes("latency_p50", "mean_absolute_error")
    points = page.cards.trade_off.chart._points
    assert {point.letter: point.on_front for point in points} == {"A": False, "B": True}, "less error in less time"
    assert "accuracy" not in page.verdict.text().lower()
    assert not page.grab().isNull()


def test_after_a_regression_a_classification_shows_accuracy_again(
    qtbot: QtBot, theme: Theme, regression: RunResult, result: RunResult
) -> None:
    page = ResultsPage(theme, Exporter())
    qtbot.addWidget(page)
    page.show_result(regression)
    page.show_result(result)
    assert page.cards.trade_off.y_box.currentText() == "Accuracy"
    assert page.cards.trade_off.chart.y_axis.title == "accuracy, %"
