"""Between the runner's queue and Qt: drains the queue 25 times a second and emits one signal for each kind of event.

While a timed block is open it drains once a second: nothing moves in the window then, and it leaves the processor alone.
"""

import time
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from greenbench.core import messages
from greenbench.core.advice import Advice
from greenbench.core.measurement import WindowKind
from greenbench.core.run import Plan

INTERVAL_MS = 40
CALM_MS = 1_000
_LONGEST_S = 0.025  # then the rest waits for the next turn, so that the window never stalls


class Runner(Protocol):
    """What the window needs of engine.runner.LocalRunner; a scripted one serves in tests."""

    @property
    def events(self) -> "SimpleQueue[messages.Event]": ...
    @property
    def running(self) -> bool: ...
    @property
    def ledger(self) -> Any: ...
    @property
    def store(self) -> Any: ...
    def open(self) -> None: ...
    def start(self, plan: Plan, told: tuple[Advice, ...] = ()) -> str: ...
    def cancel(self) -> None: ...
    def look_again(self) -> None: ...
    def close(self) -> None: ...


class RunBridge(QObject):
    """`received` carries everything; the others carry their kind alone."""

    received = Signal(object)
    sources = Signal(object)
    samples = Signal(object)
    run_started = Signal(object)
    node_started = Signal(object)
    progress = Signal(object)
    metric = Signal(object)
    calls = Signal(object)
    window_opened = Signal(object)
    window_closed = Signal(object)
    variant_ready = Signal(object)
    variant_measured = Signal(object)
    variant_failed = Signal(object)
    node_finished = Signal(object)
    node_failed = Signal(object)
    node_energy = Signal(object)
    log = Signal(object)
    run_finished = Signal(object)
    meter_state = Signal(object)
    results_ready = Signal(object)

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self.measuring = False  # a timed block is open
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self.drain)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def drain(self) -> int:
        """Hands on what waits in the queue, for at most a fortieth of a second; returns how many events."""
        until = time.monotonic() + _LONGEST_S
        count, waiting = 0, True
        while time.monotonic() < until:
            try:
                event = self._runner.events.get_nowait()
            except Empty:
                waiting = False
                break
            count += 1
            self._note(event)
            self.received.emit(event)
            own = getattr(self, event.tag.replace("-", "_"), None)
            if own is not None:
                own.emit(event)
        interval = CALM_MS if self.measuring and not waiting else INTERVAL_MS
        if interval != self._timer.interval():
            self._timer.setInterval(interval)
        return count

    def _note(self, event: messages.Event) -> None:
        match event:
            case messages.WindowOpened():
                self.measuring = event.window.kind is WindowKind.BLOCK
            case messages.WindowClosed() | messages.RunFinished():
                self.measuring = False
