"""A log of an outside meter is joined in the window: its columns are guessed, its clock found or given, and the result told in words."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from greenbench.core.measurement import Measurement, Provenance, Window, WindowKind
from greenbench.core.run import QUICK, Block, Environment, NodeState, Plan, RunResult, RunState, VariantResult
from greenbench.gui.joining.dialog import JoinDialog
from greenbench.gui.joining.work import JoinWork
from greenbench.gui.main_window import MainWindow
from greenbench.gui.results.joined_card import JoinedCard
from greenbench.gui.theme import Theme
from greenbench.store import Store

S = 1_000_000_000
STARTED = "2026-11-30T20:10:00.000+00:00"
LENGTHS = (7.3, 11.1, 5.2, 16.4, 9.1, 6.3)  # busy, idle, busy, …


@pytest.fixture
def kept() -> RunResult:
    """Three blocks with pauses between them, whose energy was only modelled."""
    blocks, now_s = [], 0.0
    for number, length in enumerate(LENGTHS):
        if number % 2 == 0:
            times = {"t0_ns": round(now_s * S) + S, "t1_ns": round((now_s + length) * S) + S}
            blocks.append(Block(index=number, calls=10, median_s=0.1, **times))
        now_s += length
    own = {"energy_per_inference": Measurement(value=20.0, unit="J", provenance=Provenance.MODELLED)}
    variant = VariantResult(letter="A", node="a", name="LeNet", state=NodeState.DONE, blocks=tuple(blocks), metrics=own)
    return RunResult(
        run_id="abcdef", title="One network", state=RunState.FINISHED, started=STARTED, started_ns=S, seconds=now_s,
        plan=Plan(title="One network", nodes=(), protocol=QUICK), variants=(variant,),
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, kept: RunResult) -> Iterator[Store]:
    with Store(tmp_path / "runs") as opened:
        opened.begin_run("abcdef", kept.plan, Environment(), STARTED, S)
        for block in kept.variants[0].blocks:
            where = {"t0_ns": block.t0_ns, "t1_ns": block.t1_ns}
            opened.add_window(
                "abcdef", Window(kind=WindowKind.BLOCK, label="w", node="b", variant="A", block=block.index, calls=10, **where)
            )
        opened.finish_run("abcdef", RunState.FINISHED, kept, "")
        yield opened


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A plug at 50 W in the blocks and 10 W between them, with a clock two seconds behind."""
    ends, seconds = np.cumsum(LENGTHS), sum(LENGTHS)
    times = np.arange(-5.0, seconds + 8.0, 0.5)
    place = np.searchsorted(ends, times, "right")
    watts = np.where((place % 2 == 0) & (times >= 0) & (place < len(LENGTHS)), 50.0, 10.0)
    zero_s = datetime.fromisoformat(STARTED).timestamp() - 2.0
    path = tmp_path / "plug.csv"
    path.write_text("epoch,volts,power_w\n" + "".join(f"{zero_s + t:.1f},230,{w}\n" for t, w in zip(times, watts, strict=True)))
    return path


@pytest.fixture
def dialog(qtbot: QtBot, theme: Theme, store: Store, kept: RunResult) -> Iterator[JoinDialog]:
    parent = QWidget()
    qtbot.addWidget(parent)
    work = JoinWork(store, kept.run_id)
    made = JoinDialog(parent, theme, work, kept)
    made.open()
    yield made
    work.wait()
    if made.isVisible():
        made.reject()


def test_a_file_offers_its_columns_and_says_what_is_taken_for_what(dialog: JoinDialog, log: Path, qtbot: QtBot) -> None:
    assert not dialog.go.isEnabled()
    dialog.take(log)
    assert [dialog.columns["Time"].itemText(place) for place in range(4)] == ["Found by its name", "epoch", "volts", "power_w"]
    qtbot.waitUntil(lambda: '"power_w" is taken as W' in dialog.found.text())
    assert "one every 0.5 s" in dialog.found.text()
    assert dialog.go.isEnabled()


def test_the_clock_is_found_and_the_result_is_told_and_kept(dialog: JoinDialog, log: Path, store: Store, qtbot: QtBot) -> None:
    dialog.take(log)
    dialog.title.setText("Desk plug")
    dialog.seconds.setValue(10.0)
    with qtbot.waitSignal(dialog.joined):
        dialog.go.click()
        assert not dialog.go.isEnabled()  # while it is joined
    words = dialog.words.text()
    assert "Desk plug: its times were moved by +2.0" in words
    assert "found against when the run was busy" in words
    assert "by the run's own sources ≈ 20.0 J" in words
    (joined,) = store.result("abcdef").joined
    assert joined.title == "Desk plug"
    assert joined.per_inference["A"].value == pytest.approx(50 * (7.3 + 5.2 + 9.1) / 30, abs=1)
    assert dialog.leave.text() == "Close"


def test_an_offset_and_an_error_that_are_known_are_taken(dialog: JoinDialog, log: Path, store: Store, qtbot: QtBot) -> None:
    dialog.take(log)
    dialog.clock.set_value(True)
    dialog.clock.chosen.emit(True)
    dialog.seconds.setValue(2.0)
    dialog.error.setValue(1.0)
    with qtbot.waitSignal(dialog.joined):
        dialog.go.click()
    (joined,) = store.result("abcdef").joined
    assert (joined.offset.value, joined.estimated, joined.error) == (2.0, False, 0.01)
    assert "moved by +2.00 s, as given" in dialog.words.text()


def test_what_cannot_be_joined_is_said_with_what_to_do_and_keeps_nothing(dialog: JoinDialog, log: Path, store: Store, qtbot: QtBot) -> None:
    dialog.take(log)
    dialog.columns["Power or energy"].setCurrentText("volts")
    dialog.columns["Power or energy"].activated.emit(2)
    dialog.go.click()
    qtbot.waitUntil(dialog.failure.isVisible)
    assert "cannot be told" in dialog.failure.message.text()
    assert dialog.go.isEnabled()
    assert store.result("abcdef").joined == ()
    dialog.take(log.with_name("nothing.csv"))
    assert "cannot be read" in dialog.failure.message.text()
    assert not dialog.grab().isNull()


def test_the_card_stands_only_where_a_log_was_joined(qtbot: QtBot, theme: Theme, dialog: JoinDialog, log: Path, kept: RunResult) -> None:
    card = JoinedCard(theme)
    qtbot.addWidget(card)
    card.show_result(kept)
    assert card.isHidden()
    dialog.take(log)
    with qtbot.waitSignal(dialog.joined) as said:
        dialog.go.click()
    card.show_result(said.args[0])
    assert not card.isHidden()
    assert card.name.text() == "Log plug.csv"
    assert "by the run's own sources ≈ 20.0 J" in card.words.text().replace("\u00a0", " ")
    assert "found against when the run was busy" in card.how.text()


def test_the_menu_asks_for_the_shown_run_and_the_history_for_the_chosen_one(window: MainWindow, kept: RunResult) -> None:
    assert not window.actions_["join"].isEnabled()
    window.show_result(kept)
    window.actions_["join"].trigger()
    assert window.joining.dialog is not None
    assert window.joining.dialog.run is kept
    window.joining.dialog.reject()
    other = kept.model_copy(update={"run_id": "other", "title": "Another"})
    window.parts.runner.store.results = {"abcdef": kept, "other": other}
    window.history.show_runs(window.parts.runner.store.runs(10))
    window.history.list.clearSelection()
    assert not window.history.join.isEnabled()
    window.history.list.topLevelItem(1).setSelected(True)
    window.history.join.click()
    assert window.joining.dialog.run.run_id == "other"
    window.joining.dialog.reject()


def test_the_shown_run_is_shown_anew_with_its_log(window: MainWindow, kept: RunResult, store: Store, log: Path, qtbot: QtBot) -> None:
    window.show_result(kept)
    window.parts.runner.store = store
    window.joining.ask()
    dialog = window.joining.dialog
    dialog.take(log)
    with qtbot.waitSignal(dialog.joined):
        dialog.go.click()
    assert window.results.result.joined[0].name == "plug.csv"
    assert not window.results.joined.isHidden()
    dialog.work.wait()
    dialog.reject()
