"""Parts of a step that are another kind of work than the rest of it: calibration, search, training inside a compression step.

A step says what it is doing (StepContext.progress); as soon as that is something of another kind, a window opens for it, and closes when
the step says something else. So the energy ledger can charge each kind apart, and no step needs to know of it.
"""

from collections.abc import Callable

from greenbench.core import messages
from greenbench.core.charge import ChargeKind, part_kind
from greenbench.core.measurement import Window, WindowKind
from greenbench.core.run import PlannedNode


class Parts:
    """The parts of one node under way."""

    def __init__(self, planned: PlannedNode, clock: Callable[[], int], emit: Callable[[messages.Event], None]) -> None:
        self._planned, self._clock, self._emit = planned, clock, emit
        self._kind: ChargeKind | None = None
        self._window: Window | None = None

    def at(self, text: str) -> None:
        """The step is doing this now; an empty text says nothing new."""
        if not text:
            return
        kind = part_kind(self._planned.step, text)
        if kind is self._kind:
            return
        self.close()
        if kind is not None:
            self._kind = kind
            self._window = Window(kind=WindowKind.PART, label=kind.value, t0_ns=self._clock(), node=self._planned.id)
            self._emit(messages.WindowOpened(window=self._window))

    def close(self) -> None:
        """The step does something else, or has ended."""
        if self._window is not None:
            self._emit(messages.WindowClosed(window=self._window.model_copy(update={"t1_ns": self._clock()})))
        self._kind = self._window = None
