"""The start page in the window: one click to a first run, samples in their sizes, sensors and recent files."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from greenbench.core import messages
from greenbench.core.measurement import Provenance, SourceReport, SourceState
from greenbench.core.run import RunResult, RunState
from greenbench.gui.app import open_first
from greenbench.gui.main_window import MainWindow
from greenbench.gui.start import doors, gallery
from greenbench.gui.start.card import SampleCard
from greenbench.gui.start.page import StartPage
from greenbench.gui.start.recent import last_result
from greenbench.gui.start.sensing import finding
from greenbench.store.history import RunSummary


def press(button: QWidget) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of pipelines in place of the shipped ones: a quick start, a sample with two sizes, a paper."""
    quick = json.loads((gallery.files()[0]).read_text(encoding="utf-8"))
    folder = tmp_path / "shelf"
    folder.mkdir()
    small = {"kind": "compress", "minutes": {"small": 1, "full": 5}, "budgets": {"small": {"teacher.epochs": 1}}}
    for name, title, sample in (
        ("quick-start", "Quick start", None),
        ("sizes", "Two sizes", small),
        ("paper", "A paper", {"kind": "papers", "paper": "R1", "label": "Somebody 2015"}),
    ):
        extra = {"sample": sample} if sample else {}
        (folder / f"{name}.greenbench").write_text(json.dumps({**quick, "title": title, **extra}), encoding="utf-8")
    found = [folder / f"{name}.greenbench" for name in ("quick-start", "sizes", "paper")]
    monkeypatch.setattr(gallery, "files", lambda: found)
    monkeypatch.setattr(doors, "files", lambda: found)
    return folder


def opened(window: MainWindow) -> StartPage:
    open_first(window, None)
    page = window.start.page
    assert page is not None
    return page


def card_of(page: StartPage, title: str) -> SampleCard:
    return next(card for card in page.cards if card.sample.title == title)


def test_the_first_start_is_one_click_from_a_run(window: MainWindow, runner, shelf: Path, qtbot: QtBot) -> None:
    page = opened(window)
    assert page.isVisible()
    assert not window.panels.isVisible()
    assert page.quick is not None
    press(page.quick.run)
    qtbot.waitUntil(lambda: bool(runner.plans))
    window.parts.control._starting.join()
    assert runner.plans[0].title == "Quick start"
    assert window.panels.isVisible()
    assert not page.isVisible()


def test_a_sample_opens_in_the_chosen_size_and_saving_leaves_its_file_alone(
    window: MainWindow, answers, shelf: Path, tmp_path: Path
) -> None:
    page = opened(window)
    before = (shelf / "sizes.greenbench").read_text(encoding="utf-8")
    card = card_of(page, "Two sizes")
    assert [action.text() for action in card.menu.actions()] == ["Small, about 1 min", "Full, about 5 min"]
    card.menu.actions()[0].trigger()
    assert window.parts.session.document.title == "Two sizes"
    assert window.parts.session.pipeline.nodes["teacher"].params["epochs"] == 1
    assert window.parts.session.document.path is None
    answers.save_to = tmp_path / "mine.greenbench"
    assert window.parts.files.save()
    assert (tmp_path / "mine.greenbench").is_file()
    assert (shelf / "sizes.greenbench").read_text(encoding="utf-8") == before


def test_shelves_show_what_belongs_there_and_the_tabs_lead_back(window: MainWindow, shelf: Path) -> None:
    page = opened(window)
    assert [card.sample.title for card in page.shown()] == ["Two sizes", "A paper"]
    page.shelves.set_value("papers")
    page.shelves.chosen.emit("papers")
    assert [card.sample.title for card in page.cards if card.isVisible()] == ["A paper"]
    assert page.count.text() == "1"
    press(window.menu_row.tab)
    assert window.panels.isVisible()
    press(window.menu_row.start)
    assert page.isVisible()
    window.actions_["results"].trigger()
    assert window.pages.currentIndex() == 1
    assert not page.isVisible()


def test_a_card_is_a_button_for_the_keyboard_too(window: MainWindow, shelf: Path) -> None:
    page = opened(window)
    card = card_of(page, "A paper")
    card.setFocus()
    QTest.keyClick(card, Qt.Key.Key_Space)
    assert window.parts.session.document.title == "A paper"


def report(state: SourceState, provenance: Provenance, **more: str) -> SourceReport:
    return SourceReport(key="k", title="Processor counters", state=state, provenance=provenance, **more)  # type: ignore[arg-type]


def test_the_sensors_card_says_how_direct_the_watts_are_and_offers_the_remedy(window: MainWindow, runner, shelf: Path) -> None:
    page = opened(window)
    assert page.sensors.word.text() == "Looking"
    long = [report(SourceState.ABSENT, Provenance.UNAVAILABLE).model_copy(update={"title": "Processor energy counters (RAPL)"})] * 3
    sources = (
        *long,
        report(SourceState.PERMISSION, Provenance.UNAVAILABLE, remedy="Run the command."),
        report(SourceState.IN_USE, Provenance.MODELLED),
    )
    runner.say(messages.Sources(reports=sources))
    window.parts.bridge.drain()
    assert page.sensors.word.text() == "Modelled"
    assert page.sensors.finding.text() == "A power counter is there, but it may not be read."
    assert page.sensors.allow.isVisible()
    window.resize(1100, 700)
    card = page.sensors
    for label in card.findChildren(QLabel):
        if label.isVisible():
            needed = label.heightForWidth(label.width()) if label.wordWrap() else label.minimumSizeHint().height()
            assert label.height() >= needed, label.text()
            assert label.wordWrap() or label.width() >= label.minimumSizeHint().width(), label.text()
    measured = finding([report(SourceState.IN_USE, Provenance.COUNTER)])
    assert measured[0] is Provenance.COUNTER
    nothing = finding([report(SourceState.ABSENT, Provenance.UNAVAILABLE)])
    assert nothing[0] is Provenance.UNAVAILABLE
    assert "no reading" in nothing[2]


def test_recent_files_say_what_their_last_run_found(window: MainWindow, runner, result: RunResult, shelf: Path, tmp_path: Path) -> None:
    page = opened(window)
    assert not page.recent.isVisible()
    runner.store.results["run-1"] = result
    mine = tmp_path / "mine.greenbench"
    mine.write_text((shelf / "sizes.greenbench").read_text(encoding="utf-8").replace("Two sizes", result.title), encoding="utf-8")
    assert window.parts.files.open_path(mine)
    window.start.show()
    assert page.recent.isVisible()
    assert [file.title for file in page.recent.files] == [result.title]
    assert "3 variants" in page.recent.files[0].detail
    window.parts.settings.clear_recent()
    window.start.refresh()
    assert not page.recent.isVisible()


def test_a_file_never_run_says_so_only_once_the_history_can_be_read() -> None:
    run = RunSummary("1", "Nets", RunState.FAILED, "2026-11-22T14:41:00+00:00", 3.0, 2, "")
    assert last_result("Nets", None) == ""
    assert last_result("Other", [run]) == "Not run yet"
    assert last_result("Nets", [run]).endswith("with failures · 2 variants")
