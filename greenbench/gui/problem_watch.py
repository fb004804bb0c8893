"""Keeps the messages about a pipeline that cannot run true: each leaves as soon as an edit has mended what it says."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from greenbench.core.errors import GreenBenchError, PlanError, Problem
from greenbench.engine.plan import problems
from greenbench.gui.message_bar import MessageBar
from greenbench.gui.session import Session

_CALM_MS = 150  # a form edits with every key: look once when it rests


class ProblemWatch(QObject):
    """Shows what a refused run said, and looks after each edit what of it still holds; and what stands without any run.
    `changed` carries all problems that stand now."""

    changed = Signal(list)

    def __init__(self, session: Session, bar: MessageBar, show_node: Callable[[str], object]) -> None:
        super().__init__()
        self._session, self._bar, self._show_node = session, bar, show_node
        self._told: list[Problem] = []
        self._standing: list[Problem] = []
        self._timer = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._timer.timeout.connect(self.look)
        session.changed.connect(self._on_change)
        session.replaced.connect(self.forget)

    def tell(self, error: GreenBenchError) -> None:
        """Shows an error; the problems of a plan are watched from now on."""
        self._told = list(error.problems) if isinstance(error, PlanError) else []
        self._bar.show_error(error, self._show_node)
        self.changed.emit(self._every())

    def stand(self, found: Sequence[Problem]) -> None:
        """What is known not to go together, whether or not a run was tried; replaces what stood before."""
        before = {(problem.node, problem.message) for problem in self._standing}
        self._standing = list(found)
        self._told = [problem for problem in self._told if (problem.node, problem.message) not in before]
        self._show()

    def forget(self) -> None:
        """Nothing is told any more."""
        self._told, self._standing = [], []
        self._timer.stop()
        self.changed.emit([])

    def _on_change(self, _change: object) -> None:
        if self._told:
            self._timer.start()

    def look(self) -> None:
        """Takes away the messages whose problem is gone; those that found no room before move up."""
        now = {(problem.node, problem.message) for problem in [*problems(self._session.pipeline), *self._standing]}
        left = [problem for problem in self._told if (problem.node, problem.message) in now]
        if len(left) == len(self._told):
            return
        self._told = left
        self._show()

    def _every(self) -> list[Problem]:
        told = {(problem.node, problem.message) for problem in self._told}
        return [*self._told, *(problem for problem in self._standing if (problem.node, problem.message) not in told)]

    def _show(self) -> None:
        every = self._every()
        self.changed.emit(every)
        self._bar.clear_problems()
        if every:
            self._bar.show_error(PlanError(every), self._show_node)
