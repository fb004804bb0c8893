"""The canvas driven by mouse: what a user does there becomes one edit, and undo takes it back."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from greenbench.core.catalog import Catalog
from greenbench.core.pipeline import Link, Pipeline
from greenbench.gui.editor.items import PORT_FADED, PORT_FITS, PORT_REFUSED
from greenbench.gui.editor.view import EditorView
from greenbench.gui.library import StepLibrary, step_mime
from greenbench.gui.session import Session
from greenbench.gui.theme import Theme

Hand = Any


def test_a_step_dragged_from_the_library_becomes_a_node_where_it_is_dropped(
    qtbot: Any, editor: EditorView, session: Session, catalog: Catalog, theme: Theme
) -> None:
    library = StepLibrary(catalog, theme)
    qtbot.addWidget(library)
    line = library.item("prune.structured")
    assert line is not None
    data = library.tree.mimeData([line])
    at = QPointF(500, 500)
    enter = QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(editor.canvas.viewport(), enter)
    assert enter.isAccepted()
    drop = QDropEvent(at, Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(editor.canvas.viewport(), drop)
    (new,) = editor.selected()
    node = session.pipeline.nodes[new]
    assert (node.step, node.title) == ("prune.structured", "Prune channels 2")
    scene_point = editor.canvas.mapToScene(at.toPoint())
    assert editor.scene.nodes[new].rect.contains(scene_point)
    assert node.position[0] % 8 == 0
    assert node.position[1] % 8 == 0
    session.undo_stack.undo()
    assert new not in session.pipeline.nodes
    assert new not in editor.scene.nodes


def test_text_that_is_no_step_is_not_accepted(editor: EditorView, catalog: Catalog) -> None:
    data = step_mime(catalog["train"])
    data.setData("application/x-greenbench-step", b"no.such.step")
    enter = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter.ignore()
    QApplication.sendEvent(editor.canvas.viewport(), enter)
    assert not enter.isAccepted()


def test_dragging_a_node_moves_it_on_the_grid_as_one_undo_entry(editor: EditorView, hand: Hand, session: Session) -> None:
    start = hand.pixel("prune")
    hand.drag(start, start + QPoint(53, 101))
    assert session.pipeline.nodes["prune"].position == (456, 128)
    assert session.undo_stack.count() == 1
    session.undo_stack.undo()
    assert session.pipeline.nodes["prune"].position == (400, 24)
    assert editor.scene.nodes["prune"].pos() == QPointF(400, 24)


def test_escape_during_a_drag_puts_the_node_back(editor: EditorView, hand: Hand, session: Session) -> None:
    start = hand.pixel("prune")
    hand.press(start)
    hand.move(start + QPoint(80, 80))
    assert editor.scene.nodes["prune"].pos() != QPointF(400, 24)
    hand.keys(Qt.Key.Key_Escape)
    assert editor.scene.nodes["prune"].pos() == QPointF(400, 24)
    hand.release(start + QPoint(80, 80))
    assert session.undo_stack.count() == 0


def test_selected_nodes_move_together(hand: Hand, editor: EditorView, session: Session) -> None:
    editor.select_nodes(["prune", "train"])
    start = hand.pixel("train")
    hand.drag(start, start + QPoint(0, 80))
    assert session.pipeline.nodes["train"].position == (200, 104)
    assert session.pipeline.nodes["prune"].position == (400, 104)
    assert session.undo_stack.count() == 1


def test_the_rubber_band_selects_what_it_touches(hand: Hand, editor: EditorView) -> None:
    first, last = editor.canvas.mapFromScene(180, 250), editor.canvas.mapFromScene(420, 40)
    hand.drag(first, last)
    assert set(editor.selected()) == {"train", "prune"}


def test_the_middle_button_pans_without_an_edit(hand: Hand, editor: EditorView, session: Session) -> None:
    before = editor.canvas.camera.middle
    hand.drag(QPoint(500, 500), QPoint(440, 480), Qt.MouseButton.MiddleButton)
    assert (editor.canvas.camera.middle - before) == QPointF(60, 20)
    assert session.undo_stack.count() == 0


def test_the_wheel_zooms_about_the_mouse(editor: EditorView) -> None:
    at = QPointF(300, 200)
    before = editor.canvas.mapToScene(at.toPoint())
    event = QWheelEvent(
        at, at, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(editor.canvas.viewport(), event)
    assert editor.canvas.camera.zoom > 1.1
    assert (editor.canvas.mapToScene(at.toPoint()) - before).manhattanLength() < 3


def test_dragging_from_port_to_port_connects_them(hand: Hand, editor: EditorView, session: Session) -> None:
    hand.drag(hand.port_pixel("model", "model", output=True), editor.canvas.mapFromScene(*_free_row(editor, 2)))
    assert session.pipeline.links[-1] == Link("model", "model", "bench", "models")
    assert len(editor.scene.nodes["bench"].parts.rows) == 3
    session.undo_stack.undo()
    assert len(editor.scene.nodes["bench"].parts.rows) == 2
    assert Link("model", "model", "bench", "models") not in editor.scene.links


def _free_row(editor: EditorView, row: int) -> tuple[float, float]:
    """Where the port for one more model appears while a link is dragged: header 28, rows of 22."""
    place = editor.scene.nodes["bench"].pos()
    return place.x(), place.y() + 28 + 22 * (row + 0.5)


def test_a_refused_link_says_why_before_the_drop_and_changes_nothing(
    hand: Hand, editor: EditorView, session: Session, pipeline: Pipeline
) -> None:
    start, end = hand.port_pixel("data", "data", output=True), hand.port_pixel("prune", "model")
    hand.press(start)
    hand.move(start + QPoint(20, 0))
    hand.move(end)
    card = editor.canvas.card
    assert card.isVisible()
    assert card.refusing
    assert card.title == "A data set cannot go into a model port"
    assert "takes a model here" in card.text
    assert hand.port("prune", "model").mood is PORT_REFUSED or _input(editor, "prune").mood is PORT_REFUSED
    links = list(session.pipeline.links)
    hand.release(end)
    assert not card.isVisible()
    assert session.pipeline.links == links
    assert session.undo_stack.count() == 0


def _input(editor: EditorView, node: str) -> Any:
    return editor.scene.nodes[node].port("model", False)


def test_while_a_link_is_dragged_fitting_ports_keep_their_colour_and_others_fade(hand: Hand, editor: EditorView) -> None:
    editor.editing.disconnect([Link("prune", "model", "bench", "models")])
    start = hand.port_pixel("prune", "model", output=True)
    hand.press(start)
    hand.move(start + QPoint(30, 30))
    moods = {(id, port.slot.port.name, port.slot.output): port.mood for id, node in editor.scene.nodes.items() for port in node.ports}
    assert moods["train", "data", False] is PORT_FADED
    assert moods["train", "model", False] is PORT_FADED, "it would close a circle"
    assert moods["bench", "models", False] is PORT_FITS
    hand.keys(Qt.Key.Key_Escape)
    hand.release(start)


def test_a_circle_is_refused_with_its_reason(hand: Hand, editor: EditorView) -> None:
    start, end = hand.port_pixel("prune", "model", output=True), hand.port_pixel("train", "model")
    hand.press(start)
    hand.move(start + QPoint(20, 20))
    hand.move(end)
    assert "circle" in editor.canvas.card.title
    hand.release(end)


def test_a_drop_on_a_taken_input_replaces_its_link_in_one_entry(hand: Hand, session: Session) -> None:
    hand.drag(hand.port_pixel("model", "model", output=True), hand.port_pixel("prune", "model"))
    assert session.pipeline.into("prune") == [Link("model", "model", "prune", "model")]
    assert session.undo_stack.count() == 1
    session.undo_stack.undo()
    assert session.pipeline.into("prune") == [Link("train", "model", "prune", "model")]


def test_a_link_pulled_off_its_input_is_gone(hand: Hand, session: Session, empty_spot: Callable[[], QPoint]) -> None:
    hand.drag(hand.port_pixel("prune", "model"), empty_spot())
    assert session.pipeline.into("prune") == []
    session.undo_stack.undo()
    assert session.pipeline.into("prune") == [Link("train", "model", "prune", "model")]


def test_a_link_dropped_on_empty_canvas_offers_only_steps_that_fit_and_joins_the_chosen_one(
    hand: Hand, editor: EditorView, session: Session, empty_spot: Callable[[], QPoint]
) -> None:
    hand.drag(hand.port_pixel("data", "data", output=True), empty_spot())
    assert editor.search.isVisible()
    titles = [offer.title for offer in editor.search.offers()]
    assert titles == ["Train", "Distil student", "Benchmark"]
    QTest.keyClicks(editor.search.field, "distil")
    QTest.keyClick(editor.search.field, Qt.Key.Key_Return)
    (new,) = editor.selected()
    assert session.pipeline.nodes[new].step == "distil.soft"
    assert session.pipeline.into(new) == [Link("data", "data", new, "data")]
    assert session.undo_stack.count() == 1


def test_double_click_on_the_canvas_opens_search_to_add(hand: Hand, editor: EditorView, empty_spot: Callable[[], QPoint]) -> None:
    hand.double_click(empty_spot())
    assert editor.search.isVisible()
    QTest.keyClick(editor.search.field, Qt.Key.Key_Escape)
    assert not editor.search.isVisible()


def test_a_click_on_a_field_edits_it_on_the_node(hand: Hand, editor: EditorView, session: Session) -> None:
    box = editor.scene.nodes["prune"].parts.boxes["ratio"].center()
    hand.click(hand.pixel("prune", box.x(), box.y()))
    line = editor.canvas.box_editor.line
    assert line.isVisible()
    assert line.text() == "50"
    line.clear()
    QTest.keyClicks(line, "75")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert session.pipeline.nodes["prune"].params == {"ratio": 0.75}
    assert not line.isVisible()


def test_a_refused_value_on_the_node_stays_with_its_limit(hand: Hand, editor: EditorView, session: Session) -> None:
    box = editor.scene.nodes["prune"].parts.boxes["ratio"].center()
    hand.click(hand.pixel("prune", box.x(), box.y()))
    line = editor.canvas.box_editor.line
    line.setText("130")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert line.isVisible()
    assert line.property("bad") is True
    assert "100 %" in editor.canvas.card.text
    assert session.pipeline.nodes["prune"].params == {}
    QTest.keyClick(line, Qt.Key.Key_Escape)
    assert not editor.canvas.card.isVisible()


def test_hovering_a_link_says_what_flows_through_it(hand: Hand, editor: EditorView) -> None:
    item = editor.scene.links[Link("train", "model", "prune", "model")]
    hand.move(editor.canvas.mapFromScene(item.path.pointAtPercent(0.5)))
    assert item.hovered
    assert editor.canvas.card.title == "Model"
    assert "has not run" in editor.canvas.card.text
    hand.move(editor.canvas.mapFromScene(420, 420))
    assert not item.hovered
    assert not editor.canvas.card.isVisible()


@pytest.mark.parametrize(("zoom", "height"), [(1.0, 82), (0.7, 54), (0.45, 28)])
def test_nodes_lose_fields_below_75_percent_and_the_footer_below_50(editor: EditorView, zoom: float, height: float) -> None:
    editor.canvas.camera.zoom_to(zoom)
    assert editor.scene.nodes["prune"].parts.size.height() == height
