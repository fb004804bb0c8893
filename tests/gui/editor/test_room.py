"""Nothing hides the graph: map and key lie over no node, and a canvas that becomes lower still shows what it showed."""

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication

from greenbench.gui.editor.view import EditorView


def _boxes(editor: EditorView) -> list[QRect]:
    return [editor.canvas.mapFromScene(item.rect).boundingRect() for item in editor.scene.nodes.values()]


def test_map_and_key_never_lie_over_a_node(editor: EditorView) -> None:
    camera, map_, key = editor.canvas.camera, editor.overlays.minimap, editor.overlays.port_key
    camera.frame()
    camera.shift(QPoint(120, 0))
    spots = set()
    for _ in range(40):
        camera.shift(QPoint(0, -20))  # the graph goes down, through the corner
        for widget in (map_, key):
            hidden = not widget.isVisible()
            spots.add((widget is map_, hidden))
            assert hidden or not any(widget.geometry().intersects(box) for box in _boxes(editor))
    assert (True, True) in spots, "the map has made room"
    assert map_.isVisible(), "and is back when the nodes are gone"


def test_a_lower_canvas_still_shows_the_whole_graph(editor: EditorView) -> None:
    canvas = editor.canvas
    canvas.camera.frame()
    canvas.camera.shift(QPoint(0, 200 - canvas.height() // 2))
    whole = canvas.mapFromScene(editor.scene.content()).boundingRect()
    assert canvas.viewport().rect().contains(whole)
    zoom = canvas.camera.zoom
    editor.resize(editor.width(), whole.bottom() + 1 - min(whole.top(), 10))
    QApplication.processEvents()
    assert canvas.viewport().rect().contains(canvas.mapFromScene(editor.scene.content()).boundingRect())
    assert canvas.camera.zoom == zoom, "moving it was enough"
    editor.resize(editor.width(), max(whole.height() // 2, 120))
    QApplication.processEvents()
    assert canvas.viewport().rect().contains(canvas.mapFromScene(editor.scene.content()).boundingRect())
    assert canvas.camera.zoom < zoom
