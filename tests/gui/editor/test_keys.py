"""The canvas driven by keyboard: every action can be reached without a mouse and is one undo entry."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from greenbench.core.document import FORMAT, loads
from greenbench.core.pipeline import Link
from greenbench.gui.editor.view import EditorView
from greenbench.gui.session import Session

Hand = Any
CTRL, ALT, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier


def test_tab_searches_and_enter_adds_the_best_match(hand: Hand, editor: EditorView, session: Session) -> None:
    hand.keys(Qt.Key.Key_Tab)
    assert editor.search.isVisible()
    QTest.keyClicks(editor.search.field, "prune")
    QTest.keyClick(editor.search.field, Qt.Key.Key_Return)
    (new,) = editor.selected()
    assert session.pipeline.nodes[new].step == "prune.structured"
    assert editor.canvas.hasFocus()


def test_search_follows_the_arrows(hand: Hand, editor: EditorView, session: Session) -> None:
    hand.keys(Qt.Key.Key_Tab)
    QTest.keyClick(editor.search.field, Qt.Key.Key_Down)
    second = editor.search.offers()[1]
    QTest.keyClick(editor.search.field, Qt.Key.Key_Return)
    (new,) = editor.selected()
    assert session.pipeline.nodes[new].step == second.value.key  # type: ignore[attr-defined]


def test_search_that_finds_nothing_says_so(hand: Hand, editor: EditorView) -> None:
    hand.keys(Qt.Key.Key_Tab)
    QTest.keyClicks(editor.search.field, "zzz")
    assert editor.search.offers() == []
    assert editor.search.empty.text() == 'No step is called "zzz".'
    QTest.keyClick(editor.search.field, Qt.Key.Key_Escape)


def test_delete_removes_nodes_with_their_links_and_undo_brings_both_back(hand: Hand, editor: EditorView, session: Session) -> None:
    before = list(session.pipeline.links)
    editor.select_nodes(["prune"])
    hand.keys(Qt.Key.Key_Delete)
    assert "prune" not in session.pipeline.nodes
    assert set(editor.scene.links) == set(session.pipeline.links)
    assert len(editor.scene.nodes["bench"].parts.rows) == 1
    session.undo_stack.undo()
    assert session.pipeline.links == before
    assert set(editor.scene.links) == set(before)
    session.undo_stack.redo()
    assert "prune" not in editor.scene.nodes


def test_a_selected_link_is_deleted(hand: Hand, editor: EditorView, session: Session) -> None:
    link = Link("train", "model", "prune", "model")
    hand.click(editor.canvas.mapFromScene(editor.scene.links[link].path.pointAtPercent(0.5)))
    assert editor.scene.selected_links() == [link]
    hand.keys(Qt.Key.Key_Delete)
    assert link not in session.pipeline.links


def test_copy_and_paste_keep_parameters_and_the_links_among_the_copies(hand: Hand, editor: EditorView, session: Session) -> None:
    editor.editing.set_value("prune", "ratio", 0.25)
    editor.select_nodes(["train", "prune"])
    hand.keys(Qt.Key.Key_C, CTRL)
    text = QApplication.clipboard().text()
    assert FORMAT in text
    assert set(loads(text, session.catalog).nodes) == {"train", "prune"}
    count = session.undo_stack.count()
    hand.keys(Qt.Key.Key_V, CTRL)
    new = editor.selected()
    assert sorted(session.pipeline.nodes[id].title for id in new) == ["Prune channels 2", "Train 2"]
    copied = {session.pipeline.nodes[id].step: id for id in new}
    assert session.pipeline.into(copied["prune.structured"]) == [Link(copied["train"], "model", copied["prune.structured"], "model")]
    assert session.pipeline.nodes[copied["prune.structured"]].params == {"ratio": 0.25}
    assert session.undo_stack.count() == count + 1


def test_cut_takes_away_and_paste_brings_back(hand: Hand, editor: EditorView, session: Session) -> None:
    editor.select_nodes(["prune"])
    hand.keys(Qt.Key.Key_X, CTRL)
    assert "prune" not in session.pipeline.nodes
    hand.keys(Qt.Key.Key_V, CTRL)
    assert [session.pipeline.nodes[id].title for id in editor.selected()] == ["Prune channels"]


def test_pasting_something_else_is_refused_in_words_and_changes_nothing(hand: Hand, session: Session) -> None:
    heard: list[Any] = []
    session.refused.connect(heard.append)
    QApplication.clipboard().setText("a shopping list")
    hand.keys(Qt.Key.Key_V, CTRL)
    assert "The clipboard is not a pipeline" in heard[0].message
    assert session.undo_stack.count() == 0


def test_duplicate_stands_beside_the_original(hand: Hand, editor: EditorView, session: Session) -> None:
    editor.select_nodes(["prune"])
    hand.keys(Qt.Key.Key_D, CTRL)
    (new,) = editor.selected()
    assert session.pipeline.nodes[new].position == (424, 48)


def test_select_all_then_m_mutes_all_and_again_wakes_them(hand: Hand, editor: EditorView, session: Session) -> None:
    hand.keys(Qt.Key.Key_A, CTRL)
    assert len(editor.selected()) == 5
    hand.keys(Qt.Key.Key_M)
    assert all(node.muted for node in session.pipeline.nodes.values())
    assert session.undo_stack.count() == 1
    hand.keys(Qt.Key.Key_M)
    assert not any(node.muted for node in session.pipeline.nodes.values())


def test_arrow_keys_move_by_the_grid_and_presses_in_a_row_are_one_entry(hand: Hand, editor: EditorView, session: Session) -> None:
    editor.select_nodes(["prune"])
    for _ in range(3):
        hand.keys(Qt.Key.Key_Right)
    hand.keys(Qt.Key.Key_Down, SHIFT)
    assert session.pipeline.nodes["prune"].position == (424, 56)
    assert session.undo_stack.count() == 1


def test_alt_and_arrows_walk_from_node_to_node(hand: Hand, editor: EditorView) -> None:
    hand.keys(Qt.Key.Key_Right)
    assert editor.selected() == ["data"]
    for id in ("train", "prune", "bench"):
        hand.keys(Qt.Key.Key_Right, ALT)
        assert editor.selected() == [id]


def test_c_connects_by_keyboard_and_lists_only_what_is_allowed(hand: Hand, editor: EditorView, session: Session) -> None:
    editor.select_nodes(["model"])
    hand.keys(Qt.Key.Key_C)
    titles = [offer.title for offer in editor.search.offers()]
    assert titles == ["Prune channels", "Benchmark"], "Train already has this link; data ports do not fit"
    QTest.keyClicks(editor.search.field, "bench")
    QTest.keyClick(editor.search.field, Qt.Key.Key_Return)
    assert session.pipeline.links[-1] == Link("model", "model", "bench", "models")


def test_f2_renames_in_place(hand: Hand, editor: EditorView, session: Session) -> None:
    editor.select_nodes(["prune"])
    hand.keys(Qt.Key.Key_F2)
    line = editor.canvas.box_editor.line
    line.setText("Half the channels")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert session.pipeline.nodes["prune"].title == "Half the channels"


def test_letters_typed_into_a_name_do_not_trigger_actions(hand: Hand, editor: EditorView, session: Session) -> None:
    editor.select_nodes(["prune"])
    hand.keys(Qt.Key.Key_F2)
    line = editor.canvas.box_editor.line
    line.clear()
    QTest.keyClicks(line, "m l f")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert session.pipeline.nodes["prune"].title == "m l f"
    assert not session.pipeline.nodes["prune"].muted


def test_l_arranges_in_one_entry_with_every_link_from_left_to_right(hand: Hand, editor: EditorView, session: Session) -> None:
    before = {id: node.position for id, node in session.pipeline.nodes.items()}
    hand.keys(Qt.Key.Key_L)
    assert session.undo_stack.count() == 1
    for link in session.pipeline.links:
        source, target = editor.scene.nodes[link.source], editor.scene.nodes[link.target]
        assert source.rect.right() < target.rect.left()
    session.undo_stack.undo()
    assert {id: node.position for id, node in session.pipeline.nodes.items()} == before


def test_f_frames_everything(hand: Hand, editor: EditorView) -> None:
    editor.canvas.camera.zoom_to(2.5)
    hand.keys(Qt.Key.Key_F)
    seen = editor.canvas.camera.seen
    assert all(seen.contains(item.rect) for item in editor.scene.nodes.values())


def test_shift_tab_leaves_the_canvas(hand: Hand, editor: EditorView) -> None:
    assert editor.canvas.hasFocus()
    QTest.keyClick(editor.canvas, Qt.Key.Key_Backtab, SHIFT)
    assert not editor.canvas.hasFocus()
