"""Starting and stopping runs from the window: checks the plan, lets the runner start off the window's thread, and knows what is going on.

READY ──run──▶ STARTING ──RunStarted──▶ RUNNING ──stop──▶ STOPPING ──ResultsReady──▶ READY
"""

import contextlib
import threading
from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import QObject, Signal

from greenbench.core import messages, places
from greenbench.core.advice import Advice
from greenbench.core.errors import GreenBenchError, PlanError, WorkerError
from greenbench.core.run import PROTOCOLS, NodeState, RunResult, RunState
from greenbench.engine.cache import Cache
from greenbench.engine.devices import default_threads
from greenbench.engine.plan import Conditions, make_plan
from greenbench.engine.sources import known_in
from greenbench.engine.trust import TrustBook
from greenbench.gui.run_bridge import RunBridge, Runner
from greenbench.gui.session import Session
from greenbench.gui.time_left import TimeLeft

_PAST, _LEARNT = 30, 3  # runs of the history that are looked through, and those of the same title that are read


class Phase(Enum):
    READY = "ready"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"


class RunControl(QObject):
    """One run at a time. `refused` carries the PlanError or other reason why a run cannot start."""

    phase_changed = Signal(object)  # Phase
    advanced = Signal(float)  # share of the run that is done, 0 to 1
    refused = Signal(object)  # GreenBenchError
    ended = Signal(object)  # RunResult
    _failed_to_start = Signal(object)

    def __init__(self, session: Session, runner: Runner, bridge: RunBridge) -> None:
        super().__init__()
        self._session, self._runner = session, runner
        self.phase = Phase.READY
        self.device, self.protocol = "cpu", "quick"
        self.affinity: tuple[int, ...] = ()
        self.told: Callable[[], tuple[Advice, ...]] = lambda: ()  # what the linter says now; kept with the run
        self.threads: int | None = None  # what the user chose; None: as many as suit the machine
        self._trust = TrustBook(places.home())
        self._cache = Cache(places.home() / "cache")
        self.result: RunResult | None = None
        self.order: list[str] = []
        self.titles: dict[str, str] = {}
        self.current = ""
        self.failed: set[str] = set()
        self._fractions: dict[str, float] = {}
        self._time = TimeLeft()
        self._remaining_s: float | None = None
        self._starting: threading.Thread | None = None
        bridge.received.connect(self._on_event)
        self._failed_to_start.connect(self._give_up)

    @property
    def busy(self) -> bool:
        return self.phase is not Phase.READY

    @property
    def threads_used(self) -> int:
        """The threads of the next run: never more by default than the cores that it keeps to."""
        suits = default_threads(window_open=True)
        return self.threads or min(suits, len(self.affinity) or suits)

    @property
    def conditions(self) -> Conditions:
        """Under what the pipeline would run now."""
        return Conditions(
            device=self.device,
            threads=self.threads_used,
            affinity=self.affinity,
            protocol=PROTOCOLS[self.protocol],
            trusted=self._trust.allowed(),
        )

    def run(self) -> None:
        """Plans the open pipeline and starts it; says every reason at once if it cannot run."""
        if self.busy:
            return
        try:
            plan = make_plan(self._session.pipeline, self.conditions, known_in(self._cache))
        except PlanError as error:
            self.refused.emit(error)
            return
        told = self.told()
        self._to(Phase.STARTING)

        def start() -> None:
            try:
                self._remember(plan.title)
                self._runner.start(plan, told)
            except GreenBenchError as error:
                self._failed_to_start.emit(error)
            except OSError as error:
                self._failed_to_start.emit(WorkerError(f"The run cannot start: {error}.", "Close other programs and try again."))

        self._starting = threading.Thread(target=start, name="start run", daemon=True)
        self._starting.start()

    def _remember(self, title: str) -> None:
        """What the nodes took in the last runs of this pipeline; without them the time left is unknown, which is no failure."""
        with contextlib.suppress(GreenBenchError, OSError):
            past = [run for run in self._runner.store.runs(_PAST) if run.title == title and run.state is RunState.FINISHED]
            for run in reversed(past[:_LEARNT]):
                self._time.learn(self._runner.store.result(run.id))

    def stop(self) -> None:
        """Asks the run to stop; pressing it again changes nothing."""
        if self.phase in (Phase.STARTING, Phase.RUNNING):
            self._to(Phase.STOPPING)
            self._runner.cancel()

    def done(self) -> int:
        """How many nodes are over."""
        return sum(1 for fraction in self._fractions.values() if fraction >= 1.0)

    @property
    def share(self) -> float:
        """How much of the run is done, from 0 to 1; each node counts the same."""
        return sum(self._fractions.values()) / len(self.order) if self.order else 0.0

    def left(self) -> float | None:
        """Seconds until the end of the run; None where a node was never timed before."""
        return self._time.left(self._fractions, self.current, self._remaining_s)

    def left_of_node(self) -> float | None:
        """Seconds until the end of the current node; None where nothing is known."""
        return self._time.of_node(self.current, self._fractions.get(self.current, 0.0), self._remaining_s)

    @property
    def left_at_most(self) -> bool:
        """Whether what is left is a bound: the benchmark may need fewer rounds than its protocol allows."""
        return self._time.at_most(self._fractions)

    def place(self) -> int:
        """The place of the current node in the plan, counted from 1; 0 before the first."""
        return self.order.index(self.current) + 1 if self.current in self.order else 0

    def _give_up(self, error: GreenBenchError) -> None:
        self._to(Phase.READY)
        self.refused.emit(error)

    def _on_event(self, event: object) -> None:
        match event:
            case messages.RunStarted():
                self.order = [node.id for node in event.plan.nodes]
                self.titles = {node.id: node.shown_title for node in event.plan.nodes}
                self.failed, self._fractions, self.current = set(), {}, ""
                self._time.begin(event.plan)
                if self.phase is not Phase.STOPPING:
                    self._to(Phase.RUNNING)
                else:
                    self._runner.cancel()  # Stop was pressed before there was anything to cancel
                self.advanced.emit(0.0)
            case messages.NodeStarted():
                self.current, self._remaining_s = event.node, None
                self._advance(event.node, 0.0)
            case messages.Progress():
                self._remaining_s = event.remaining_s if event.node == self.current else None
                self._time.hear(event.node, event.text)
                self._advance(event.node, min(event.fraction, 0.999))
            case messages.NodeFinished():
                self._advance(event.node, 1.0)
            case messages.NodeFailed():
                if event.state is NodeState.FAILED:
                    self.failed.add(event.node)
                self._advance(event.node, 1.0)
            case messages.ResultsReady():
                self.result = event.result
                self._to(Phase.READY)
                self.ended.emit(event.result)

    def _advance(self, node: str, fraction: float) -> None:
        self._fractions[node] = fraction
        if self.order:
            self.advanced.emit(self.share)

    def _to(self, phase: Phase) -> None:
        if phase is not self.phase:
            self.phase = phase
            self.phase_changed.emit(phase)
