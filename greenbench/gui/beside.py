"""Work that the window must not wait for: on threads, with its end told by signals, and every failure told in words."""

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from greenbench.core.errors import GreenBenchError


class Beside(QObject):
    """Signals arrive in the window's thread; `failed` carries the error."""

    failed = Signal(object)

    def __init__(self, name: str, trouble: Callable[[Exception], GreenBenchError]) -> None:
        """`trouble` puts into words what nobody expected."""
        super().__init__()
        self._name, self._trouble = name, trouble
        self._threads: list[threading.Thread] = []

    def begin(self, work: Callable[[], Any]) -> None:
        """Does the work on a thread of its own."""
        thread = threading.Thread(target=self._door, args=(work,), name=self._name, daemon=True)
        self._threads = [old for old in self._threads if old.is_alive()] + [thread]
        thread.start()

    def _door(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except GreenBenchError as error:
            self.failed.emit(error)
        except Exception as error:  # noqa: BLE001 - a door: whatever it is, the user hears of it and the window lives on
            self.failed.emit(self._trouble(error))

    def wait(self) -> None:
        """Blocks until what was begun is done."""
        for thread in self._threads:
            thread.join()
