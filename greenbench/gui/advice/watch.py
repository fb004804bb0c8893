"""Looks at the open pipeline and this machine with the linter: a moment after each change, and never while a run measures."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from greenbench.core import messages
from greenbench.core.advice import Advice
from greenbench.core.clock import now_ns
from greenbench.core.errors import GreenBenchError
from greenbench.core.measurement import SourceReport
from greenbench.engine.linter import Surroundings, lint, look_around
from greenbench.engine.plan import Conditions
from greenbench.engine.preflight import Known
from greenbench.gui.session import Session

_CALM_MS = 300  # a form edits with every key: look once when it rests
_FRESH_NS = 20 * 10**9  # how long what was seen of the machine is taken as true
_SMOOTH = 0.1  # of each new reading of the load; they come some times a second


class LintWatch(QObject):
    """`changed` carries all advice that holds now. `busy` says whether a run is under way."""

    changed = Signal(object)

    def __init__(self, session: Session, conditions: Callable[[], Conditions], known: Known, busy: Callable[[], bool]) -> None:
        super().__init__()
        self._session, self._conditions, self._known, self._busy = session, conditions, known, busy
        self.found: tuple[Advice, ...] = ()
        self.look_at_machine: Callable[[str, float | None, tuple[SourceReport, ...]], Surroundings] = look_around
        self._sources: tuple[SourceReport, ...] = ()
        self._around: Surroundings | None = None
        self._seen_ns, self._device = 0, ""
        self._load: float | None = None
        self._timer = QTimer(self, singleShot=True, interval=_CALM_MS)
        self._timer.timeout.connect(self.look)
        session.changed.connect(lambda _change: self.look_soon())
        session.replaced.connect(self.look_soon)

    def look_soon(self) -> None:
        self._timer.start()

    def take_sources(self, event: messages.Sources) -> None:
        """The meter named its power sources."""
        if event.reports != self._sources:
            self._sources, self._around = event.reports, None
            self.look_soon()

    def take_samples(self, event: messages.Samples) -> None:
        """How busy the processor is, smoothed; while a run is under way it is the run's own load."""
        if event.facts is None or event.facts.cpu_percent is None or self._busy():
            return
        now = event.facts.cpu_percent / 100
        self._load = now if self._load is None else self._load + _SMOOTH * (now - self._load)

    def look(self, fresh: bool = False) -> None:
        """Looks now; at the machine again only where that is `fresh` or long ago."""
        if self._busy():
            return
        conditions = self._conditions()
        found = lint(self._session.pipeline, conditions, self._machine(conditions.device, fresh), self._known)
        if found != self.found:
            self.found = found
            self.changed.emit(found)

    def told(self) -> tuple[Advice, ...]:
        """What holds at this moment, with the machine looked at anew."""
        self.look(fresh=True)
        return self.found

    def _machine(self, device: str, fresh: bool) -> Surroundings:
        now = now_ns()
        if self._around is None or fresh or device != self._device or now - self._seen_ns > _FRESH_NS:
            try:
                self._around = self.look_at_machine(device, self._load, self._sources)
            except GreenBenchError:  # the device is gone: the run will say so
                self._around = Surroundings(sources=self._sources)
            self._seen_ns, self._device = now, device
        return self._around

    def stop(self) -> None:
        self._timer.stop()
