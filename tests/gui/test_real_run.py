"""The window with the real runner, worker, meter and bench children behind it, driven by mouse and keys from the first drag to
the table, a stop and an undo. At the end no process is left."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTreeWidgetItemIterator
from pytestqt.qtbot import QtBot

from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.run import PROTOCOLS, NodeState, Protocol, RunState
from greenbench.engine.runner import LocalRunner
from greenbench.gui.app import build
from greenbench.gui.forms.panels import NodePanel
from greenbench.gui.main_window import MainWindow
from greenbench.gui.run_control import Phase
from greenbench.steps import installed

BRIEF = Protocol(name="quick", idle_s=0.3, warm_up_s=0.3, block_s=0.1, min_blocks=3, max_blocks=3, target=0.05)
RUN_MS = 120_000  # on two calm cores a few seconds
LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def real(qapp: QApplication, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers) -> Iterator[MainWindow]:
    """A window over a LocalRunner whose quick protocol is a very brief one; afterwards its processes must be gone."""
    monkeypatch.setitem(PROTOCOLS, "quick", BRIEF)
    runner = LocalRunner(tmp_path / "home")
    runner.open()
    assert runner.wait_for_meter()
    window = build(qapp, runner, installed(), answers)
    window.parts.session.open(half_built(), saved=True)
    window.panels.first_sizes(1366, 768 - 130)
    window.resize(1366, 768)
    with qtbot.waitExposed(window):
        window.show()
    window.finish()
    yield window
    window.parts.session.document.treat_as_saved()
    window.close()
    runner.close()
    window.deleteLater()
    left = [child for child in psutil.Process(os.getpid()).children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]
    assert not left, f"processes survived: {left}"


def half_built() -> Pipeline:
    """Digits and a LeNet-300-100, trained for one epoch, measured: the pruning is still to be added."""
    pipeline = Pipeline(installed(), "By hand")
    for node in (
        Node("digits", "data.digits", "Digits", {"size": 8}, (0, 0)),
        Node("model", "model.library", "LeNet", {"name": "lenet_300_100"}, (0, 120)),
        Node("train", "train", "Train", {"epochs": 1}, (200, 40)),
        Node("bench", "benchmark", "Benchmark", {}, (640, 40)),
    ):
        pipeline.check_node(node)
        pipeline.nodes[node.id] = node
    for text in ("digits.data -> model.data", "digits.data -> train.data", "model.model -> train.model", "digits.data -> bench.data"):
        left, right = text.split(" -> ")
        pipeline.links.append(Link(*left.split("."), *right.split(".")))
    return pipeline


def drop_step(window: MainWindow, title: str, at: QPoint) -> str:
    """Carries the row of a step from the library to a point of the canvas; returns the new node."""
    tree = window.library.tree
    entries = QTreeWidgetItemIterator(tree)
    while (item := entries.value()) is not None and item.text(0) != title:
        entries += 1
    assert item is not None, title
    data, target = tree.mimeData([item]), window.editor.canvas.viewport()
    enter = QDragEnterEvent(at, Qt.DropAction.CopyAction, data, LEFT, PLAIN)
    QApplication.sendEvent(target, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(target, QDropEvent(at, Qt.DropAction.CopyAction, data, LEFT, PLAIN))
    (new,) = window.editor.selected()
    return new


def join(window: MainWindow, source: str, target: str, name: str) -> None:
    """Drags a link from the model of one node to an input of another."""
    nodes, canvas = window.editor.scene.nodes, window.editor.canvas
    out, entry = nodes[source].port("model", True), nodes[target].port(name, False)
    assert out is not None
    assert entry is not None
    start, end = canvas.mapFromScene(out.anchor), canvas.mapFromScene(entry.anchor)
    viewport = canvas.viewport()
    QTest.mousePress(viewport, LEFT, PLAIN, start)
    for part in (0.1, 0.5, 0.9, 1.0):
        QTest.mouseMove(viewport, start + (end - start) * part)
    QTest.mouseRelease(viewport, LEFT, PLAIN, end)
    links = window.parts.session.pipeline.links
    assert Link(source, "model", target, name) in links


def type_into(window: MainWindow, node: str, parameter: str, text: str) -> None:
    """Selects a node by a click on its title and types a value into its form."""
    canvas, item = window.editor.canvas, window.editor.scene.nodes[node]
    QTest.mouseClick(canvas.viewport(), LEFT, PLAIN, canvas.mapFromScene(item.pos().x() + 60, item.pos().y() + 14))
    panel = window.inspector.panel
    assert isinstance(panel, NodePanel)
    line = panel.form.rows[parameter].field.control
    line = getattr(line, "line", line)
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)


def state(window: MainWindow, node: str) -> NodeState | None:
    return window.editor.board.status(node).state


def test_a_pipeline_is_built_run_stopped_and_undone_with_real_processes(real: MainWindow, qtbot: QtBot) -> None:
    control, session = real.parts.control, real.parts.session
    prune = drop_step(real, "Prune weights", QPoint(560, 300))
    join(real, "train", prune, "model")
    join(real, "train", "bench", "models")
    join(real, prune, "bench", "models")
    type_into(real, prune, "sparsity", "75")
    assert session.pipeline.nodes[prune].params["sparsity"] == 0.75

    QTest.mouseClick(real.toolbar._run, LEFT)
    qtbot.waitUntil(lambda: control.result is not None, timeout=RUN_MS)
    result = control.result
    assert result.state is RunState.FINISHED
    assert {state(real, id) for id in session.pipeline.nodes} == {NodeState.DONE}
    assert real.pages.currentWidget() is real.results
    rows = real.results.table.table.rows
    assert [(row.variant.letter, row.failure) for row in rows] == [("A", ""), ("B", "")]
    pruned, plain = result.variants[1].metrics, result.variants[0].metrics
    assert pruned["nonzero_parameters"].value < 0.3 * plain["nonzero_parameters"].value
    assert pruned["latency_p50"].value > 0
    assert pruned["accuracy"].n > 300  # a fifth of 1,797 images

    real.show_page(0)
    type_into(real, "train", "epochs", "9000")
    entries = session.undo_stack.index()
    QTest.mouseClick(real.toolbar._run, LEFT)
    qtbot.waitUntil(lambda: state(real, "train") is NodeState.RUNNING, timeout=RUN_MS)
    assert state(real, "digits") is NodeState.CACHED
    QTest.mouseClick(real.toolbar._stop, LEFT)
    QTest.mouseClick(real.toolbar._stop, LEFT)
    assert control.phase is Phase.STOPPING
    qtbot.waitUntil(lambda: control.phase is Phase.READY, timeout=20_000)
    assert control.result.state is RunState.CANCELLED
    assert state(real, "train") is NodeState.CANCELLED

    assert session.undo_stack.index() == entries
    QTest.mouseClick(real.toolbar._undo, LEFT)
    assert session.pipeline.nodes["train"].params["epochs"] == 1
