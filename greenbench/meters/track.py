"""From raw readings to samples: what is new, what wrapped, what stands still, and what cannot be true.

raw     7   9   9   1   3           range 10: 9 → 1 is a wrap, +2
energy  7   9   ·   11  13          the repeated 9 is no new sample
power   –   2/Δ ·   2/2Δ 2/Δ        mean since the last change
"""

from greenbench.core.measurement import Sample
from greenbench.meters.meter import NS
from greenbench.meters.refresh import RefreshWatch

CLOCK_BACK = "The clock went back."

# No single board, package or platform that people put under a desk draws this much: such a step is a reset of the
# counter (a resume from sleep, a driver reloaded), not energy.
IMPLAUSIBLE_W = 10_000.0
# More than any one counter that wraps is given to count for minutes: after a pause in which it could have come round at this power,
# nobody knows how often it did.
_ROUND_W = 1000.0


class CounterTrack:
    """Follows one cumulative counter.

    `range_j` is where it wraps to 0 (None: never), `unit_j` the smallest step that it can show. After `stall_s` without change there is no
    reading any more: nothing that is switched on uses no energy for so long. A counter is `stuck` if it has stood so since the first
    reading: it is shown, but does not run. `watch` tells how often it really changes.
    """

    def __init__(self, channel: str, range_j: float | None = None, stall_s: float = 2.0, unit_j: float | None = None) -> None:
        self._channel, self._range_j = channel, range_j
        self.watch = RefreshWatch(unit_j)
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
        if since_ns < 0:
            return self._anew(raw_j, t_ns, CLOCK_BACK)
        self.watch.see(t_ns, raw_j - last_j)
        if raw_j == last_j:
            if since_ns <= self._stall_ns:
                return None
            self.stuck = not self._moved
            return self.lost(t_ns, f"The counter has not moved for {since_ns / NS:.0f} s.")
        self._moved, self.stuck = True, False
        step_j = raw_j - last_j
        if self._range_j is not None:
            if since_ns > self._stall_ns and since_ns * _ROUND_W > self._range_j * NS:
                return self._anew(raw_j, t_ns, f"Not read for {since_ns / NS:.0f} s: the counter may have come round unseen.")
            step_j += self._range_j if step_j < 0 else 0.0
        if step_j < 0 or step_j > IMPLAUSIBLE_W * max(since_ns, 1) / NS:
            return self._anew(raw_j, t_ns, "The counter was reset.")
        # Across an interruption the sum is right but the mean would hide what happened meanwhile.
        power_w = None if self._interrupted else step_j * NS / since_ns
        self._offset_j += last_j + step_j - raw_j
        return self._start(raw_j, t_ns, power_w)

    def lost(self, t_ns: int, reason: str) -> Sample:
        """The sample for a read that failed."""
        self._interrupted, self.trouble = True, reason
        self.watch.forget()
        return Sample(channel=self._channel, t_ns=t_ns, reason=reason)

    def _anew(self, raw_j: float, t_ns: int, reason: str) -> Sample:
        """What was counted since the last reading is not known: the total goes on from here, after a gap."""
        self._offset_j += self._raw_j or 0.0
        self._start(raw_j, t_ns)
        self._offset_j -= raw_j
        return self.lost(t_ns, reason)

    def _start(self, raw_j: float, t_ns: int, power_w: float | None = None) -> Sample:
        self._raw_j, self._changed_ns = raw_j, t_ns
        self._interrupted, self.trouble = False, ""
        return Sample(channel=self._channel, t_ns=t_ns, energy_j=self._offset_j + raw_j, power_w=power_w)


class PowerTrack:
    """Follows one reading in watts. The same value again within `refresh_s` is the old reading; later it is a new one that agrees.

    `unit_w` is the smallest step that the reading can show; `watch` tells how often it really changes.
    """

    def __init__(self, channel: str, refresh_s: float, unit_w: float | None = None) -> None:
        self._channel = channel
        self._refresh_ns = round(refresh_s * NS)
        self._last: tuple[float, int] | None = None
        self.watch = RefreshWatch(unit_w)
        self.trouble = ""

    def advance(self, power_w: float, t_ns: int) -> Sample | None:
        """The sample for a reading in watts, or None if it is the old one."""
        self.trouble = ""
        if self._last:
            last_w, last_ns = self._last
            self.watch.see(t_ns, power_w - last_w)
            if last_w == power_w and 0 <= t_ns - last_ns < self._refresh_ns:
                return None
        self._last = power_w, t_ns
        return Sample(channel=self._channel, t_ns=t_ns, power_w=power_w)

    def lost(self, t_ns: int, reason: str) -> Sample:
        """The sample for a read that failed."""
        self._last, self.trouble = None, reason
        self.watch.forget()
        return Sample(channel=self._channel, t_ns=t_ns, reason=reason)
