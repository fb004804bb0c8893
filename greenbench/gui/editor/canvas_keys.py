"""The arrow keys on the canvas: they move what is selected, or with Alt walk from node to node; Enter inspects."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent

from greenbench.gui.editor.anatomy import GRID

if TYPE_CHECKING:
    from greenbench.gui.editor.canvas import Canvas

_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
_FAR = 4


class CanvasKeys(QObject):
    """Watches the keys of a canvas. Shift moves further; with nothing selected an arrow selects."""

    def __init__(self, canvas: "Canvas", select: Callable[[list[str]], None], inspect: Callable[[str], None]) -> None:
        super().__init__(canvas)
        self._canvas, self._select, self._inspect = canvas, select, inspect
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self._canvas.gesture is None:
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        ids = self._canvas.pipeline_scene.selected_nodes()
        step = _ARROWS.get(Qt.Key(event.key()))
        if step and (event.modifiers() & Qt.KeyboardModifier.AltModifier or not ids):
            self._walk(step)
        elif step:
            far = GRID * (_FAR if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
            self._canvas.editing.nudge(ids, step[0] * far, step[1] * far)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and len(ids) == 1:
            self._inspect(ids[0])
        else:
            return False
        return True

    def _walk(self, step: tuple[int, int]) -> None:
        """Selects the nearest node in a direction; the first one if none is selected."""
        items, ids = self._canvas.pipeline_scene.nodes, self._canvas.pipeline_scene.selected_nodes()
        if not ids:
            self._select(sorted(items, key=lambda id: (items[id].pos().x(), items[id].pos().y()))[:1])
            return
        here = items[ids[0]].rect.center()

        def cost(id: str) -> float:
            by = items[id].rect.center() - here
            along = by.x() * step[0] + by.y() * step[1]
            aside = abs(by.x() * step[1]) + abs(by.y() * step[0])
            return along + 2 * aside if along > 4 else float("inf")

        best = min((id for id in items if id != ids[0]), key=cost, default=None)
        if best is not None and cost(best) < float("inf"):
            self._select([best])
