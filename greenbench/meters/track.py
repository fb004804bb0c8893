"""From raw readings to samples: what is new, what wrapped, what stands still, and what cannot be true.

raw     7   9   9   1   3           range 10: 9 → 1 is a wrap, +2
energy  7   9   ·   11  13          the repeated 9 is no new sample
power   –   2/Δ ·   2/2Δ 2/Δ        mean since the last change
"""

from greenbench.core.measurement import Sample
from greenbench.meters.meter import NS

# No single board, package or platform that people put under a desk draws this much: such a step is a reset of the
# counter (a resume from sleep, a driver reloaded), not energy.
IMPLAUSIBLE_W = 10_000.0


class CounterTrack:
    """Follows one cumulative counter.

    `range_j` is where it wraps to 0 (None: never). After `stall_s` without change there is no reading any more: nothing that is
    switched on uses no energy for so long. A counter is `stuck` if it has stood so since the first reading: it is shown, but does not run.
    """

    def __init__(self, channel: str, range_j: float | None = None, stall_s: float = 2.0) -> None:
        self._channel, self._range_j = channel, range_j
        self._stall_ns = round(stall_s * NS)
        self._raw_j: float | None = None
        self._offset_j = 0.0
        self._changed_ns = 0
        self._interrupted = self._moved = False
        self.trouble = ""
        self.stuck = False

    def advance(self, raw_j: float, t_ns: int) -> Sample | None:
        """The sample for a reading in joules, or None if there is nothing new in it."""
        last_j, since_ns = self._raw_j, t_ns - self._changed_ns
        if last_j is None:
            return self._start(raw_j, t_ns)
        if raw_j == last_j:
            if since_ns <= self._stall_ns:
                return None
            self.stuck = not self._moved
            return self.lost(t_ns, f"The counter has not moved for {since_ns / NS:.0f} s.")
        self._moved, self.stuck = True, False
        step_j = raw_j - last_j
        if step_j < 0 and self._range_j is not None:
            step_j += self._range_j
        if step_j < 0 or step_j > IMPLAUSIBLE_W * max(since_ns, 1) / NS:
            self._offset_j += last_j
            self._start(raw_j, t_ns)
            self._offset_j -= raw_j
            return self.lost(t_ns, "The counter was reset.")
        # Across an interruption the sum is right but the mean would hide what happened meanwhile.
        power_w = None if self._interrupted else step_j * NS / since_ns
        self._offset_j += last_j + step_j - raw_j
        return self._start(raw_j, t_ns, power_w)

    def lost(self, t_ns: int, reason: str) -> Sample:
        """The sample for a read that failed."""
        self._interrupted, self.trouble = True, reason
        return Sample(channel=self._channel, t_ns=t_ns, reason=reason)

    def _start(self, raw_j: float, t_ns: int, power_w: float | None = None) -> Sample:
        self._raw_j, self._changed_ns = raw_j, t_ns
        self._interrupted, self.trouble = False, ""
        return Sample(channel=self._channel, t_ns=t_ns, energy_j=self._offset_j + raw_j, power_w=power_w)


class PowerTrack:
    """Follows one reading in watts. The same value again within `refresh_s` is the old reading; later it is a new one that agrees."""

    def __init__(self, channel: str, refresh_s: float) -> None:
        self._channel = channel
        self._refresh_ns = round(refresh_s * NS)
        self._last: tuple[float, int] | None = None
        self.trouble = ""

    def advance(self, power_w: float, t_ns: int) -> Sample | None:
        """The sample for a reading in watts, or None if it is the old one."""
        self.trouble = ""
        if self._last and self._last[0] == power_w and t_ns - self._last[1] < self._refresh_ns:
            return None
        self._last = power_w, t_ns
        return Sample(channel=self._channel, t_ns=t_ns, power_w=power_w)

    def lost(self, t_ns: int, reason: str) -> Sample:
        """The sample for a read that failed."""
        self._last, self.trouble = None, reason
        return Sample(channel=self._channel, t_ns=t_ns, reason=reason)
