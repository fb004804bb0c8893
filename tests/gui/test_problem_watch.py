"""A message about a pipeline that cannot run leaves when the pipeline is mended, and only then."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from greenbench.core.edits import Connect, Disconnect
from greenbench.gui.main_window import MainWindow


def test_a_message_leaves_when_its_problem_is_mended(window: MainWindow, qtbot: QtBot) -> None:
    session = window.parts.session
    cut = [link for link in session.pipeline.links if link.target in ("prune", "bench")]
    for link in cut:
        assert session.do(Disconnect(link))
    QTest.mouseClick(window.toolbar._run, Qt.MouseButton.LeftButton)
    before = [message.message for message in window.messages.messages]
    assert len(before) >= 2
    status = window.board.status("prune")
    assert status.refused
    assert window.editor.canvas.pipeline_scene.nodes["prune"].toolTip() == status.refused
    window.messages.say("notice", "Something else.")

    def said() -> list[str]:
        return [message.message for message in window.messages.messages]

    to_prune = next(link for link in cut if link.target == "prune")
    assert session.do(Connect(to_prune))
    qtbot.waitUntil(lambda: len(said()) < len(before) + 1)
    assert [text for text in before if "Prune" in text]
    assert not any("Prune" in text for text in said())
    assert not window.board.status("prune").refused
    assert set(said()) == {text for text in before if "Prune" not in text} | {"Something else."}
    for link in cut:
        if link is not to_prune:
            assert session.do(Connect(link))
    qtbot.waitUntil(lambda: said() == ["Something else."])
    session.undo_stack.undo()
    window.wiring.problems.look()
    assert said() == ["Something else."], "what was not asked for is not told"
