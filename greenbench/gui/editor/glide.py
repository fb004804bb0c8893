"""Nodes that an undo or a layout moved glide to their new places in 180 ms, so that the eye can follow."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEasingCurve, QObject, QPointF, QVariantAnimation

from greenbench.gui.editor.items import NodeItem

_MOVE_MS = 180


class Glide(QObject):
    """Moves node items. `follow` is called with the ids under way at each step, and with None when all have arrived."""

    def __init__(self, parent: QObject, nodes: Callable[[], Mapping[str, NodeItem]], follow: Callable[[list[str] | None], None]) -> None:
        super().__init__(parent)
        self._nodes, self._follow = nodes, follow
        self._paths: dict[str, tuple[QPointF, QPointF]] = {}
        self._motion = QVariantAnimation(self)
        self._motion.setDuration(_MOVE_MS)
        self._motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._motion.setStartValue(0.0)
        self._motion.setEndValue(1.0)
        self._motion.valueChanged.connect(self._step)

    @property
    def moving(self) -> bool:
        return bool(self._paths)

    def stop(self) -> None:
        """Forgets what was under way."""
        self._motion.stop()
        self._paths = {}

    def go(self, ids: tuple[str, ...], *, still: bool) -> None:
        """Takes nodes to the places the pipeline gives them; at once if `still`."""
        self._motion.stop()
        for id in ids:
            item = self._nodes().get(id)
            if item is None:
                continue
            goal = QPointF(*item.node.position)
            if still or item.pos() == goal:
                self._paths.pop(id, None)
                item.setPos(goal)
            else:
                self._paths[id] = (item.pos(), goal)
        if self._paths:
            self._motion.start()

    def _step(self, part: float) -> None:
        under_way = list(self._paths)
        for id, (start, goal) in self._paths.items():
            if id in self._nodes():
                self._nodes()[id].setPos(start + (goal - start) * part)
        if part >= 1.0:
            self._paths = {}
        if under_way:
            self._follow(None if part >= 1.0 else under_way)
