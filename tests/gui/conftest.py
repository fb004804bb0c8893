"""What every test of the window shares: the offscreen platform, the application in its fonts, a theme, and a check after
each test that no window, timer or thread survived. A warning of Qt fails the test."""

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import greenbench.core.messages  # noqa: F401 - pydantic must be whole before PySide6 watches imports, or its lazy parts fail

# isort: split
from PySide6.QtCore import QCoreApplication, QEvent, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from greenbench.gui import style
from greenbench.gui.theme import Theme

# The offscreen platform says this of every font and every cursor; it says nothing about our code.
_OF_THE_PLATFORM = ("This plugin does not support", "propagateSizeHints")


@pytest.fixture(scope="session")
def qapp_cls() -> type[QApplication]:
    return QApplication


@pytest.fixture(scope="session", autouse=True)
def _dressed(qapp: QApplication) -> None:
    style.load_fonts()
    style.apply(qapp, Theme())


@pytest.fixture
def theme() -> Theme:
    return Theme()


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def _qt_warnings_fail() -> Iterator[None]:
    heard: list[str] = []

    def hear(kind: QtMsgType, context: object, text: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and kind is not QtMsgType.QtInfoMsg and not text.startswith(_OF_THE_PLATFORM):
            heard.append(text)

    before = qInstallMessageHandler(hear)
    yield
    qInstallMessageHandler(before)
    assert not heard, f"Qt warned: {heard}"


@pytest.fixture(autouse=True)
def _nothing_survives(qapp: QApplication, _qt_warnings_fail: None) -> Iterator[None]:
    """After each test: no new top-level window, no running timer, no new thread."""
    threads = set(threading.enumerate())
    windows = {id(widget) for widget in QApplication.topLevelWidgets()}
    yield
    _settle()
    left = [widget for widget in QApplication.topLevelWidgets() if id(widget) not in windows and widget.isVisible()]
    for widget in left:
        widget.close()
    timers = [
        timer
        for widget in QApplication.allWidgets()
        for timer in widget.findChildren(QTimer)
        if timer.isActive() and not timer.isSingleShot() and widget.window() in left
    ]
    alive = [thread for thread in threading.enumerate() if thread not in threads and thread.is_alive() and not thread.daemon]
    assert not left, f"windows survived: {left}"
    assert not timers, f"timers survived: {timers}"
    assert not alive, f"threads survived: {alive}"


def _settle() -> None:
    """Lets deleteLater and pending events run, twice: destroying one object may post another event."""
    for _ in range(2):
        gc.collect()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
