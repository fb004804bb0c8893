"""The marching dashes of links in use: one timer, and only while something runs, is seen, and nothing is being measured."""

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from greenbench.gui.editor.scene import PipelineScene

_TICK_MS, _TURN_MS = 66, 1200


class Dashes(QObject):
    """Turns the phase that links in use are drawn with: one turn in 1.2 s."""

    def __init__(self, scene: PipelineScene, owner: QWidget) -> None:
        super().__init__(owner)
        self._scene, self._owner = scene, owner
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._turn)

    @property
    def moving(self) -> bool:
        return self._timer.isActive()

    def mind(self) -> None:
        """Starts or stops, as the run and the window are now."""
        drawing = self._scene.drawing
        wanted = drawing.board.running and not drawing.board.measuring and not drawing.reduce_motion and self._owner.isVisible()
        if wanted and not self.moving:
            self._timer.start()
        elif not wanted:
            self._timer.stop()

    def _turn(self) -> None:
        self._scene.drawing.phase = (self._scene.drawing.phase + _TICK_MS / _TURN_MS) % 1.0
        for item in self._scene.links.values():
            if item.in_use:
                item.update()
