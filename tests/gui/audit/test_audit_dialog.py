"""The dialog shows what comes out of the raw data, block by block with its samples, and writes the raw data."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from greenbench.core.run import RunResult
from greenbench.gui.audit.dialog import AuditDialog
from greenbench.gui.audit.work import AuditWork
from greenbench.gui.main_window import MainWindow
from greenbench.gui.theme import Theme
from greenbench.store import Store

_PATIENCE_MS = 20_000


@pytest.fixture
def ask(qtbot: QtBot, theme: Theme, store: Store, kept: RunResult) -> Iterator[Callable[[], AuditDialog]]:
    made: list[AuditDialog] = []
    parent = QWidget()
    qtbot.addWidget(parent)

    def open_it() -> AuditDialog:
        dialog = AuditDialog(parent, theme, AuditWork(store, kept.run_id), kept, "A")
        made.append(dialog)
        dialog.ask()
        qtbot.waitUntil(lambda: bool(dialog.plot.channels) or "cannot" in dialog.verdict.text(), timeout=_PATIENCE_MS)
        return dialog

    yield open_it
    for dialog in made:
        dialog.done(0)
        dialog.work.wait()


def test_a_whole_run_says_that_all_numbers_come_out(ask: Callable[[], AuditDialog]) -> None:
    dialog = ask()
    assert "numbers of A come out of the raw data as they are printed" in dialog.verdict.text()
    assert "The digest is the printed one." in dialog.verdict.text()
    assert dialog.blocks.topLevelItemCount() == 3
    row = [dialog.blocks.topLevelItem(1).text(column) for column in range(7)]
    assert row[1:4] == ["2", "4.000–5.000", "100"]
    assert row[4] == "10.00 ms" or row[4] == "10.0 ms"
    assert row[5].startswith("10.0")
    assert row[6].startswith("11 of CPU, 4.000–5.000 s")


def test_the_plot_has_the_samples_of_the_chosen_block(ask: Callable[[], AuditDialog], qtbot: QtBot) -> None:
    dialog = ask()
    dialog.blocks.setCurrentItem(dialog.blocks.topLevelItem(2))
    qtbot.waitUntil(lambda: dialog.plot.block is not None and dialog.plot.block.index == 2, timeout=_PATIENCE_MS)
    (channel,) = dialog.plot.channels
    assert channel.counter
    assert channel.t_s[0] < 6.0
    assert channel.t_s[-1] > 7.0
    assert channel.power_w[1:] == pytest.approx(10.0)
    assert not dialog.grab().isNull()


def test_a_tampered_sample_is_danger_with_the_block_named(ask: Callable[[], AuditDialog], store: Store, kept: RunResult) -> None:
    with store._database.writing() as connection:
        connection.execute("UPDATE sample SET energy_j = 44.0 WHERE t_ns = 4500000000")
        connection.execute("UPDATE sample SET energy_j = 41.5 WHERE t_ns = 4000000000")
    dialog = ask()
    assert "do not come out as they are stored" in dialog.verdict.text()
    assert "not what the digest stands for" in dialog.verdict.text()
    assert dialog._strip.property("role") == "failure"
    assert dialog.blocks.topLevelItem(1).toolTip(0) == "energy differs from the stored result"


def test_the_raw_data_is_written_where_it_was_asked_for(ask: Callable[[], AuditDialog], qtbot: QtBot, tmp_path: Path) -> None:
    dialog = ask()
    with qtbot.waitSignal(dialog.written, timeout=_PATIENCE_MS):
        dialog.save_to(tmp_path / "raw")
    assert (tmp_path / "raw" / "samples.csv").is_file()
    assert dialog.save.isEnabled()


def test_a_folder_that_cannot_be_written_is_told(ask: Callable[[], AuditDialog], qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    dialog = ask()
    with qtbot.waitSignal(dialog.failed, timeout=_PATIENCE_MS):
        dialog.save_to(tmp_path / "file" / "raw")
    assert "cannot be written" in dialog.verdict.text()
    assert dialog.save.isEnabled()


def test_the_window_opens_it_for_the_chosen_variant(window: MainWindow, runner, store: Store, kept: RunResult, qtbot: QtBot) -> None:
    runner.store = store
    window.audits.ask()
    assert "nothing to audit yet" in window.messages.messages[0].message
    window.show_result(kept)
    assert window.results.doors.audit.text() == "Audit trail A…"
    window.results.doors.audit.click()
    dialog = window.audits.dialog
    assert dialog is not None
    assert dialog.letter == "A"
    qtbot.waitUntil(lambda: bool(dialog.plot.channels), timeout=_PATIENCE_MS)
    work = dialog.work
    dialog.done(0)
    work.wait()
