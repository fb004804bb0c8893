"""A message about a pipeline that cannot run leaves when the pipeline is mended, and only then."""

from PySide6.QtCore import QPoint, Qt
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


def test_several_messages_take_the_room_of_one(window: MainWindow) -> None:
    bar = window.messages
    bar.say("failure", "The first thing.", "Do this.")
    height = bar.sizeHint().height()
    bar.say("failure", "The second thing.", "Do that.")
    assert bar.sizeHint().height() == height
    first, second = bar.messages
    assert (first.isVisible(), second.isVisible()) == (False, True)
    assert second.place.text() == "2 of 2"
    second.place.click()
    assert (first.isVisible(), second.isVisible()) == (True, False)
    first.leave()
    assert second.isVisible()
    assert not second.place.isVisible()
    second.leave()
    assert not bar.isVisible()


def test_a_message_moves_nothing_under_the_hand(window: MainWindow, qtbot: QtBot) -> None:
    canvas = window.editor.canvas
    node = window.editor.scene.nodes["prune"]

    def place() -> QPoint:
        return canvas.viewport().mapToGlobal(canvas.mapFromScene(node.pos()))

    before, top = place(), canvas.mapToGlobal(QPoint())
    port = canvas.mapFromScene(node.ports[0].anchor)
    QTest.mousePress(canvas.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, port)
    window.messages.say("failure", "These do not fit.", "Join others.")
    qtbot.waitUntil(lambda: canvas.mapToGlobal(QPoint()) != top)
    assert place() == before
    window.messages.clear()
    qtbot.waitUntil(lambda: canvas.mapToGlobal(QPoint()) == top)
    assert place() == before
