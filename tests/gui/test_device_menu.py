"""Where to run and measure: device, threads and cores are chosen in the toolbar, reach the plan, and are remembered."""

import os

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from greenbench.core.errors import GreenBenchError
from greenbench.core.quote import spans
from greenbench.engine.devices import Device, default_threads
from greenbench.gui.device_menu import CoresDialog, DeviceMenu, can_pin, thread_choices, typed_cores
from greenbench.gui.main_window import MainWindow
from greenbench.gui.theme import Theme

CPU = Device("cpu", "12th Gen Intel(R) Core(TM) i7-1260P with a very long name of the board", "6 cores")
GPU = Device("cuda:0", "NVIDIA H200", "141 GiB, driver 570", "GPU-1a2b3c4d-0000-1111-2222-333344445555")


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    return 8


def entry(menu: QMenu, start: str) -> QAction:
    return next(action for action in menu.actions() if action.text().startswith(start))


def test_the_button_says_where_how_many_and_on_which_cores(qtbot: QtBot, theme: Theme) -> None:
    menu = DeviceMenu(theme)
    qtbot.addWidget(menu)
    menu.show_choice((CPU, GPU), "cpu", None, 2, (0, 1, 2, 3, 6))
    assert menu.toolTip().endswith("2 threads on cores 0-3,6")
    assert menu.words.endswith("on cores 0-3,6"), "a long name gives way, not the threads"
    assert "…" in menu.words
    menu.show_choice((CPU, GPU), "cuda:0", None, 2, ())
    assert menu.words == "NVIDIA H200, GPU-1a2b3c4d"
    assert entry(menu.menu(), "NVIDIA").text() == "NVIDIA H200, 141 GiB, driver 570, GPU-1a2b3c4d"
    assert GPU.uuid in entry(menu.menu(), "NVIDIA").toolTip()


def test_a_device_that_is_gone_is_replaced_by_the_first(qtbot: QtBot, theme: Theme) -> None:
    menu = DeviceMenu(theme)
    qtbot.addWidget(menu)
    menu.show_choice((CPU,), "cuda:3", None, 1, ())
    assert menu.words.endswith("1 thread")


def test_what_is_chosen_reaches_the_plan_and_the_next_start(window: MainWindow, runner, cores: int) -> None:
    devices, menu = window.wiring.devices, window.toolbar.device
    devices.show((CPU, GPU))
    entry(menu.menu(), "NVIDIA").trigger()
    assert window.parts.control.conditions.device == "cuda:0"
    entry(menu.menu(), "12th Gen").trigger()
    threads = next(action.menu() for action in menu.menu().actions() if action.menu())
    entry(threads, "4").trigger()
    assert window.parts.control.conditions.threads == 4
    menu.cores_chosen.emit((0, 2, 3))
    assert window.parts.control.conditions.affinity == (0, 2, 3)
    assert [window.parts.settings.text(key) for key in ("device", "threads", "cores")] == ["cpu", "4", "0,2-3"]
    again = type(devices)(window.parts.control, window.parts.settings, menu)
    again.show((CPU, GPU))
    assert (window.parts.control.threads, window.parts.control.affinity) == (4, (0, 2, 3))


def test_fewer_cores_than_threads_lower_the_default_but_not_a_choice(window: MainWindow) -> None:
    control = window.parts.control
    control.affinity, control.threads = (0,), None
    assert control.threads_used == 1
    control.threads = 2
    assert control.threads_used == 2
    control.affinity, control.threads = (), None
    assert control.threads_used == default_threads(window_open=True)


def test_settings_of_another_machine_are_forgotten(window: MainWindow, cores: int) -> None:
    settings, control = window.parts.settings, window.parts.control
    settings.set_text("threads", "400")
    settings.set_text("cores", "0-63")
    type(window.wiring.devices)(control, settings, window.toolbar.device)
    assert (control.threads, control.affinity) == (None, ())


@pytest.mark.skipif(not can_pin(), reason="this system lets no program choose its cores")
def test_cores_are_checked_while_they_are_typed(qtbot: QtBot, theme: Theme, window: MainWindow, cores: int) -> None:
    taken: list[tuple[int, ...]] = []
    dialog = CoresDialog(window, theme, (), 3, taken.append)
    qtbot.addWidget(dialog)
    for text, words, possible in (
        ("9", "There is no core 9 on this machine. Its logical cores are 0 to 7.", False),
        ("a-b", '"a-b" names no cores. Write them as 0-3,6.', False),
        ("0-99999999999", "This machine has no core of that number. Its logical cores are 0 to 7.", False),
        ("0,1", "3 threads would share 2 cores and wait for each other.", True),
        ("0-2, 5", "This machine has the logical cores 0 to 7. Empty: all of them, as the system likes.", True),
    ):
        dialog.field.setText(text)
        assert (dialog.said.text(), dialog.ok.isEnabled()) == (words, possible)
    dialog.accept()
    assert taken == [(0, 1, 2, 5)]


@pytest.mark.parametrize("text", ["0-3,6", "5", "0,2,4-5"])
def test_cores_are_written_as_they_are_read(text: str, cores: int) -> None:
    assert spans(typed_cores(text)) == text


def test_no_machine_has_a_millionth_core(cores: int) -> None:
    with pytest.raises(GreenBenchError, match="0 to 7"):
        typed_cores("0-1000000")


def test_many_cores_are_offered_as_powers_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 96)
    assert thread_choices(47) == [1, 2, 4, 8, 16, 32, 47, 64, 96]
