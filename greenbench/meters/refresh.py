"""How often a source really says something new, and in what steps: seen, not believed.

read      ╷ ╷ ╷ ╷ ╷ ╷ ╷ ╷ ╷ ╷ ╷ ╷       the value changed at ●: the gap between two ● is one refresh interval, known to
value     ●     ●     ●     ●            about one pause between reads. Gaps shorter than three pauses tell nothing.
"""

import math

from greenbench.core.measurement import Channel
from greenbench.meters.meter import NS

_ENOUGH = 16
_PAUSES = 3  # to each gap at least: the ends are known to a pause, so the interval to about a third


class RefreshWatch:
    """Watches one reading until its refresh interval is known, then rests. `unit` is the smallest step that its interface can show."""

    def __init__(self, unit: float | None = None) -> None:
        self._unit = unit
        self.interval_s: float | None = None
        self.resolution = unit
        self._gaps_ns: list[int] = []
        self._common_steps = 0
        self._read_ns = self._pause_ns = 0
        self._changed_ns: int | None = None

    def see(self, t_ns: int, step: float) -> None:
        """A read that took place at `t_ns` and found the value changed by `step`; 0: it stands as it stood."""
        if self.interval_s is not None:
            return
        pause_ns, self._read_ns = t_ns - self._read_ns, t_ns
        if not step:
            return
        gap_ns = t_ns - self._changed_ns if self._changed_ns is not None else 0
        if gap_ns >= _PAUSES * max(pause_ns, self._pause_ns) > 0:
            self._gaps_ns.append(gap_ns)
        self._changed_ns, self._pause_ns = t_ns, pause_ns
        if self._unit:
            self._common_steps = math.gcd(self._common_steps, round(abs(step) / self._unit))
        if len(self._gaps_ns) >= _ENOUGH:
            self._conclude()

    def forget(self) -> None:
        """The source fell silent: what was seen is true no more."""
        self.interval_s, self.resolution = None, self._unit
        self._gaps_ns.clear()
        self._common_steps, self._changed_ns = 0, None

    def _conclude(self) -> None:
        # A value that happened to be refreshed to the same number doubles a gap; a quarter of them at least are single ones.
        single_ns = sorted(self._gaps_ns)[len(self._gaps_ns) // 4]
        alike = [gap_ns for gap_ns in self._gaps_ns if single_ns / 2 < gap_ns < single_ns * 1.5]
        self.interval_s = float(f"{sum(alike) / len(alike) / NS:.2g}")
        if self._unit and self._common_steps:
            self.resolution = self._common_steps * self._unit


def as_seen(channel: Channel, watch: RefreshWatch) -> Channel:
    """The channel with what was seen of it so far."""
    return channel.model_copy(update={"refresh_measured_s": watch.interval_s, "resolution": watch.resolution})
