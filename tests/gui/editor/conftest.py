"""A small catalogue with the ports of the real steps, a pipeline of it, and an editor that the tests drive as a user would."""

from collections.abc import Callable
from typing import Literal

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from greenbench.core.catalog import Catalog
from greenbench.core.params import Params, parameter
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.gui.editor.items import PortItem
from greenbench.gui.editor.view import EditorView
from greenbench.gui.session import Session
from greenbench.gui.theme import Theme

MODEL, DATA, RESULTS = PortKind.MODEL, PortKind.DATASET, PortKind.RESULTS


class NoParams(Params):
    pass


class TrainParams(Params):
    epochs: int = parameter(10, "Epochs", unit="epochs", ge=1, le=500)


class PruneParams(Params):
    ratio: float = parameter(0.5, "Channels removed", percent=True, ge=0, lt=1)
    importance: Literal["l1", "l2"] = parameter("l1", "Importance", choices={"l1": "L1 norm", "l2": "L2 norm"})


def _step(
    key: str,
    title: str,
    group: Group,
    params: type[Params],
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    highlights: tuple[str, ...] = (),
) -> StepSpec:
    return StepSpec(key, 1, title, group, "cube", f"{title}, in a line", "", params, "nowhere:nothing", inputs, outputs, highlights)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    model, data = Port("model", MODEL), Port("data", DATA)
    learns = (Port("student", MODEL), Port("teacher", MODEL), data)
    return Catalog(
        [
            _step("data.digits", "Built-in data", Group.SOURCES, NoParams, (), (data,)),
            _step("model.library", "Model from library", Group.SOURCES, NoParams, (), (model,)),
            _step("train", "Train", Group.TRAIN, TrainParams, (model, data), (model,), ("epochs",)),
            _step("prune.structured", "Prune channels", Group.COMPRESS, PruneParams, (model,), (model,), ("ratio", "importance")),
            _step("distil.soft", "Distil student", Group.DISTIL, NoParams, learns, (model,)),
            _step("benchmark", "Benchmark", Group.MEASURE, NoParams, (Port("models", MODEL, many=True), data), (Port("results", RESULTS),)),
        ]
    )


@pytest.fixture
def pipeline(catalog: Catalog) -> Pipeline:
    """Data and model into Train, Train into Prune, both into Benchmark."""
    pipeline = Pipeline(catalog, "Test", "A note.")
    places = {"data": (0, 0), "model": (0, 104), "train": (200, 24), "prune": (400, 24), "bench": (600, 24)}
    steps = {"data": "data.digits", "model": "model.library", "train": "train", "prune": "prune.structured", "bench": "benchmark"}
    for id, place in places.items():
        pipeline.nodes[id] = Node(id, steps[id], pipeline.catalog[steps[id]].title, {}, place)
    pipeline.links += [
        Link("model", "model", "train", "model"),
        Link("data", "data", "train", "data"),
        Link("train", "model", "prune", "model"),
        Link("train", "model", "bench", "models"),
        Link("prune", "model", "bench", "models"),
        Link("data", "data", "bench", "data"),
    ]
    return pipeline


@pytest.fixture
def session(catalog: Catalog, pipeline: Pipeline) -> Session:
    return Session(catalog, pipeline)


@pytest.fixture
def editor(qtbot: QtBot, session: Session, theme: Theme) -> EditorView:
    editor = EditorView(session, theme)
    editor.set_reduce_motion(True)
    qtbot.addWidget(editor)
    editor.resize(1100, 820)
    editor.show()
    qtbot.waitExposed(editor)
    editor.canvas.setFocus()
    return editor


class Hand:
    """The user's mouse on the canvas, in scene terms."""

    def __init__(self, editor: EditorView) -> None:
        self.editor = editor
        self.viewport = editor.canvas.viewport()

    def port(self, node: str, name: str, row: int = 0) -> PortItem:
        item = self.editor.scene.nodes[node]
        port = item.port(name, True) or item.port(name, False, row)
        assert port is not None
        return port

    def pixel(self, node: str, dx: float = 60, dy: float = 14) -> QPoint:
        """A pixel on a node, by default in its title."""
        item = self.editor.scene.nodes[node]
        return self.editor.canvas.mapFromScene(item.pos().x() + dx, item.pos().y() + dy)

    def port_pixel(self, node: str, name: str, *, output: bool = False, row: int = 0) -> QPoint:
        port = self.editor.scene.nodes[node].port(name, output, row)
        assert port is not None
        return self.editor.canvas.mapFromScene(port.anchor)

    def press(self, at: QPoint, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        QTest.mousePress(self.viewport, button, Qt.KeyboardModifier.NoModifier, at)

    def move(self, at: QPoint) -> None:
        QTest.mouseMove(self.viewport, at)

    def release(self, at: QPoint, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        QTest.mouseRelease(self.viewport, button, Qt.KeyboardModifier.NoModifier, at)

    def drag(self, start: QPoint, end: QPoint, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        self.press(start, button)
        for part in (0.1, 0.4, 0.7, 1.0):
            self.move(start + (end - start) * part)
        self.release(end, button)

    def click(self, at: QPoint) -> None:
        QTest.mouseClick(self.viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)

    def double_click(self, at: QPoint) -> None:
        QTest.mouseDClick(self.viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)

    def keys(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.editor.canvas, key, modifier)


@pytest.fixture
def hand(editor: EditorView) -> Hand:
    return Hand(editor)


@pytest.fixture
def empty_spot(editor: EditorView) -> Callable[[], QPoint]:
    """A pixel of the canvas where nothing is."""
    return lambda: editor.canvas.mapFromScene(420, 420)
