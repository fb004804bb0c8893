"""An action that raises is told in the window, its details are in the log, and the terminal has them too."""

import sys
from pathlib import Path

import pytest
from PySide6.QtTest import QTest

from greenbench.core.errors import MeterError
from greenbench.gui.app import attend
from greenbench.gui.main_window import MainWindow
from greenbench.gui.mishaps import LOG, Mishaps


@pytest.fixture
def mishaps(window: MainWindow) -> Mishaps:
    before = sys.excepthook
    made = attend(window)
    yield made
    made.close()
    assert sys.excepthook is before


def raised(error: Exception) -> tuple[type[Exception], Exception, object]:
    try:
        raise error
    except type(error) as caught:
        return type(caught), caught, caught.__traceback__


def test_what_nobody_foresaw_is_told_with_the_way_to_its_details(window: MainWindow, mishaps: Mishaps, capsys) -> None:
    sys.excepthook(*raised(ValueError("no such thing")))
    (message,) = window.messages.messages
    assert message.message == "Something went wrong (ValueError: no such thing)."
    assert str(mishaps.log) in message.remedy
    assert "test_mishaps" in mishaps.log.read_text()
    assert "no such thing" in capsys.readouterr().err


def test_an_error_of_the_family_says_its_own_sentence(window: MainWindow, mishaps: Mishaps) -> None:
    sys.excepthook(*raised(MeterError("The plug is gone.", "Plug it in.")))
    (message,) = window.messages.messages
    assert (message.message, message.remedy) == ("The plug is gone.", "Plug it in.")


def test_ctrl_c_is_no_mishap(window: MainWindow, mishaps: Mishaps) -> None:
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert window.messages.messages == []


def test_a_folder_that_cannot_be_written_hides_nothing(window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = Mishaps(tmp_path / "file")
    heard: list[Exception] = []
    made.happened.connect(heard.append)
    made.take(*raised(ValueError("x")))
    assert made.log.name == LOG
    assert [str(each) for each in heard] == ["x"]
    QTest.qWait(0)
