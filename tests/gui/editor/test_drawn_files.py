"""The pipelines that come with the product, drawn: every link is seen from end to end, and no words lie over one."""

from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath
from pytestqt.qtbot import QtBot

from greenbench.core import places
from greenbench.core.catalog import Catalog
from greenbench.core.document import read
from greenbench.gui.editor.node_paint import box_text
from greenbench.gui.editor.routing import crosses
from greenbench.gui.editor.view import EditorView
from greenbench.gui.session import Session
from greenbench.gui.theme import Theme
from greenbench.steps import installed

FILES = sorted((places.resources() / "pipelines").rglob("*.greenbench"))


@pytest.fixture(scope="module")
def every_step() -> Catalog:
    return installed()


def passes(path: QPainterPath, area: QRectF) -> bool:
    block = (area.left() + 1, area.top() + 1, area.right() - 1, area.bottom() - 1)
    points = [(point.x(), point.y()) for polygon in path.toSubpathPolygons() for point in polygon.toList()]
    return any(crosses(first, second, block) for first, second in pairwise(points))


def test_ports_and_settings_say_what_they_are_called(every_step: Catalog, qtbot: QtBot, theme: Theme) -> None:
    file = places.resources() / "pipelines" / "distil.greenbench"
    editor = EditorView(Session(every_step, read(file, every_step)), theme)
    qtbot.addWidget(editor)
    node = editor.scene.nodes["distilled"]
    said = {port.slot.port.name: port.toolTip() for port in node.ports if not port.slot.output}
    assert said["teacher"] == "Teacher"
    assert said["control"] == "Control, without teacher (optional)"
    value = node.node.params.get("temperature", 4.0)
    assert f"Temperature: {value:g}" in node.toolTip()
    dynamic = every_step["quantize.dynamic"]
    convolutions, temperature = dynamic.field("convolutions"), node.spec.field("temperature")
    assert convolutions is not None
    assert temperature is not None
    assert [box_text(convolutions, value, 40) for value in (True, False)] == [convolutions.title] * 2
    assert box_text(temperature, 4.0, 200) == "Temperature 4"
    cut = box_text(temperature, 4.0, 57)
    assert cut.startswith("Te")
    assert cut.endswith("… 4")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_link_is_seen_and_the_whole_fits_above_the_dock(file: Path, every_step: Catalog, qtbot: QtBot, theme: Theme) -> None:
    editor = EditorView(Session(every_step, read(file, every_step)), theme)
    qtbot.addWidget(editor)
    editor.resize(900, 470)
    editor.show()
    scene = editor.scene
    assert set(scene.links) == set(editor.session.pipeline.links)
    for link, item in scene.links.items():
        assert not item.path.isEmpty(), f"{link} is not drawn"
        for id, node in scene.nodes.items():
            assert id in (link.source, link.target) or not passes(item.path, node.rect), f"{id} hides {link}"
        assert not scene.note.isVisible() or not passes(item.path, scene.note.sceneBoundingRect()), f"the note hides {link}"
    assert editor.canvas.camera.seen.contains(scene.content(note=False))
