"""Adding and removing a meter of one's own, and calibrating against it: what the user sees, what is kept, what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel
from pytestqt.qtbot import QtBot

from greenbench.core import messages
from greenbench.core.calibration import LoadLevel, SweepPlan
from greenbench.core.clock import now_ns
from greenbench.core.errors import CalibrationError
from greenbench.core.external import ExternalKind, load_meters
from greenbench.core.measurement import Sample, SourceReport
from greenbench.engine import calibrating
from greenbench.engine.calibrations import CalibrationBook
from greenbench.gui.main_window import MainWindow
from greenbench.gui.run_control import Phase
from greenbench.gui.sensors import calibrate_dialog, external_dialog, room
from greenbench.gui.sensors.calibrate_dialog import BUSY, FORM, REFUSED, CalibrateDialog
from greenbench.gui.sensors.external_dialog import ExternalDialog
from greenbench.gui.sensors.table import NOTE
from greenbench.gui.theme import Theme
from greenbench.meters.ledger import EnergyLedger

S = 1_000_000_000
LEFT = Qt.MouseButton.LeftButton
Reports = tuple[SourceReport, ...]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


# ---- meters of one's own ------------------------------------------------------------------------------------------


@pytest.fixture
def external(qtbot: QtBot, theme: Theme) -> ExternalDialog:
    made = ExternalDialog(None, theme)
    qtbot.addWidget(made)
    made.show()
    return made


def test_the_dialog_says_when_a_wall_meter_counts(external: ExternalDialog) -> None:
    assert any("where blocks last 100 of its refreshes" in label.text() for label in external.findChildren(QLabel))


def test_a_plug_is_kept_with_what_was_typed(external: ExternalDialog, home: Path, qtbot: QtBot) -> None:
    assert not external.go.isEnabled(), "there is no address yet"
    QTest.keyClicks(external.address, "http://192.168.1.40/")
    QTest.keyClicks(external.title, "Desk plug")
    with qtbot.waitSignal(external.added) as heard:
        QTest.mouseClick(external.go, LEFT)
    (kept,), trouble = load_meters(home)
    assert not trouble
    assert (kept.kind, kept.address, kept.title) == (ExternalKind.SHELLY, "192.168.1.40", "Desk plug")
    assert kept.params.whole
    assert heard.args == [kept.channel, "Desk plug"]
    assert not external.isVisible()


def test_an_address_that_cannot_be_one_is_told_and_nothing_is_kept(external: ExternalDialog, home: Path) -> None:
    QTest.keyClicks(external.address, "not an address")
    QTest.mouseClick(external.go, LEFT)
    assert external.isVisible()
    assert external.failure.isVisible()
    assert "is no address of a plug" in external.failure.message.text()
    assert load_meters(home)[0] == ()


def test_a_refusal_goes_when_what_it_is_about_is_changed(external: ExternalDialog) -> None:
    QTest.keyClicks(external.address, "not an address")
    QTest.mouseClick(external.go, LEFT)
    assert external.failure.isVisible()
    QTest.keyClicks(external.address, "x")
    assert not external.failure.isVisible()


def test_on_a_low_screen_the_settings_scroll_and_the_buttons_stay(
    external: ExternalDialog, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(external_dialog, "room_on_screen", lambda dialog: 600)
    monkeypatch.setattr(room, "room_on_screen", lambda dialog: 600)
    QTest.keyClicks(external.address, "not an address")
    external.more.click()
    QTest.mouseClick(external.go, LEFT)
    qtbot.waitUntil(lambda: external.height() <= 600)
    QApplication.processEvents()
    assert external.rect().contains(external.go.geometry()), "Add can be reached"
    card = external.failure
    assert card.height() >= card.heightForWidth(card.width()), "no line of the remedy is cut off"
    assert not card.geometry().intersects(external._area.geometry())
    assert external._area.verticalScrollBar().maximum() > 0
    last = external.rows["password_file"]
    external._area.ensureWidgetVisible(last)
    assert external._area.viewport().rect().contains(last.mapTo(external._area.viewport(), last.rect().center()))


def test_each_kind_has_its_own_settings_and_rare_ones_wait(external: ExternalDialog) -> None:
    assert external.rows["whole"].isVisible()
    assert not external.rows["password_file"].isVisible()
    external.more.click()
    assert external.rows["password_file"].isVisible()
    external.kind.set_value(ExternalKind.SCPI)
    external.kind.chosen.emit(ExternalKind.SCPI)
    assert "VISA resource" in external._help.text()
    assert not external.rows["power_query"].isVisible(), "a known instrument knows its commands"
    external.rows["profile"].given.emit("generic")
    assert external.rows["power_query"].isVisible()


def test_a_setting_that_is_not_possible_says_so_under_its_field(external: ExternalDialog) -> None:
    QTest.keyClicks(external.address, "192.168.1.40")
    external.more.click()
    external.rows["output"].given.emit(99)
    assert external.rows["output"].bad
    assert not external.go.isEnabled()
    external.rows["output"].given.emit(1)
    assert external.go.isEnabled()


def test_the_page_adds_looks_again_selects_and_removes_with_undo(window: MainWindow, runner, at_the_wall: Reports, home: Path) -> None:
    runner.say(messages.Sources(reports=at_the_wall[:-1]))
    window.parts.bridge.drain()
    doors = window.sensor_page
    doors.show()
    QTest.mouseClick(doors.page.add, LEFT)
    doors.external.address.setText("192.168.1.40")
    doors.external.title.setText("Plug")
    QTest.mouseClick(doors.external.go, LEFT)
    assert runner.looked_again == 1
    runner.say(messages.Sources(reports=at_the_wall))
    window.parts.bridge.drain()
    assert doors.page.table.key == "external:plug", "what was added is what is looked at"
    doors.remove_meter("external:plug")
    assert load_meters(home)[0] == ()
    assert runner.looked_again == 2
    _press_on_message(window, "Undo")
    assert [meter.title for meter in load_meters(home)[0]] == ["Plug"]
    doors.remove_meter("external:nonesuch")
    assert 'no external meter "external:nonesuch"' in window.messages.messages[-1].message


def _press_on_message(window: MainWindow, words: str) -> None:
    buttons = window.messages.messages[-1].findChildren(QAbstractButton)
    QTest.mouseClick(next(button for button in buttons if button.text() == words), LEFT)


# ---- calibration --------------------------------------------------------------------------------------------------


class StillLoad:
    """Makes no load: the readings of these tests have their own."""

    made = 0

    def __init__(self, cores: int) -> None:
        self.alive, self.closed = True, False
        type(self).made += 1

    def set(self, level: LoadLevel) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five loads of a quarter of a second in place of ten."""
    levels = tuple(LoadLevel(cpu=share) for share in (0.0, 0.5, 1.0, 0.5, 0.0))
    plan = SweepPlan(levels=levels, seconds=0.25, settle_s=0.05, window_s=0.05)
    monkeypatch.setattr(calibrate_dialog, "sweep_plan", lambda pair, seconds: plan)


@pytest.fixture
def dialog(window: MainWindow, runner, at_the_wall: Reports) -> Callable[[Reports], CalibrateDialog]:
    """Opens over a ledger that knows the next half minute already: counters that swing, and a wall at 15 W + 1.2 × as much."""
    channels = [channel for report in at_the_wall for channel in report.channels]
    runner.ledger = EnergyLedger(channels)
    t0_ns = now_ns() - S
    package_j = 0.0
    for step in range(30 * 40):
        t_ns = t0_ns + step * S // 40
        watts = 10.0 + 0.8 * abs(step % 100 - 50)  # up and down between 10 and 50 W in 2.5 s
        package_j += watts / 40
        runner.ledger.add(
            [
                Sample(channel="package", t_ns=t_ns, energy_j=package_j, power_w=watts),
                Sample(channel="board", t_ns=t_ns, power_w=10.0),
                Sample(channel="external:plug", t_ns=t_ns, power_w=15.0 + 1.2 * (watts + 10.0)),
            ]
        )

    def opened(reports: Reports = at_the_wall, key: str = "") -> CalibrateDialog:
        made = CalibrateDialog(window, window.parts.theme, runner, StillLoad)
        made.offer(reports, key)
        return made

    runner.plans.clear()
    return opened


def test_the_sweep_shows_its_points_then_the_line_and_keeps_it_when_told(
    window: MainWindow, runner, dialog, quick: None, home: Path, at_the_wall: Reports, qtbot: QtBot
) -> None:
    runner.say(messages.Sources(reports=at_the_wall))
    window.parts.bridge.drain()
    window.sensor_page.show()
    made = dialog()
    made.kept.connect(lambda: window.sensor_page._tell(window.sources))
    assert made.meter.currentText() == "Shelly Plug S"
    assert made.against.text() == "Against: CPU package, RTX A2000"
    QTest.mouseClick(made.go, LEFT)
    assert made.pages.currentIndex() == BUSY
    qtbot.waitUntil(lambda: made.found is not None, timeout=8000)
    assert abs(made.found.gain - 1.2) < 0.1
    assert made.scatter.calibration == made.found
    assert len(made.scatter.windows) == made.found.windows
    assert made.heading.text() == made.found.equation
    assert "miss that line by" in made.said.text()
    assert not made.halt.isVisible()
    made.scatter.grab()
    assert CalibrationBook(home).all() == (), "nothing is kept unasked"
    QTest.mouseClick(made.keep_button, LEFT)
    assert CalibrationBook(home).all() == (made.found,)
    page = window.sensor_page.page
    assert page.table.words("external:plug", NOTE) == "Calibrated"
    page.table.select("external:plug")
    assert made.found.equation in [label.text() for label in page.detail.findChildren(QLabel)]
    made.deleteLater()


def test_discarded_it_leaves_nothing(dialog, quick: None, home: Path, qtbot: QtBot) -> None:
    made = dialog()
    made.start()
    qtbot.waitUntil(lambda: made.found is not None, timeout=8000)
    QTest.mouseClick(made.discard, LEFT)
    assert not (home / "calibrations.json").exists()
    made.deleteLater()


def test_stop_ends_the_sweep_and_the_load_at_once(dialog, quick: None, home: Path) -> None:
    made = dialog()
    made.start()
    QTest.mouseClick(made.halt, LEFT)
    assert made.pages.currentIndex() == FORM
    assert made._thread is None
    assert made.found is None
    made.start()
    QTest.keyClick(made, Qt.Key.Key_Escape)
    assert made._thread is None, "Esc stops first"
    QTest.keyClick(made, Qt.Key.Key_Escape)
    assert not made.isVisible()
    made.deleteLater()


def test_what_cannot_be_calibrated_says_why_before_it_starts(dialog, laptop: Reports) -> None:
    made = dialog(laptop[:-1])
    assert not made.go.isEnabled()
    assert "no external meter" in made.failure.message.text()
    assert "Add a wall plug" in made.failure.remedy.text()
    made.reject()
    made.deleteLater()


def test_a_plug_that_is_silent_is_named_and_not_missing(dialog, laptop: Reports) -> None:
    made = dialog(laptop)
    assert "Yokogawa WT310 gives no reading. Nothing answers." in made.failure.message.text()
    assert "Check the cable." in made.failure.remedy.text()
    made.reject()
    made.deleteLater()


def test_a_refusal_after_the_sweep_keeps_its_points_and_is_read_whole(dialog, runner, quick: None, monkeypatch, qtbot: QtBot) -> None:
    def refuse(windows: object, about: object) -> None:
        raise CalibrationError("The counters moved by 7.8 W only between the lightest and the heaviest load. " * 3, "Close the rest. " * 9)

    monkeypatch.setattr(calibrating, "fit", refuse)
    made = dialog()
    made.start()
    qtbot.waitUntil(lambda: made._stage == REFUSED, timeout=8000)
    QApplication.processEvents()
    assert made.scatter.windows, "the points are still there"
    assert made.scatter.isVisible()
    card = made.refusal
    assert card.height() >= card.heightForWidth(card.width())
    assert not made.keep_button.isVisible()
    QTest.mouseClick(made.again, LEFT)
    assert made._stage == FORM
    assert not made.failure.isVisible()
    monkeypatch.undo()
    made.reject()
    made.deleteLater()


def test_a_run_that_begins_meanwhile_ends_it(dialog, runner, plan, quick: None, qtbot: QtBot) -> None:
    made = dialog()
    runner.plans.append(plan)
    made.start()
    qtbot.waitUntil(lambda: made._thread is None, timeout=8000)
    assert made.pages.currentIndex() == FORM
    assert "A run is under way" in made.failure.message.text()
    runner.plans.clear()
    made.reject()
    made.deleteLater()


def test_nothing_is_calibrated_during_a_run(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(window.parts.control), "busy", property(lambda self: True))
    window.sensor_page.calibrate()
    assert window.sensor_page.calibration is None
    assert "A run is under way" in window.messages.messages[-1].message
    monkeypatch.undo()
    assert window.parts.control.phase is Phase.READY


def test_a_calibration_of_a_recording_cannot_be_kept(dialog, runner, quick: None, at_the_wall: Reports, home: Path, qtbot: QtBot) -> None:
    played = tuple(
        report.model_copy(update={"channels": tuple(c.model_copy(update={"title": f"{c.title}, recorded"}) for c in report.channels)})
        for report in at_the_wall
    )
    made = dialog(played)
    assert made.meter.currentText() == "Shelly Plug S"
    made.start()
    qtbot.waitUntil(lambda: made.found is not None, timeout=8000)
    assert not made.keep_button.isEnabled()
    assert "recording" in made.said.text()
    made.reject()
    made.deleteLater()
    assert not (home / "calibrations.json").exists()


def test_the_file_of_calibrations_is_plain_json(dialog, quick: None, home: Path, qtbot: QtBot) -> None:
    made = dialog()
    made.start()
    qtbot.waitUntil(lambda: made.found is not None, timeout=8000)
    made.keep()
    kept = json.loads((home / "calibrations.json").read_text(encoding="utf-8"))
    assert kept["version"] == 1
    assert kept["calibrations"][0]["external"] == "external:plug"
    made.deleteLater()
