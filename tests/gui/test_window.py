"""The window as a person uses it: run and stop, open and save, find, close; driven over a scripted runner."""

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget
from pytestqt.qtbot import QtBot

from greenbench.core import messages
from greenbench.core.document import dumps, read
from greenbench.core.edits import ChangeNode, Disconnect
from greenbench.core.errors import GreenBenchError
from greenbench.core.measurement import Channel, Domain, Facts, Provenance, Sample, SourceReport, SourceState, Window, WindowKind
from greenbench.core.pipeline import Pipeline
from greenbench.core.run import Failure, NodeState, Plan, RunResult, RunState
from greenbench.gui.files import Unsaved
from greenbench.gui.focus_tour import next_panel
from greenbench.gui.main_window import MainWindow
from greenbench.gui.run_control import Phase
from greenbench.gui.sensors.detail import CodeBox

S = 1_000_000_000
LEFT = Qt.MouseButton.LeftButton


def press(button: QWidget) -> None:
    QTest.mouseClick(button, LEFT)


def start(window: MainWindow, runner, plan: Plan, qtbot: QtBot) -> None:
    """Presses Run and lets the worker answer."""
    press(window.toolbar._run)
    qtbot.waitUntil(lambda: bool(runner.plans))
    window.parts.control._starting.join()
    runner.say(messages.RunStarted(run_id="run-1", t_ns=100 * S, plan=plan))
    window.parts.bridge.drain()


def finish(window: MainWindow, runner, result: RunResult) -> None:
    runner.say(messages.RunFinished(run_id="run-1", state=result.state, t_ns=160 * S), messages.ResultsReady(result=result))
    window.parts.bridge.drain()


def test_a_run_goes_from_the_button_to_the_table(window: MainWindow, runner, plan: Plan, result: RunResult, qtbot: QtBot) -> None:
    start(window, runner, plan, qtbot)
    assert runner.plans[0].title == "Small comparison"
    assert window.parts.control.phase is Phase.RUNNING
    runner.say(
        messages.NodeStarted(node="data", t_ns=100 * S),
        messages.NodeFinished(node="data", digest="d", cached=True, t_ns=101 * S, seconds=1.0),
        messages.NodeStarted(node="train", t_ns=101 * S),
        messages.Progress(node="train", fraction=0.5, text="epoch 4 of 8", remaining_s=12.0),
    )
    window.parts.bridge.drain()
    place = [node.id for node in plan.nodes].index("train") + 1
    assert window.status.node.text() == f"Node {place} of 5"
    assert window.status.name.text() == "Train"
    assert window.status.left.text() == "this node: about 12 s left"
    assert window.progress._share == pytest.approx(1.5 / 5)
    finish(window, runner, result)
    assert window.pages.currentWidget() is window.results
    assert window.results.table.table.rows[1].variant.name == "Half"
    assert window.toolbar._run.isEnabled()
    assert window.toolbar._report.isEnabled()
    assert "finished in 1 min 3 s" in window.status.node.text()


def test_run_is_off_while_running_and_stop_may_be_pressed_twice(window: MainWindow, runner, plan: Plan, qtbot: QtBot) -> None:
    start(window, runner, plan, qtbot)
    assert not window.toolbar._run.isEnabled()
    assert not window.actions_["run"].isEnabled()
    window.parts.control.run()
    assert len(runner.plans) == 1
    press(window.toolbar._stop)
    press(window.toolbar._stop)
    window.parts.control.stop()
    assert runner.cancelled == 1
    assert window.parts.control.phase is Phase.STOPPING


def test_stop_before_the_worker_answers_still_stops(window: MainWindow, runner, plan: Plan, qtbot: QtBot) -> None:
    press(window.toolbar._run)
    window.parts.control._starting.join()
    press(window.toolbar._stop)
    runner.say(messages.RunStarted(run_id="run-1", t_ns=0, plan=plan))
    window.parts.bridge.drain()
    assert runner.cancelled == 2
    assert window.parts.control.phase is Phase.STOPPING


def test_a_pipeline_that_cannot_run_says_why_and_shows_the_node(window: MainWindow, runner) -> None:
    link = next(link for link in window.parts.session.pipeline.links if link.target == "prune")
    window.parts.session.do(Disconnect(link))
    press(window.toolbar._run)
    assert not runner.plans
    assert window.parts.control.phase is Phase.READY
    message = window.messages.messages[0]
    assert window.parts.session.pipeline.nodes["prune"].title in message.message
    assert message.remedy
    press(next(button for button in message.findChildren(QAbstractButton) if button.text() == "Show the node"))
    assert window.editor.selected() == ["prune"]


def test_a_runner_that_cannot_start_gives_the_button_back(window: MainWindow, runner, qtbot: QtBot) -> None:
    def refuse(plan: Plan, told: object) -> str:
        raise GreenBenchError("The store is full.", "Make room.")

    runner.start = refuse
    with qtbot.waitSignal(window.parts.control.refused):
        press(window.toolbar._run)
    window.parts.control._starting.join()
    assert window.toolbar._run.isEnabled()
    assert window.messages.messages[0].message == "The store is full."


def test_a_failed_node_is_told_and_the_other_results_are_there(
    window: MainWindow, runner, plan: Plan, result: RunResult, qtbot: QtBot
) -> None:
    start(window, runner, plan, qtbot)
    failure = Failure(kind="Empty layer", message="Ratio 99 % leaves 0 channels.", remedy="At most 96 %.")
    runner.say(messages.NodeFailed(node="prune", t_ns=110 * S, state=NodeState.FAILED, failure=failure))
    window.parts.bridge.drain()
    assert window.status.failed.text() == "1 failed"
    finish(window, runner, result.model_copy(update={"state": RunState.FAILED}))
    assert window.messages.messages[-1].message == "The run ended, but something failed."
    assert window.results.result is not None


def test_closing_during_a_run_asks_then_stops_then_closes(
    window: MainWindow, runner, plan: Plan, answers, result: RunResult, qtbot: QtBot
) -> None:
    start(window, runner, plan, qtbot)
    session = window.parts.session
    assert session.do(ChangeNode(session.pipeline.nodes["prune"].but(title="Changed")))
    answers.about_run = False
    window.close()
    assert window.isVisible()
    assert runner.cancelled == 0
    assert answers.asked == ["stop"], "what the run is worth comes first; nothing else is asked once it goes on"
    answers.about_run = True
    window.close()
    assert runner.cancelled == 1
    assert window.isVisible()
    finish(window, runner, result.model_copy(update={"state": RunState.CANCELLED}))
    qtbot.waitUntil(lambda: not window.isVisible())


def test_unsaved_changes_are_asked_about(window: MainWindow, answers, tmp_path: Path) -> None:
    session = window.parts.session
    session.do(ChangeNode(session.pipeline.nodes["train"].but(title="Teach")))
    assert window.isWindowModified()
    answers.about_unsaved = Unsaved.CANCEL
    window.parts.files.new()
    assert "train" in session.pipeline.nodes
    window.close()
    assert window.isVisible()
    answers.about_unsaved, answers.save_to = Unsaved.SAVE, tmp_path / "mine"
    window.parts.files.new()
    assert not session.pipeline.nodes
    assert "Teach" in (tmp_path / "mine.greenbench").read_text(encoding="utf-8")
    assert window.parts.settings.recent() == [tmp_path / "mine.greenbench"]


def test_a_file_that_cannot_be_read_loses_nothing(window: MainWindow, tmp_path: Path) -> None:
    before = dumps(window.parts.session.pipeline)
    (tmp_path / "bad.greenbench").write_text("{", encoding="utf-8")
    assert not window.parts.files.open_path(tmp_path / "bad.greenbench")
    assert "not valid JSON" in window.messages.messages[0].message
    assert dumps(window.parts.session.pipeline) == before


def test_nothing_may_be_opened_over_a_running_pipeline(window: MainWindow, runner, plan: Plan, qtbot: QtBot) -> None:
    start(window, runner, plan, qtbot)
    window.parts.files.new()
    assert window.parts.session.pipeline.nodes
    assert "under way" in window.messages.messages[0].message


def test_ctrl_k_finds_actions_and_steps(window: MainWindow, qtbot: QtBot) -> None:
    window.find_anything()
    QTest.keyClicks(window.finder.field, "histor")
    QTest.keyClick(window.finder.field, Qt.Key.Key_Return)
    assert window.pages.currentWidget() is window.history
    before = len(window.parts.session.pipeline.nodes)
    window.find_anything()
    QTest.keyClicks(window.finder.field, "int8")
    QTest.keyClick(window.finder.field, Qt.Key.Key_Return)
    assert len(window.parts.session.pipeline.nodes) == before + 1
    assert window.pages.currentWidget() is window.editor
    window.actions_["undo"].trigger()
    assert len(window.parts.session.pipeline.nodes) == before


def _sources(provenance: Provenance) -> messages.Sources:
    channel = Channel(key="package", title="Package", domain=Domain.PACKAGE, provenance=provenance, covers="cores", refresh_s=0.1)
    report = SourceReport(key="x", title="X", state=SourceState.IN_USE, provenance=provenance, channels=(channel,))
    denied = SourceReport(
        key="rapl", title="Package energy", state=SourceState.PERMISSION, provenance=Provenance.COUNTER,
        reason="Only root may read it.", remedy="Run this once:", commands=("sudo chmod a+r energy_uj",),
    )  # fmt: skip
    return messages.Sources(reports=(report, denied))


def test_the_sensors_say_what_is_read_and_what_would_mend_the_rest(window: MainWindow, runner) -> None:
    runner.say(_sources(Provenance.MODELLED))
    window.parts.bridge.drain()
    assert window.toolbar.badge._word.text() == "Modelled"
    press(window.toolbar.badge)
    words = [label.text() for label in window.sensors.findChildren(QLabel)]
    assert "Needs permission" in words
    press(window.sensors.open_page)
    assert not window.sensors.isVisible()
    assert window.sensor_page.shown
    window.sensor_page.page.table.select("rapl")
    assert window.sensor_page.page.detail.findChild(CodeBox).commands == "sudo chmod a+r energy_uj"
    window.sensor_page.go_back()
    runner.say(_sources(Provenance.COUNTER))
    window.parts.bridge.drain()
    assert window.toolbar.badge._word.text() == "Measured"


def test_the_status_never_adds_a_guess_to_a_measurement_nor_shows_nothing_as_zero(window: MainWindow, runner) -> None:
    channels = tuple(
        Channel(key=key, title=key, domain=Domain.PACKAGE, provenance=provenance, covers="", refresh_s=0.1)
        for key, provenance in (("package", Provenance.COUNTER), ("memory", Provenance.MODELLED))
    )
    report = SourceReport(key="x", title="X", state=SourceState.IN_USE, provenance=Provenance.COUNTER, channels=channels)
    assert window.status.watts.text() == "no reading"
    runner.say(
        messages.Sources(reports=(report,)),
        messages.Samples(
            samples=(Sample(channel="package", t_ns=S, power_w=20.0), Sample(channel="memory", t_ns=S, power_w=4.0)),
            facts=Facts(t_ns=S, cpu_percent=84.4, memory_bytes=2**31, memory_total_bytes=2**34),
        ),
    )
    window.parts.bridge.drain()
    assert window.status.watts.text() == "20.0 W"
    assert window.status.load.text() == "84 %"
    assert window.status.memory.text() == "2.0 of 16.0 GiB"
    assert not window.status.degrees.isVisible()
    runner.say(messages.Samples(samples=(Sample(channel="package", t_ns=2 * S, reason="gone"),)))
    window.parts.bridge.drain()
    assert window.status.watts.text() == "no reading"


def test_the_status_line_adds_nothing_to_a_wall_meter_that_covers_it_all(window: MainWindow, runner) -> None:
    parts = {"package": (Domain.PACKAGE, Provenance.COUNTER), "wall": (Domain.SYSTEM, Provenance.EXTERNAL)}
    channels = tuple(
        Channel(key=key, title=key, domain=domain, provenance=provenance, covers="", refresh_s=1.0)
        for key, (domain, provenance) in parts.items()
    )
    report = SourceReport(key="all", title="All", state=SourceState.IN_USE, provenance=Provenance.COUNTER, channels=channels)
    samples = (Sample(channel="package", t_ns=S, power_w=20.0), Sample(channel="wall", t_ns=S, power_w=61.5))
    runner.say(messages.Sources(reports=(report,)), messages.Samples(samples=samples))
    window.parts.bridge.drain()
    assert window.status.watts.text() == "61.5 W"


def test_a_silent_meter_is_told(window: MainWindow, runner) -> None:
    runner.say(messages.MeterState(alive=False, text="It is started again."))
    window.parts.bridge.drain()
    assert window.messages.messages[0].message == "The power meter does not answer."


def test_history_opens_an_old_run(window: MainWindow, runner, result: RunResult) -> None:
    runner.store.results[result.run_id] = result
    window.show_page(2)
    assert window.history.list.topLevelItemCount() == 1
    window.history.list.itemActivated.emit(window.history.list.topLevelItem(0), 0)
    assert window.pages.currentWidget() is window.results
    window.open_run("gone")
    assert "no run" in window.messages.messages[0].message


@pytest.mark.parametrize("size", [(1366, 768), (1440, 900)])
@pytest.mark.parametrize("page", [0, 1, 2])
def test_nothing_is_clipped(window: MainWindow, result: RunResult, size: tuple[int, int], page: int) -> None:
    window.resize(*size)
    window.show_result(result)
    window.show_page(page)
    window.messages.clear()
    window.grab()
    assert (window.width(), window.height()) == size
    for parent in (window.menu_row, window.toolbar, window.status):
        for child in parent.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            if child.isVisible():
                corner = child.mapTo(parent, QPoint(child.width(), child.height()))
                assert corner.x() <= parent.width() + 1, child
                assert corner.y() <= parent.height() + 1, child
    for label in window.findChildren(QLabel):
        inside = label.isVisible() and not label.wordWrap() and label.pixmap().isNull() and label.text()
        if inside and label.window() is window:
            assert label.width() >= label.fontMetrics().horizontalAdvance(label.text()) - 1, label.text()


def test_light_and_dark_change_all_and_are_remembered(window: MainWindow) -> None:
    light = window.grab().toImage().pixelColor(5, 5).lightness()
    window.parts.look.set_mode("dark")
    dark = window.grab().toImage().pixelColor(5, 5).lightness()
    assert light > 200 > 60 > dark
    assert window.parts.settings.text("theme") == "dark"
    window.parts.look.toggle()
    assert window.grab().toImage().pixelColor(5, 5).lightness() == light


def test_panels_fold_and_their_sizes_are_remembered(window: MainWindow) -> None:
    window.actions_["panel-steps"].trigger()
    assert not window.panels.steps.isVisible()
    window.panels.across.setSizes([0, 900, 400])
    window.panels.remember(window.parts.settings)
    sizes = window.panels.across.sizes()
    window.panels.toggle("steps")
    window.panels.first_sizes(1366, 640)
    assert window.panels.restore(window.parts.settings)
    assert window.panels.hidden("steps")
    assert window.panels.across.sizes()[1:] == pytest.approx(sizes[1:], abs=2)


def test_the_window_never_loads_torch() -> None:
    code = (
        "import sys; import greenbench.gui.app, greenbench.gui.live.dock, greenbench.engine.runner, greenbench.analysis.headline;"
        "bad = [name for name in ('torch', 'torchvision', 'timm', 'onnx', 'onnxruntime', 'matplotlib') if name in sys.modules];"
        "print(bad); sys.exit(bool(bad))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_edit_menu_has_what_the_canvas_can_do(window: MainWindow) -> None:
    edit = next(action.menu() for action in window.menu_row.menus.actions() if action.text() == "&Edit")
    words = [action.text() for action in edit.actions() if action.text()]
    assert {"Undo", "Redo", "Copy", "Paste", "Delete", "Select all"} <= set(words)
    window.editor.select_nodes(["prune"])
    next(action for action in edit.actions() if action.text() == "Delete").trigger()
    assert "prune" not in window.parts.session.pipeline.nodes
    window.actions_["undo"].trigger()
    assert "prune" in window.parts.session.pipeline.nodes


def test_f6_goes_round_the_panels_although_tab_belongs_to_the_canvas(window: MainWindow) -> None:
    seen = []
    for _ in range(6):
        next_panel(window)
        now = window.focusWidget()
        parts = {"find": window.menu_row.field, "tools": window.toolbar, "steps": window.library, "canvas": window.editor.canvas,
                 "inspector": window.inspector, "live": window.live}  # fmt: skip
        seen.append(next(name for name, part in parts.items() if part is now or part.isAncestorOf(now)))
    assert sorted(seen) == ["canvas", "find", "inspector", "live", "steps", "tools"]


def test_every_button_without_words_has_a_tooltip_and_takes_the_focus(window: MainWindow) -> None:
    for button in window.findChildren(QAbstractButton):
        if not button.text() and button.isVisibleTo(window) and button.findChild(QLabel) is None:
            assert button.toolTip() or button.objectName().startswith("qt_"), button
            assert button.focusPolicy() & Qt.FocusPolicy.TabFocus or button.objectName().startswith("qt_"), button.toolTip()


def test_about_names_version_and_licences(window: MainWindow, qtbot: QtBot) -> None:
    from greenbench import __version__
    from greenbench.gui.about import About

    window.actions_["about"].trigger()
    (about,) = window.findChildren(About)
    words = " ".join(label.text() for label in about.findChildren(QLabel))
    assert __version__ in words
    assert "Phosphor" in words
    assert "SIL Open Font License" in words
    with qtbot.waitSignal(about.destroyed):
        QTest.keyClick(about, Qt.Key.Key_Escape)


def test_while_a_run_goes_on_the_results_page_says_how_far_it_is(window: MainWindow, runner, plan: Plan, result, qtbot: QtBot) -> None:
    start(window, runner, plan, qtbot)
    window.show_page(1)
    page = window.results
    assert page.under_way.isVisible()
    assert not page._empty.isVisible()
    runner.say(
        messages.NodeStarted(node="train", t_ns=101 * S),
        messages.Progress(node="train", fraction=0.5, text="epoch 4 of 8", remaining_s=12.0),
    )
    window.parts.bridge.drain()
    assert [name.text() for name in page.under_way._names] == ["A  Train", "B  Prune weights"]
    assert page.under_way._words[0].text() == "Running"
    assert "appear when the run ends" in page.under_way._what.text()
    finish(window, runner, result)
    assert not page.under_way.isVisible()
    assert page._area.isVisible()
    runner.plans.clear()
    start(window, runner, plan, qtbot)
    window.show_page(1)
    assert page.under_way.isVisible()
    assert page._area.isVisible()
    assert "run before" in page.under_way._what.text()


def test_nothing_is_drained_more_than_once_a_second_while_a_block_is_timed(window: MainWindow, runner, plan: Plan, qtbot: QtBot) -> None:
    start(window, runner, plan, qtbot)
    block = Window(kind=WindowKind.BLOCK, label="Block 1", node="bench", variant="A", t0_ns=100 * S)
    runner.say(messages.WindowOpened(window=block))
    window.parts.bridge.drain()
    assert window.parts.bridge._timer.interval() == 1_000
    assert window.board.measuring
    runner.say(messages.WindowClosed(window=block))
    window.parts.bridge.drain()
    assert window.parts.bridge._timer.interval() == 40


def test_reduced_motion_is_a_switch_that_is_remembered(window: MainWindow) -> None:
    assert not window.editor.drawing.reduce_motion
    window.actions_["reduce-motion"].trigger()
    assert window.editor.drawing.reduce_motion
    assert window.parts.settings.flag("reduce-motion")


def test_what_the_edit_menu_offers_follows_page_and_selection(window: MainWindow) -> None:
    commands = window.editor.commands.by_id
    window.editor.select_nodes([])
    assert not commands["copy"].isEnabled()
    window.editor.select_nodes(["train"])
    assert commands["copy"].isEnabled()
    window.show_page(1)
    assert not commands["copy"].isEnabled()
    assert not commands["delete"].isEnabled()
    window.show_page(0)
    assert commands["delete"].isEnabled()


def test_a_pipeline_that_nobody_named_is_called_like_its_file(window: MainWindow, answers, tmp_path: Path) -> None:
    session = window.parts.session
    session.open(Pipeline(session.catalog))
    answers.save_to = tmp_path / "two nets.greenbench"
    assert window.parts.files.save()
    assert session.pipeline.title == read(answers.save_to, session.catalog).title == "two nets"
    session.undo_stack.undo()
    assert session.pipeline.title == "Untitled"
    session.open(Pipeline(session.catalog, "Mine"))
    assert window.parts.files.save()
    assert session.pipeline.title == "Mine"


@pytest.mark.parametrize(("state", "kind"), [(RunState.FAILED, "failure"), (RunState.CANCELLED, "notice"), (RunState.LOST, "warning")])
def test_the_end_of_a_run_is_told_in_the_colour_of_how_it_ended(window: MainWindow, result: RunResult, state: RunState, kind: str) -> None:
    window.wiring._ended(result.model_copy(update={"state": state}))
    message = window.messages.messages[-1]
    assert (message.property("role"), message.remedy) == (kind, "What was measured is kept.")


def test_a_notice_of_one_page_does_not_follow_to_another(window: MainWindow) -> None:
    window.show_page(1)
    window.messages.say("notice", "The table is on the clipboard.")
    window.messages.say("failure", "The plug is gone.")
    kept = window.messages.say("notice", "Removed.", "", [("Undo", lambda: None)])
    window.sensor_page.show()
    assert [each.message for each in window.messages.messages] == ["The plug is gone.", kept.message]


def test_on_the_start_page_the_title_is_not_that_of_a_pipeline(window: MainWindow) -> None:
    title = window.windowTitle()
    window.start.show()
    assert window.windowTitle().startswith("Start")
    window.show_page(0)
    assert window.windowTitle() == title


def test_ctrl_3_leads_to_a_list_that_takes_the_arrows(window: MainWindow, runner) -> None:
    window.actions_["history"].trigger()
    assert window.focusWidget() is window.history.list or not window.history.list.isVisible()
