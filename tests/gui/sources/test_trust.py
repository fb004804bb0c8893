"""A file that runs code is asked about once for each content; the answer that does nothing is the one that Enter gives."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from greenbench.core.edits import ChangeNode
from greenbench.core.errors import ModelError, PlanError, Problem
from greenbench.core.jobs import Found, InspectFile
from greenbench.core.trust import TrustRequest
from greenbench.gui.forms.inspector import Inspector
from greenbench.gui.forms.panels import NodePanel
from greenbench.gui.session import Session
from greenbench.gui.sources.aside import PermissionNotice
from greenbench.gui.sources.intake import Intake
from greenbench.gui.sources.trust import TrustDialog

REQUEST = TrustRequest(path="/models/net.ts", sha256="ab" * 32, kind="TorchScript file", explanation="Loading it runs the program inside.")
OTHER = REQUEST.model_copy(update={"path": "/models/net.py", "sha256": "cd" * 32, "kind": "Python file"})


def dialog(intake: Intake) -> TrustDialog:
    assert intake.trust.dialog is not None
    return intake.trust.dialog


def told(box: TrustDialog) -> str:
    return "\n".join(label.text().replace("\u200b", "") for label in box.findChildren(QLabel))


def needs(*asked: TrustRequest) -> PlanError:
    return PlanError([Problem("file", request.question, "Allow it.", request) for request in asked])


def test_enter_does_not_run_the_file(inspector: Inspector, intake: Intake, qtbot: QtBot) -> None:
    went_on: list[bool] = []
    assert intake.trust.ask((REQUEST,), lambda: went_on.append(True))
    box = dialog(intake)
    qtbot.waitUntil(box.isVisible)
    assert box.focusWidget() is box.refuse
    assert not box.allow.isDefault()
    assert not box.allow.autoDefault()
    QTest.keyClick(box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: intake.trust.dialog is None)
    assert intake.trust.book.allowed() == frozenset()
    assert went_on == []


def test_escape_does_not_run_it_either(inspector: Inspector, intake: Intake, qtbot: QtBot) -> None:
    assert intake.trust.ask((REQUEST,))
    QTest.keyClick(dialog(intake), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: intake.trust.dialog is None)
    assert intake.trust.book.allowed() == frozenset()


def test_the_question_names_file_kind_danger_and_hash(inspector: Inspector, intake: Intake) -> None:
    assert intake.trust.ask((REQUEST, OTHER))
    said = told(dialog(intake))
    for words in ("/models/net.ts", "TorchScript file", "Loading it runs the program inside.", "abababababababab…", "/models/net.py"):
        assert words in said
    assert dialog(intake).allow.text() == "Run them"
    dialog(intake).reject()


def test_a_yes_is_remembered_by_content_and_what_waited_goes_on(inspector: Inspector, intake: Intake, qtbot: QtBot) -> None:
    went_on: list[bool] = []
    assert intake.trust.ask_for(needs(REQUEST), lambda: went_on.append(True))
    dialog(intake).allow.click()
    qtbot.waitUntil(lambda: went_on == [True])
    assert intake.trust.book.allowed() == {REQUEST.sha256}
    assert not intake.trust.ask((REQUEST,)), "once for each content"
    renamed = REQUEST.model_copy(update={"path": "/elsewhere/net.ts"})
    assert intake.trust.open_of((renamed,)) == ()
    assert intake.trust.open_of((renamed, OTHER)) == (OTHER,)


@pytest.mark.parametrize(
    "error",
    [ModelError("No."), PlanError([]), PlanError([*needs(REQUEST).problems, Problem("train", '"Train" needs a model.')])],
)
def test_nothing_is_asked_where_a_permission_would_not_help(inspector: Inspector, intake: Intake, error: Exception) -> None:
    assert not intake.trust.ask_for(error, lambda: None)
    assert intake.trust.dialog is None


def test_an_answer_that_cannot_be_written_is_told_and_nothing_runs(
    inspector: Inspector, intake: Intake, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setattr(intake.trust.book, "_path", blocked / "trusted-files.json")
    went_on: list[bool] = []
    with qtbot.waitSignal(intake.trust.failed) as said:
        intake.trust.ask((REQUEST,), lambda: went_on.append(True))
        dialog(intake).allow.click()
    assert "cannot be remembered" in str(said.args[0])
    assert went_on == []


def test_the_inspector_says_that_a_file_runs_code_and_looks_again_after_a_yes(
    inspector: Inspector, session: Session, intake: Intake, jobs: Any, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "net.ts"
    path.write_bytes(b"program")

    def answer(request: InspectFile) -> Found:
        sentence = "A TorchScript file." if request.trusted else "A TorchScript file; more is known once it may run."
        return Found(path=request.path, sha256="ab" * 32, format="torchscript", sentence=sentence, size_bytes=7)

    jobs.answer = answer
    assert session.do(ChangeNode(session.pipeline.nodes["file"].but(params={"file": str(path)})))
    inspector.show_nodes(["file"])
    assert isinstance(inspector.panel, NodePanel)
    assert inspector.panel.aside is not None
    notice = inspector.panel.aside.permission
    assert isinstance(notice, PermissionNotice)
    assert notice.card.isVisible()
    assert "runs code" in notice.card.title.text()
    qtbot.waitUntil(lambda: len(jobs.inspected) == 1)
    assert jobs.read == [], "nothing is loaded before the answer"
    notice.allow.click()
    dialog(intake).allow.click()
    qtbot.waitUntil(lambda: len(jobs.inspected) == 2)
    assert jobs.inspected[1].trusted == ("ab" * 32,)
    assert not notice.card.isVisible()
    assert "You allowed" in notice.given.text().replace("\u200b", "")
    qtbot.waitUntil(lambda: intake.jobs.busy is False)
