"""Says before a run what does not go together, as soon as the descriptions of models and data are known."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from greenbench.core.errors import Problem
from greenbench.core.pipeline import Pipeline
from greenbench.engine.plan import Conditions, problems
from greenbench.engine.preflight import Known
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
        found = mismatches(self._session.pipeline, self._conditions(), self._known)
        if [(each.node, each.message) for each in found] != [(each.node, each.message) for each in self.found]:
            self.found = found
            self.changed.emit(found)

    def stop(self) -> None:
        self._timer.stop()


def mismatches(pipeline: Pipeline, conditions: Conditions, known: Known) -> list[Problem]:
    """What does not go together in the part of a pipeline that is complete; the rest is still being built."""
    part = complete_part(pipeline, conditions)
    if not part.nodes:
        return []
    return [problem for problem in problems(part, conditions, known) if problem.node and problem.trust is None]


def complete_part(pipeline: Pipeline, conditions: Conditions) -> Pipeline:
    """The pipeline without the nodes that cannot run as they stand, and without what follows them."""
    broken = {problem.node for problem in problems(pipeline, conditions) if problem.trust is None and problem.node}
    left = broken.union(*(pipeline.downstream(id) for id in broken))
    part = Pipeline(pipeline.catalog, pipeline.title)
    part.nodes = {id: node for id, node in pipeline.nodes.items() if id not in left}
    part.links = [link for link in pipeline.links if link.source in part.nodes and link.target in part.nodes]
    return part
