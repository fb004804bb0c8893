"""Autosave: work that was not saved outlives the window, once, and a window that closed well leaves nothing."""

import json
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from greenbench.core import places
from greenbench.core.document import SUFFIX, dumps
from greenbench.core.edits import ChangeNode
from greenbench.gui import app
from greenbench.gui.autosave import leftovers
from greenbench.gui.main_window import MainWindow
from greenbench.gui.settings import Settings

_NOBODY = 2**22 + 7  # above Linux's largest process id


@pytest.fixture
def folder() -> Path:
    return places.home() / "autosave"


def _edit(window: MainWindow) -> None:
    session = window.parts.session
    session.do(ChangeNode(session.pipeline.nodes["train"].but(title="Teach")))


def _crash(folder: Path) -> None:
    """Makes the copy that is there look like one of a process that is gone."""
    note = next(folder.glob("*.json"))
    said = json.loads(note.read_text(encoding="utf-8"))
    note.with_suffix(SUFFIX).rename(folder / f"{_NOBODY}{SUFFIX}")
    note.unlink()
    (folder / f"{_NOBODY}.json").write_text(json.dumps({**said, "pid": _NOBODY}), encoding="utf-8")


def test_unsaved_work_is_copied_and_offered_after_a_crash(window: MainWindow, folder: Path) -> None:
    _edit(window)
    edited = dumps(window.parts.session.pipeline)
    window.autosave.write()
    assert leftovers(folder) == [], "a living window's copy is nobody's leftover"
    _crash(folder)
    window.parts.session.document.treat_as_saved()
    window.parts.files.new()
    app._offer_leftovers(window)
    message = window.messages.messages[0]
    assert '"Small comparison" was not saved' in message.message
    restore = next(button for button in message.findChildren(type(window.toolbar._run)) if button.text() == "Restore")
    restore.click()
    assert dumps(window.parts.session.pipeline) == edited
    assert window.parts.session.document.modified
    assert leftovers(folder) == []


def test_what_is_discarded_is_not_offered_again(window: MainWindow, folder: Path) -> None:
    _edit(window)
    window.autosave.write()
    _crash(folder)
    app._offer_leftovers(window)
    message = window.messages.messages[0]
    next(button for button in message.findChildren(type(window.toolbar._run)) if button.text() == "Discard").click()
    assert leftovers(folder) == []
    app._offer_leftovers(window)
    assert window.messages.messages == []


def test_saved_work_needs_no_copy(window: MainWindow, folder: Path, tmp_path: Path) -> None:
    _edit(window)
    window.autosave.write()
    assert list(folder.iterdir())
    window.parts.session.save(tmp_path / "mine.greenbench")
    window.autosave.write()
    assert not list(folder.iterdir())


def test_a_copy_is_made_soon_after_an_edit(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    window.autosave._after.setInterval(1)
    _edit(window)
    qtbot.waitUntil(lambda: folder.is_dir() and bool(list(folder.glob("*.greenbench"))))


def test_a_damaged_note_is_passed_over(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "1.json").write_text("{", encoding="utf-8")
    (folder / "2.json").write_text('{"pid": 1}', encoding="utf-8")
    assert leftovers(folder) == []


def test_settings_forget_files_that_are_gone(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    first, second = tmp_path / "a.greenbench", tmp_path / "b.greenbench"
    for path in (first, second, first):
        path.touch()
        settings.add_recent(path)
    assert settings.recent() == [first, second]
    first.unlink()
    assert settings.recent() == [second]
