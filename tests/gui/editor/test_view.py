"""The editor during a run, in low windows, in both palettes, and by its menus."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu
from pytestqt.qtbot import QtBot

from greenbench.core import messages as m
from greenbench.core.measurement import Measurement, Window, WindowKind
from greenbench.core.pipeline import Link, Pipeline
from greenbench.core.run import Failure, NodeState, Plan, PlannedNode, RunState
from greenbench.gui.editor.adding import free_place
from greenbench.gui.editor.view import EditorView
from greenbench.gui.icons import icon_path
from greenbench.gui.session import Session
from greenbench.gui.theme import Theme
from greenbench.steps import installed

Hand = Any


def start(editor: EditorView) -> None:
    pipeline = editor.session.pipeline
    nodes = tuple(PlannedNode(id=id, step=n.step, version=1, title=n.title, params={}, digest=id) for id, n in pipeline.nodes.items())
    editor.on_event(m.RunStarted(run_id="1", t_ns=0, plan=Plan(title="Test", nodes=nodes)))


def fail(editor: EditorView, id: str) -> None:
    failure = Failure(kind="Empty layer", message="Nothing is left.", remedy="Remove less.")
    editor.on_event(m.NodeFailed(node=id, t_ns=0, failure=failure))


def test_fix_on_a_failed_node_selects_it_and_asks_for_the_inspector(hand: Hand, editor: EditorView) -> None:
    start(editor)
    fail(editor, "prune")
    asked: list[str] = []
    editor.inspect_wanted.connect(asked.append)
    footer = editor.scene.nodes["prune"].parts.footer
    hand.click(hand.pixel("prune", footer.right() - 20, footer.center().y()))
    assert editor.selected() == ["prune"]
    assert asked == ["prune"]


def test_a_failed_node_is_drawn_with_a_red_edge_and_its_link_is_cut(editor: EditorView, theme: Theme) -> None:
    start(editor)
    fail(editor, "prune")
    link = editor.scene.links[Link("prune", "model", "bench", "models")]
    assert link.cut
    assert not link.in_use
    item = editor.scene.nodes["prune"]
    picture = editor.canvas.grab().toImage()
    edge = editor.canvas.mapFromScene(item.pos().x() + 70, item.pos().y())
    seen = [picture.pixelColor(edge + QPoint(0, dy)) for dy in (-1, 0, 1)]
    assert any(_near(color, theme.color("danger")) for color in seen)


def _near(color: QColor, other: QColor) -> bool:
    return sum(abs(a - b) for a, b in zip(color.getRgb()[:3], other.getRgb()[:3], strict=True)) < 90  # type: ignore[index]


def test_only_links_into_the_running_node_are_in_use(editor: EditorView) -> None:
    start(editor)
    editor.on_event(m.NodeStarted(node="train", t_ns=0))
    used = {(link.source, link.target) for link, item in editor.scene.links.items() if item.in_use}
    assert used == {("model", "train"), ("data", "train")}


def test_dashes_march_in_a_run_and_stand_still_while_a_block_is_measured(editor: EditorView) -> None:
    editor.set_reduce_motion(False)
    assert not editor.dashes.moving
    start(editor)
    assert editor.dashes.moving
    window = Window(kind=WindowKind.BLOCK, label="block", t0_ns=0, node="bench", variant="A")
    editor.on_event(m.WindowOpened(window=window))
    assert not editor.dashes.moving
    editor.on_event(m.WindowClosed(window=window))
    assert editor.dashes.moving
    editor.on_event(m.RunFinished(run_id="1", state=RunState.FINISHED, t_ns=0))
    assert not editor.dashes.moving


def test_with_reduced_motion_nothing_marches(editor: EditorView) -> None:
    start(editor)
    assert not editor.dashes.moving


def test_an_edit_after_the_run_takes_the_result_from_the_node_and_all_after_it(editor: EditorView) -> None:
    start(editor)
    for id in editor.session.pipeline.nodes:
        editor.on_event(m.NodeFinished(node=id, digest=id, cached=False, t_ns=0, seconds=1.0, headline="done"))
        editor.on_event(m.NodeEnergy(node=id, energy=Measurement(value=3.0, unit="J")))
    editor.on_event(m.RunFinished(run_id="1", state=RunState.FINISHED, t_ns=0))
    editor.editing.set_value("prune", "ratio", 0.3)
    states = {id: editor.board.status(id).state for id in editor.session.pipeline.nodes}
    assert states == {"data": NodeState.DONE, "model": NodeState.DONE, "train": NodeState.DONE, "prune": None, "bench": None}


def test_events_of_nodes_that_were_deleted_meanwhile_do_no_harm(editor: EditorView) -> None:
    start(editor)
    editor.editing.delete(["prune"])
    editor.on_event(m.NodeStarted(node="prune", t_ns=0))
    fail(editor, "prune")
    editor.canvas.grab()
    assert "prune" not in editor.scene.nodes


def test_another_pipeline_forgets_the_run(editor: EditorView, session: Session, pipeline: Pipeline) -> None:
    start(editor)
    session.open(Pipeline(pipeline.catalog, "Empty"))
    assert editor.scene.nodes == {}
    assert editor.overlays.empty.isVisible()
    assert not editor.board.running


def test_in_a_low_window_nodes_are_compact_and_the_note_waits(qtbot: QtBot, session: Session, theme: Theme) -> None:
    window = QMainWindow()
    editor = EditorView(session, theme)
    window.setCentralWidget(editor)
    qtbot.addWidget(window)
    window.resize(1366, 768)
    window.show()
    qtbot.waitExposed(window)
    size = editor.scene.nodes["prune"].parts.size
    assert (size.width(), size.height()) == (154, 54)
    assert not editor.scene.note.isVisible()
    editor.tools.note.emit(True)
    assert editor.scene.note.isVisible()
    window.resize(1440, 900)
    qtbot.waitUntil(lambda: editor.scene.nodes["prune"].parts.size.height() == 82)


def test_a_change_of_palette_redraws_the_canvas(editor: EditorView, theme: Theme) -> None:
    theme.set_dark(True)
    picture = editor.canvas.grab().toImage()
    assert picture.pixelColor(editor.canvas.width() - 20, editor.canvas.height() - 20) == theme.color("canvas")


def _menu(editor: EditorView, at: QPoint) -> QMenu:
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, editor.canvas.viewport().mapToGlobal(at))
    QApplication.sendEvent(editor.canvas.viewport(), event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


@pytest.mark.parametrize(("where", "expected"), [("node", "Duplicate"), ("link", "Delete"), ("canvas", "Arrange nodes")])
def test_a_context_menu_offers_what_can_be_done_there(
    hand: Hand, editor: EditorView, empty_spot: Callable[[], QPoint], where: str, expected: str
) -> None:
    link = editor.scene.links[Link("train", "model", "prune", "model")]
    points = {
        "node": hand.pixel("prune"),
        "link": editor.canvas.mapFromScene(link.path.pointAtPercent(0.5)),
        "canvas": empty_spot(),
    }
    menu = _menu(editor, points[where])
    titles = [action.text() for action in menu.actions() if action.isEnabled()]
    menu.close()
    assert expected in titles
    assert ("Mute" in titles) == (where == "node")


def test_the_map_goes_where_it_is_clicked(editor: EditorView) -> None:
    before = editor.canvas.camera.middle
    QTest.mouseClick(editor.overlays.minimap, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(120, 70))
    after = editor.canvas.camera.middle
    assert after.x() > before.x()
    assert after.y() > before.y()


def test_zoom_is_shown_in_the_tools(editor: EditorView) -> None:
    editor.canvas.camera.zoom_to(0.5)
    assert editor.tools.zoom_button.text() == "50 %"
    editor.tools.zoom_reset.emit()
    assert editor.tools.zoom_button.text() == "100 %"


def test_a_step_added_from_the_library_lands_in_view_on_a_free_spot(editor: EditorView) -> None:
    for _ in range(3):
        editor.add_step("train")
    new = [id for id in editor.scene.nodes if id.startswith("train-")]
    places = {editor.session.pipeline.nodes[id].position for id in new}
    assert len(places) == 3
    assert editor.canvas.camera.seen.contains(editor.scene.nodes[editor.selected()[0]].rect)
    rects = [item.rect for item in editor.scene.nodes.values()]
    assert not [1 for id in new for rect in rects if rect != editor.scene.nodes[id].rect and rect.intersects(editor.scene.nodes[id].rect)]


def test_a_title_and_a_headline_that_are_cut_off_are_read_under_the_pointer(editor: EditorView) -> None:
    plan = Plan(title="Test", nodes=(PlannedNode(id="prune", step="prune.structured", version=1, title="Prune", params={}, digest="d"),))
    editor.board.apply(m.RunStarted(run_id="1", t_ns=0, plan=plan))
    touched = editor.board.apply(m.NodeFinished(node="prune", digest="d", cached=False, t_ns=0, seconds=1.0, headline="76 % of parameters"))
    editor.show_touched(touched)
    whole = editor.scene.nodes["prune"].toolTip().splitlines()
    assert whole[:2] == ["Prune channels", "76 % of parameters"]
    assert whole[2:] == ["Channels removed: 50 %", "Importance: L1 norm"], "the two settings that stand on it without their names"
    editor.show_touched(editor.board.refuse({"prune": "Too many channels go."}))
    assert editor.scene.nodes["prune"].toolTip() == "Too many channels go."


def test_a_free_place_is_the_wanted_one_where_nothing_stands() -> None:
    assert free_place([], QPointF(10, 20)) == QPointF(10, 20)
    taken = [QRectF(0, 0, 156, 82), QRectF(200, 0, 156, 82)]
    place = free_place(taken, QPointF(4, 4))
    assert not any(QRectF(place.x(), place.y(), 156, 82).intersects(rect) for rect in taken)
    assert (place.x(), place.y()) == (4, 100), "below is nearer here than beyond both"


def test_choices_open_as_a_menu_on_the_node(hand: Hand, editor: EditorView, session: Session) -> None:
    box = editor.scene.nodes["prune"].parts.boxes["importance"].center()
    hand.click(hand.pixel("prune", box.x(), box.y()))
    menu = editor.canvas.box_editor.menu
    assert menu is not None
    menu.actions()[1].trigger()
    menu.close()
    assert session.pipeline.nodes["prune"].params == {"importance": "l2"}


@pytest.mark.parametrize("state", list(NodeState))
def test_every_state_is_drawn_differently(editor: EditorView, state: NodeState) -> None:
    start(editor)
    area = editor.canvas.mapFromScene(editor.scene.nodes["prune"].rect).boundingRect()
    waiting = editor.canvas.grab(area).toImage()
    if state is NodeState.RUNNING:
        editor.on_event(m.NodeStarted(node="prune", t_ns=0))
    elif state in (NodeState.DONE, NodeState.CACHED):
        cached = state is NodeState.CACHED
        editor.on_event(m.NodeFinished(node="prune", digest="d", cached=cached, t_ns=0, seconds=1.0))
    elif state is NodeState.MUTED:
        editor.editing.mute(["prune"])
    elif state is not NodeState.WAITING:
        editor.on_event(m.NodeFailed(node="prune", t_ns=0, state=state, failure=Failure(kind="stopped", message="")))
    assert editor.board.status("prune").state is state
    assert (editor.canvas.grab(area).toImage() == waiting) == (state is NodeState.WAITING)


def test_every_installed_step_has_an_icon_and_its_highlights_are_parameters_of_it() -> None:
    for spec in installed():
        assert not icon_path(spec.icon).isEmpty(), spec.key
        assert all(spec.field(name) for name in spec.highlights), spec.key
        assert len(spec.highlights) <= 2
