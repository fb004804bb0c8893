"""The sensors page in the window: from badge, start page, menu and keys, with live values and remedies, and back again."""

import time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel
from pytestqt.qtbot import QtBot

from greenbench.core import messages
from greenbench.core.measurement import Provenance, Sample, SourceReport
from greenbench.core.pipeline import Pipeline
from greenbench.gui.app import build
from greenbench.gui.focus_tour import next_panel
from greenbench.gui.main_window import MainWindow
from greenbench.gui.sensors.detail import CodeBox
from greenbench.gui.sensors.page import CALM_MS, SensorsPage
from greenbench.gui.sensors.table import COVERS, HEAD, NOTE, NOW, REFRESH, ROW, STATE
from greenbench.gui.theme import Theme
from greenbench.steps import installed

S = 1_000_000_000
LEFT = Qt.MouseButton.LeftButton
Reports = tuple[SourceReport, ...]


def hear(window: MainWindow, runner, *events: object) -> None:
    runner.say(*events)
    window.parts.bridge.drain()


def reading(key: str, watts: float | None, ago_s: float = 0.0, reason: str = "") -> Sample:
    return Sample(channel=key, t_ns=time.perf_counter_ns() - round(ago_s * S), power_w=watts, reason=reason)


def samples(*several: Sample) -> messages.Samples:
    return messages.Samples(samples=several)


@pytest.fixture
def page(window: MainWindow, runner, laptop: Reports) -> SensorsPage:
    hear(window, runner, messages.Sources(reports=laptop))
    window.sensor_page.show()
    made = window.sensor_page.page
    assert made is not None
    return made


def button(page: SensorsPage, words: str) -> QAbstractButton:
    return next(b for b in page.findChildren(QAbstractButton) if b.text() == words and b.isVisible())


def test_every_way_leads_to_it_and_esc_leads_back(window: MainWindow, runner, laptop: Reports, qtbot: QtBot) -> None:
    hear(window, runner, messages.Sources(reports=laptop))
    doors = window.sensor_page
    window.actions_["sensors"].trigger()
    assert doors.shown
    assert not window.panels.isVisible()
    assert window.menu_row.sensors.opened
    QTest.keyClick(doors.page.table, Qt.Key.Key_Escape)
    assert not doors.shown
    assert window.panels.isVisible()
    assert window.menu_row.tab.opened
    window.start.show()
    QTest.mouseClick(window.start.page.sensors.every, LEFT)
    assert doors.shown
    assert not window.start.shown
    QTest.keyClick(doors.page.table, Qt.Key.Key_Escape)
    assert window.start.shown, "back to where it was opened from"
    QTest.mouseClick(window.menu_row.sensors, LEFT, pos=QPoint(30, 18))
    assert doors.shown
    window.actions_["results"].trigger()
    assert not doors.shown
    assert window.pages.currentWidget() is window.results
    doors.show()
    cross = window.menu_row.sensors
    QTest.mouseClick(cross, LEFT, pos=QPoint(cross.width() - 18, 18))
    assert not doors.shown
    assert not cross.isVisible()


def test_the_head_counts_and_the_first_row_is_the_one_to_mend(page: SensorsPage) -> None:
    assert {name: text.text() for name, text in page.counts.items()} == {
        "in use": "2", "needs permission": "1", "no answer": "1", "standby or not added": "4",
    }  # fmt: skip
    assert page.total.text().startswith("Reported total: CPU package (counter)")
    assert page.table.key == "dram"
    assert page.table.words("dram", STATE) == "Needs permission"
    assert not page.played.isVisible()


def test_values_are_live_and_no_reading_is_never_zero(window: MainWindow, runner, page: SensorsPage) -> None:
    hear(
        window,
        runner,
        samples(reading("package", 23.44), reading("model:memory", 5.6), reading("board", None, reason="The driver is gone.")),
    )
    page.refresh()
    assert page.table.words("package", NOW) == "23.4 W"
    assert page.table.words("model:memory", NOW) == "≈ 5.6 W"
    assert page.table.words("board", NOW) == "—"
    assert page.readings()["board"].reason == "The driver is gone."
    assert page.table.words("dram", NOW) == "—"
    assert page.table.words("package", REFRESH) == "1 ms"


def test_a_value_that_is_too_old_is_no_value_of_now(window: MainWindow, runner, page: SensorsPage) -> None:
    hear(window, runner, samples(reading("package", 23.4, ago_s=8.0)))
    page.refresh()
    assert page.table.words("package", NOW) == "—"
    assert page.readings()["package"].reason == "No reading for 8 s."


def test_the_last_minute_draws_measured_solid_and_modelled_dashed_with_its_band(window: MainWindow, runner, page: SensorsPage) -> None:
    ages = np.linspace(50, 0.2, 100)
    for age in ages:
        watts = None if 20 < age < 25 else 20.0
        hear(window, runner, samples(reading("package", watts, age, "gone"), reading("model:memory", 5.6, age)))
    page.refresh()
    entries = {entry.name: entry for entry in page.plot.legend.entries}
    assert entries["CPU package"].line == "solid"
    assert entries["Memory (model)"].line == "dashed"
    assert entries["Memory (model)"].value == "≈ 5.6"
    assert len(page.plot.underlay.hatched) == 1
    x, y = page.plot._curves["package"].getData()
    hole = (x > -24.5) & (x < -20.5)
    assert hole.any()
    assert np.isnan(y[hole]).all(), "a gap, not a line and not zero"
    assert "no reading of CPU package" in page.plot.unit.text()
    assert x[-1] == 0.0, "the last value holds until the next is due"


def test_a_reading_that_stopped_is_not_drawn_on_until_now(window: MainWindow, runner, page: SensorsPage) -> None:
    hear(window, runner, samples(reading("package", 20.0, 12.0)), samples(reading("package", 20.0, 10.0)))
    page.refresh()
    x, _ = page.plot._curves["package"].getData()
    assert x[-1] == pytest.approx(-10.0, abs=0.5)


def test_the_panel_has_the_remedy_ready_to_copy_and_can_test_again(window: MainWindow, runner, page: SensorsPage, qtbot: QtBot) -> None:
    box = page.detail.findChild(CodeBox)
    assert box.commands == "sudo chmod a+r energy_uj\nsudo udevadm trigger"
    QTest.mouseClick(button(page, "Copy commands"), LEFT)
    assert QGuiApplication.clipboard().text() == box.commands
    assert window.messages.messages[-1].message == "The commands are on the clipboard."
    words = [label.text() for label in page.detail.findChildren(QLabel)]
    assert "Needs permission" in words
    assert "Never needs the window to run as administrator." in words
    QTest.mouseClick(button(page, "Test again"), LEFT)
    assert runner.looked_again == 1
    assert page.again.text() == "Searching…"
    qtbot.waitUntil(page.again.isEnabled)
    QTest.mouseClick(page.again, LEFT)
    assert runner.looked_again == 2


def test_the_arrows_go_through_the_rows_and_the_panel_follows(page: SensorsPage) -> None:
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Up)
    QTest.keyClick(page.table, Qt.Key.Key_Up)
    assert page.table.key == "package"
    words = [label.text() for label in page.detail.findChildren(QLabel) if not label.isHidden()]
    assert "CPU package" in words
    assert "added" in words
    assert "CPU package (added) contains CPU cores" in page.detail.nests.accessibleName()


def test_the_selected_row_stays_when_sources_change(window: MainWindow, runner, page: SensorsPage, at_the_wall: Reports) -> None:
    page.table.select("board")
    hear(window, runner, messages.Sources(reports=at_the_wall))
    assert page.table.key == "board"
    assert page.table.words("board", NOTE) == "Covered by Shelly Plug S"
    assert "Shelly Plug S (added) contains" in page.detail.nests.accessibleName()


def test_nothing_is_drawn_while_the_page_is_not_seen_and_seldom_while_a_block_is_timed(window: MainWindow, page: SensorsPage) -> None:
    window.live.record._open_blocks = 1
    page.refresh()
    assert page._timer.interval() == CALM_MS
    window.sensor_page.go_back()
    assert not page._timer.isActive()


@pytest.mark.parametrize("size", [(1000, 620), (1366, 768), (1440, 900)])
def test_nothing_is_clipped_at_any_size(window: MainWindow, runner, page: SensorsPage, size: tuple[int, int], at_the_wall: Reports) -> None:
    hear(window, runner, messages.Sources(reports=at_the_wall))
    window.resize(*size)
    QApplication.processEvents()
    for key in [row.key for row in page.table.rows]:
        page.table.select(key)
        QApplication.processEvents()
        assert (window.width(), window.height()) == size
        assert page.detail.widget().width() <= page.detail.viewport().width(), key
        for label in page.findChildren(QLabel):
            if label.isVisible() and label.text() and not label.wordWrap() and label.pixmap().isNull():
                assert label.width() >= label.fontMetrics().horizontalAdvance(label.text()) - 1, label.text()
            if label.isVisible() and label.wordWrap() and label.text():
                assert label.height() >= label.heightForWidth(label.width()) - 2, label.text()
    columns = [page.table.columnWidth(place) for place in range(7) if not page.table.isColumnHidden(place)]
    assert sum(columns) <= page.table.viewport().width()
    assert page.table.isColumnHidden(COVERS) is (size[0] < 1300)
    assert page.table.height() >= HEAD + 3 * ROW


def test_it_takes_the_colours_of_the_theme(window: MainWindow, page: SensorsPage, theme: Theme) -> None:
    light = page.grab().toImage().pixelColor(4, 4)
    window.parts.look.set_mode("dark")
    dark = page.grab().toImage().pixelColor(4, 4)
    assert light == theme.color("background")
    assert dark == Theme(True).color("background")


def test_f6_goes_from_the_table_to_the_panel_and_on(window: MainWindow, page: SensorsPage) -> None:
    page.table.setFocus()
    next_panel(window)
    assert page.detail.isAncestorOf(window.focusWidget()) or window.focusWidget() is page.detail
    next_panel(window)
    assert window.focusWidget() is window.menu_row.field


def test_the_pipeline_is_framed_whole_after_start_page_and_sensors(
    qapp: QApplication, runner, answers, pipeline: Pipeline, qtbot: QtBot
) -> None:
    """As the program opens: the start page first, and the canvas has never been seen."""
    made = build(qapp, runner, installed(), answers)
    try:
        made.start.show()
        made.parts.session.open(pipeline, saved=True)
        made.panels.first_sizes(1366, 638)
        made.resize(1366, 768)
        with qtbot.waitExposed(made):
            made.show()
        made.finish()
        made.sensor_page.show()
        QApplication.processEvents()
        made.sensor_page.go_back()
        assert made.start.shown
        made.sensor_page.show()
        QApplication.processEvents()
        made.show_page(0)
        qtbot.waitUntil(lambda: _all_in_view(made))
    finally:
        made.close()
        made.parts.exporter.wait()
        made.deleteLater()


def test_the_view_of_the_pipeline_is_where_it_was_when_the_page_is_left(window: MainWindow, page: SensorsPage, qtbot: QtBot) -> None:
    window.show_page(0)
    window.resize(1366, 768)
    camera = window.editor.canvas.camera
    QApplication.processEvents()
    camera.home()
    for zoom in (0.6, 0.9):
        camera.zoom_by(zoom / camera.zoom)
        camera.shift(QPoint(37, -21))
        before = camera.zoom, camera.middle
        window.sensor_page.show()
        QApplication.processEvents()
        window.show_page(0)
        QApplication.processEvents()
        qtbot.waitUntil(lambda: not camera.is_aside)
        assert camera.zoom == pytest.approx(before[0])
        assert (camera.middle - before[1]).manhattanLength() < 4
    window.start.show()
    QApplication.processEvents()
    window.show_page(0)
    QApplication.processEvents()
    assert camera.zoom == pytest.approx(before[0])
    assert (camera.middle - before[1]).manhattanLength() < 4


def test_a_curve_keeps_its_colour_whichever_row_is_selected(window: MainWindow, runner, page: SensorsPage) -> None:
    several = [reading(key, 5.0, ago) for key in ("package", "board", "psys", "cores") for ago in (1.0, 0.5)]
    hear(window, runner, samples(*several))
    seen = []
    for key in ("package", "cores", "psys", "board"):
        page.table.select(key)
        page.refresh()
        seen.append({entry.name: entry.color.name() for entry in page.plot.legend.entries})
    assert len(seen[0]) == 4
    assert len(set(seen[0].values())) == 4
    assert all(each == seen[0] for each in seen)


def test_two_guesses_in_one_plot_have_dashes_of_their_own(window: MainWindow, runner, laptop: Reports, page: SensorsPage) -> None:
    model = next(report for report in laptop if report.key == "model")
    second = model.channels[0].model_copy(update={"key": "model:cpu", "title": "CPU (model)"})
    hear(window, runner, messages.Sources(reports=(model.model_copy(update={"channels": (*model.channels, second)}),)))
    hear(window, runner, samples(*(reading(key, 5.0, ago) for key in ("model:memory", "model:cpu") for ago in (1.0, 0.5))))
    page.refresh()
    assert {entry.line for entry in page.plot.legend.entries} == {"dashed", "dotted"}


def test_the_badge_has_the_mark_of_what_is_counted(window: MainWindow, runner, at_the_wall: Reports) -> None:
    hear(window, runner, messages.Sources(reports=at_the_wall))
    assert window.toolbar.badge._mark._provenance is Provenance.EXTERNAL
    assert "Shelly Plug S" in window.toolbar.badge.accessibleName()
    assert "CPU package" not in window.toolbar.badge.accessibleName()


def _all_in_view(window: MainWindow) -> bool:
    canvas = window.editor.canvas
    seen = canvas.mapToScene(canvas.viewport().rect()).boundingRect()
    return all(seen.contains(item.sceneBoundingRect().center()) for item in window.editor.scene.nodes.values())
