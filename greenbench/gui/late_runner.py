"""The runner's face before the runner is there: loading the engine, SciPy and the store must not delay the first paint.

window painted ──open() on a thread──▶ engine imported, store opened, meter started ──▶ everything goes to the real runner
"""

import queue
import threading
from collections.abc import Callable
from typing import Any

from greenbench.core import messages
from greenbench.core.advice import Advice
from greenbench.core.errors import GreenBenchError, WorkerError
from greenbench.core.run import Plan
from greenbench.gui.run_bridge import Runner


class LateRunner:
    """Makes the real runner in `open`; `start` waits for it, and for `settle` (the meter's first word, so that the joules of a
    run are known from its first second). Why it could not be made is told as an event."""

    def __init__(self, make: Callable[[], Runner], settle: Callable[[Any], object] = lambda runner: None) -> None:
        self._make, self._settle = make, settle
        self._own: queue.SimpleQueue[messages.Event] = queue.SimpleQueue()
        self._inner: Runner | None = None
        self._failure: GreenBenchError | None = None
        self._opening = False
        self._tried = threading.Event()

    @property
    def events(self) -> "queue.SimpleQueue[messages.Event]":
        inner = self._inner
        return inner.events if inner and self._own.empty() else self._own

    @property
    def running(self) -> bool:
        return self._inner is not None and self._inner.running

    @property
    def ledger(self) -> Any:
        """The energy ledger; None until the engine is there."""
        return self._inner.ledger if self._inner else None

    @property
    def store(self) -> Any:
        """The store of runs.

        Raises:
            StoreError: it could not be opened; says why.
        """
        return self._ready().store

    def open(self) -> None:
        """Makes the runner and starts its meter. Meant for a thread of its own."""
        self._opening = True
        try:
            inner = self._make()
            inner.open()
            self._inner = inner
            self._settle(inner)
        except GreenBenchError as error:
            self._failure = error
            self._own.put(messages.Log(text=str(error), level="error"))
        finally:
            self._tried.set()

    def start(self, plan: Plan, told: tuple[Advice, ...] = ()) -> str:
        """Starts a run as soon as the runner is there.

        Raises:
            GreenBenchError: why it cannot start.
        """
        return self._ready().start(plan, told)

    def look_again(self) -> None:
        """Makes the meter look at all power sources anew; one that is not there yet will."""
        look = getattr(self._inner, "look_again", None)
        if look:
            look()

    def cancel(self) -> None:
        if self._inner:
            self._inner.cancel()

    def close(self) -> None:
        """Ends everything; a runner that is just being made is awaited first, so that no process is left."""
        if self._opening:
            self._tried.wait()
        if self._inner:
            self._inner.close()

    def _ready(self) -> Runner:
        self._tried.wait()
        if self._inner is None:
            raise self._failure or WorkerError("The engine could not be loaded.", "Start GreenBench again.")
        return self._inner
