"""Says before a run what does not go together, as soon as the descriptions of models and data are known."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from greenbench.core.errors import Problem
from greenbench.engine.plan import Conditions
from greenbench.engine.preflight import Known
from greenbench.engine.sources import unfit
from greenbench.gui.session import Session

_CALM_MS = 300


class FitWatch(QObject):
    """Looks after each edit, and when a source was read. `changed` carries the problems (core.errors.Problem) that stand now."""

    changed = Signal(list)

    def __init__(self, session: Session, conditions: Callable[[], Conditions], known: Known) -> None:
        super().__init__()
        self._session, self._conditions, self._known = session, conditions, known
        self.found: list[Problem] = []
        self._timer = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._timer.timeout.connect(self.look)
        session.changed.connect(self.look_soon)
        session.replaced.connect(self.look_soon)

    def look_soon(self, *_: object) -> None:
        self._timer.start()

    def at(self, id: str) -> Problem | None:
        """What does not fit at a node."""
        return next((problem for problem in self.found if problem.node == id), None)

    def look(self) -> None:
        """Compares again what is known."""
        found = unfit(self._session.pipeline, self._conditions(), self._known)
        if [(each.node, each.message) for each in found] != [(each.node, each.message) for each in self.found]:
            self.found = found
            self.changed.emit(found)

    def stop(self) -> None:
        self._timer.stop()
