"""Whether the watts of a meter, summed here, agree with the coarse watt-hour counter of the same meter.

counter  ──┐      ┌──────┐      ┌──      from its first step to its last the counter knows what was used without the error of its
           └──────┘      └──────┘        coarseness, so a few steps are enough to hold the sum of the watts against it
"""

from greenbench.meters.meter import NS

_ENOUGH = 10  # steps of the counter
_TOLERANCE = 0.02
_LONGEST_GAP_NS = 10 * NS


class Agreement:
    """Sums watts by trapezoid from the first step of the counter on."""

    def __init__(self) -> None:
        self._last: tuple[int, float] | None = None
        self._counter_j: float | None = None
        self._start_j: float | None = None
        self._sum_j = self._gained_j = self._summed_j = 0.0
        self._steps = 0

    def see(self, t_ns: int, power_w: float, counter_j: float | None) -> None:
        """One answer: watts, and what the meter's own counter stands at. A gap or a counter that went back begins anew."""
        if counter_j is None:
            return
        gap = self._last is not None and t_ns - self._last[0] > _LONGEST_GAP_NS
        if gap or (self._counter_j is not None and counter_j < self._counter_j):
            self._start_j, self._steps, self._counter_j = None, 0, counter_j
        elif self._last is not None and self._start_j is not None:
            self._sum_j += (self._last[1] + power_w) / 2 * (t_ns - self._last[0]) / NS
        if self._counter_j is not None and counter_j > self._counter_j:
            self._stepped(counter_j)
        self._counter_j, self._last = counter_j, (t_ns, power_w)

    @property
    def words(self) -> str:
        """What a reader is told; "" until it is known."""
        if self._steps < _ENOUGH or not self._gained_j:
            return ""
        apart = self._summed_j / self._gained_j - 1
        if abs(apart) <= _TOLERANCE:
            return f"Its own watt-hours agree with the watts summed here within {max(abs(apart), 0.001) * 100:.1f} %."
        return (
            f"Its own watt-hours differ from the watts summed here by {apart * 100:+.1f} %: readings were missed, or one of the two is off."
        )

    def _stepped(self, counter_j: float) -> None:
        if self._start_j is None:
            self._start_j, self._sum_j, self._steps = counter_j, 0.0, 0
            return
        self._steps += 1
        self._gained_j, self._summed_j = counter_j - self._start_j, self._sum_j
