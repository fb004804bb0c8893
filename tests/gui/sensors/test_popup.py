"""The list under the badge is short: what is there with its state, how many are not, and the way to the page."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from greenbench.core.measurement import Provenance, SourceReport, SourceState
from greenbench.gui.main_window import MainWindow


def test_it_lists_what_is_there_counts_the_rest_and_leads_to_the_page(
    window: MainWindow, laptop: tuple[SourceReport, ...], qtbot: QtBot
) -> None:
    absent = [
        SourceReport(key=key, title=key, state=SourceState.ABSENT, provenance=Provenance.UNAVAILABLE) for key in ("Apple silicon", "Jetson")
    ]
    window.sensors.ask(window.toolbar.badge, (*laptop, *absent))
    words = [label.text() for label in window.sensors.findChildren(QLabel)]
    assert "RAPL" in words
    assert "Platform, CPU package, CPU cores" in words
    assert "Needs permission" in words
    assert "Jetson" not in words
    assert "2 kinds of sources are not present on this machine" in words
    with qtbot.waitSignal(window.sensors.page_asked):
        QTest.mouseClick(window.sensors.open_page, Qt.MouseButton.LeftButton)
    assert window.sensor_page.shown


def test_before_the_meter_has_answered_it_says_so(window: MainWindow) -> None:
    window.sensors.ask(window.toolbar.badge, ())
    assert "The meter has not answered yet." in [label.text() for label in window.sensors.findChildren(QLabel)]
    window.sensors.hide()
