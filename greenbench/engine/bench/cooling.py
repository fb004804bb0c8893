"""Waits between rounds until the machine is as cool as at the start, where it has a sensor."""

import time
from collections.abc import Callable

from greenbench.meters.facts import MachineFacts

TOLERANCE_C = 2.0
_LOOK_S = 1.0
_WAKE_S = 0.25


def temperature_c(device: str) -> float | None:
    """The temperature of what computes, °C; None where nothing says."""
    facts = MachineFacts().read()
    if device != "cpu" and facts.gpu_temperature_c is not None:
        return facts.gpu_temperature_c
    return facts.temperature_c


class CoolDown:
    """Holds rounds back while the machine is more than 2 °C off the temperature it had at the start."""

    def __init__(
        self,
        cap_s: float,
        read: Callable[[], float | None],
        now_s: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """`cap_s` is the longest wait before one round; 0: never waits, and reads nothing."""
        self._cap_s, self._read, self._now_s, self._wait = cap_s, read, now_s, wait
        self.start_c = read() if cap_s > 0 else None

    @property
    def warm(self) -> bool:
        """Whether there is something to wait for now."""
        found = None if self.start_c is None else self._read()
        return found is not None and self.start_c is not None and found > self.start_c + TOLERANCE_C

    def hold(self, check: Callable[[], None]) -> float | None:
        """Waits; `check` is called several times a second and may raise. Returns how many °C too warm it still is at the cap, else None."""
        deadline = self._now_s() + self._cap_s
        while self.start_c is not None and (found := self._read()) is not None and found > self.start_c + TOLERANCE_C:
            if self._now_s() >= deadline:
                return found - self.start_c
            look = min(self._now_s() + _LOOK_S, deadline)
            while (left := look - self._now_s()) > 0:
                self._wait(min(left, _WAKE_S))
                check()
        return None
