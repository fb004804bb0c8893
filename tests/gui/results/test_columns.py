"""The table shows the columns that were chosen, remembers them, leaves out what is filtered, and is copied in three forms."""

import csv

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from greenbench.core.metrics import METRICS, QUALITY
from greenbench.core.run import RunResult
from greenbench.gui.results.columns import DEFAULT, chosen_from, offers
from greenbench.gui.results.copying import as_text
from greenbench.gui.results.export import Exporter
from greenbench.gui.results.panel import ResultsPage
from greenbench.gui.results.rows import build
from greenbench.gui.settings import Settings
from greenbench.gui.theme import Theme


@pytest.fixture
def settings() -> Settings:
    return Settings()


@pytest.fixture
def page(qtbot: QtBot, theme: Theme, settings: Settings, result: RunResult) -> ResultsPage:
    page = ResultsPage(theme, Exporter(), settings=settings)
    page.resize(1334, 640)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    page.show_result(result)
    return page


def _keys(page: ResultsPage) -> list[str]:
    return [column.key for column in page.table.table.columns]


def test_every_metric_can_be_a_column(result: RunResult) -> None:
    keys = [offer.key for offer in offers()]
    table = build(result, keys)
    shown = {column.metric for column in table.columns}
    assert {metric.key for metric in METRICS if metric.key not in QUALITY} <= shown
    assert result.quality in shown
    assert len(table.rows[0].cells) == len(table.columns) == len(keys) + 1
    assert all(offer.help for offer in offers())


def test_what_was_chosen_is_shown_and_remembered(page: ResultsPage, settings: Settings, theme: Theme) -> None:
    assert _keys(page) == ["variant", *DEFAULT]
    page.head._column_actions["throughput"].trigger()
    page.head._column_actions["p95"].trigger()
    assert "throughput" in _keys(page)
    assert "p95" not in _keys(page)
    again = ResultsPage(theme, Exporter(), settings=settings)
    assert again.head.columns == tuple(_keys(page)[1:])
    again.deleteLater()


def test_the_space_bar_ticks_and_the_menu_stays(page: ResultsPage, qtbot: QtBot) -> None:
    menu = page.head.column_button.menu()
    menu.popup(page.mapToGlobal(page.rect().center()))
    qtbot.waitUntil(menu.isVisible)
    menu.setActiveAction(page.head._column_actions["flops"])
    qtbot.keyClick(menu, Qt.Key.Key_Space)
    assert "flops" in _keys(page)
    assert menu.isVisible()
    qtbot.keyClick(menu, Qt.Key.Key_Escape)
    assert not menu.isVisible()


def test_words_that_mean_no_column_give_those_of_the_beginning() -> None:
    assert chosen_from("") == DEFAULT
    assert chosen_from("beauty") == DEFAULT
    assert chosen_from("source p50 beauty") == ("p50", "source")


def test_without_any_column_the_names_remain(page: ResultsPage) -> None:
    page.head.choose_columns(())
    assert _keys(page) == ["variant"]
    assert not page.grab().isNull()
    page.head.choose_columns(DEFAULT)
    assert _keys(page) == ["variant", *DEFAULT]


def test_the_filter_hides_what_failed_and_says_how_many(page: ResultsPage) -> None:
    page.head._filter_actions["failed"].trigger()
    assert [row.variant.letter for row in page.table.table.rows] == ["A", "B"]
    assert page.head.filter_button.text() == "Filter: 1 hidden"
    page.head._filter_actions["failed"].trigger()
    assert [row.variant.letter for row in page.table.table.rows] == ["A", "B", "C"]
    assert page.head.filter_button.text() == "Filter"


def test_hidden_rows_do_not_move_the_choice_to_another_variant(page: ResultsPage, qtbot: QtBot) -> None:
    page.cards.trade_off.x_box.setCurrentIndex(page.cards.trade_off.x_box.findData("latency_p50"))
    page.cards.trade_off.set_axes()
    page.head._filter_actions["beaten"].trigger()
    assert [row.variant.letter for row in page.table.table.rows] == ["B", "C"]
    with qtbot.waitSignal(page.table.chosen) as told:
        page.table.selectRow(1)
    assert told.args == [2], "the place of C among all variants"
    assert page.doors.card.index == 2


def test_the_table_is_copied_as_csv_and_markdown(page: ResultsPage) -> None:
    page.copy_table("csv")
    lines = list(csv.reader(QGuiApplication.clipboard().text().splitlines()))
    assert lines[0][0] == "Variant"
    assert lines[2][lines[0].index("Energy against A (paired blocks, 95 % interval)")] == "50 % less ± 2.0"
    page.copy_table("markdown")
    text = QGuiApplication.clipboard().text().splitlines()
    assert text[0].startswith("| Variant |")
    assert len({line.count(" | ") for line in text}) == 1, "every line has all cells"
    assert "---:" in text[1]
    assert "| C Broken | Ratio 99 % leaves 0 channels in conv2. |" in text[4]


def test_a_bar_in_a_name_does_not_break_a_markdown_table(result: RunResult) -> None:
    first = result.variants[0].model_copy(update={"name": "a|b"})
    table = build(result.model_copy(update={"variants": (first,)}), ("p50",))
    assert "| A a\\|b |" in as_text(table, "markdown")
