"""The parent's end of the meter process: starts it, listens, and starts it again if it dies."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from greenbench.core import messages
from greenbench.core.errors import WorkerError
from greenbench.engine.process import Child, how_it_ended, quiet_threads

_RESTARTS = 5


class MeterLink:
    """Keeps one meter process alive. `on_event` is called on its reader thread with Hello, Sources, Samples, MeterState. `home` is the
    folder with the list of meters outside the machine; None: the user's."""

    def __init__(self, on_event: Callable[[messages.Event], None], arguments: Sequence[str] = (), home: Path | None = None) -> None:
        self._environment = quiet_threads(1) | ({"GREENBENCH_HOME": str(home)} if home else {})
        self._on_event = on_event
        self._arguments = tuple(arguments)
        self._child: Child | None = None
        self._closing = False
        self._restarts = 0
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def open(self) -> None:
        with self._lock:
            if not self._closing:
                # Started again in the midst of a run, it does without the close look that it takes at its sources at first.
                again = ["--steady"] if self._restarts else []
                self._child = Child(
                    ["meter", *self._arguments, *again],
                    environment=self._environment,
                    on_line=self._line,
                    on_end=self._ended,
                )

    def _line(self, line: bytes) -> None:
        try:
            event = messages.decode_event(line)
        except WorkerError as error:
            self._on_event(messages.Log(text=str(error), level="error"))
            return
        if isinstance(event, messages.Samples):
            self._restarts = 0  # it lives: a later death is a new one
        elif isinstance(event, messages.Hello):
            self._on_event(messages.MeterState(alive=True))
        self._on_event(event)

    def _ended(self, code: int) -> None:
        if self._closing:
            return
        self._restarts += 1
        again = self._restarts <= _RESTARTS
        log = self._child.tail(3) if self._child else ""
        what = f"The meter process {how_it_ended(code)}"
        for_good = f"{what} {_RESTARTS} times and stays off: power is not read until GreenBench is started again. {log}".strip()
        text = f"{what}; it is started again." if again else for_good
        self._on_event(messages.MeterState(alive=False, text=text))
        if again:
            threading.Timer(0.2 * 2 ** (self._restarts - 1), self.open).start()

    def look_again(self) -> None:
        """Makes the meter look at all its sources anew; one that is just being started does so anyway."""
        child = self._child
        if child:
            child.send(messages.encode(messages.LookAgain()))

    def close(self) -> None:
        with self._lock:
            self._closing = True
            child = self._child
        if child:
            child.stop(grace_s=1.0)
