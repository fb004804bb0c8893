"""One abstraction for counters and power sensors alike: cumulative joules over monotonic time, for one channel.

    E │                    ·──●       energy of [a, b] = E(b) − E(a), E interpolated between samples
      │              ●──·     ┊
      │        ●──·     ┊     ┊       counter: E is read, the power between two samples is constant
      │  ●──·     ┊     ┊     ┊       power sensor: E is the area under the straight lines between readings
      └──┴──────┴─┴─────┴─────┴──▶ t
         s₀     a s₁   …     s₃ b     here b lies after the last sample: not covered, no energy

      ●──●──●   ✕   ●──●              ✕ "no reading": a window that touches the hole has no energy
            ╰─hole─╯

Where readings merely stay away, a power sensor's hole is one longer than 5 × the larger of refresh and sampling interval. A counter
went on counting: only a window that begins or ends inside such a hole has no energy, one that spans it has. A source that changes
from one kind to the other starts anew.
"""

import numpy as np
from numpy.typing import NDArray

from greenbench.core.measurement import Channel, Sample
from greenbench.meters.meter import NS

_PATIENCE = 5


class EnergyCurve:
    """The cumulative joules of one channel. `interval_s` is how often its source is read; `hole_ns` how long readings may stay away.

    Rows without reading are NaN; `_segment` counts the unbroken stretches, so two rows with one number have no hole between them.
    """

    def __init__(self, channel: Channel, interval_s: float = 0.1) -> None:
        self.channel = channel
        self.hole_ns = round(_PATIENCE * max(channel.refresh_s, interval_s) * NS)
        self._t_ns: NDArray[np.int64] = np.empty(256, np.int64)
        self._energy_j: NDArray[np.float64] = np.empty(256)
        self._power_w: NDArray[np.float64] = np.empty(256)
        self._segment: NDArray[np.int32] = np.empty(256, np.int32)
        self._n = 0
        self._counting: bool | None = None
        self._heard_ns = 0
        self._holes: list[tuple[int, int, str]] = []  # last reading before, when it was noticed, why

    @property
    def covered_until_ns(self) -> int | None:
        """The time of the last reading, or None before the first and while there is none."""
        return int(self._t_ns[self._n - 1]) if self._n and not self._broken else None

    @property
    def heard_until_ns(self) -> int:
        """The time of the last sample, with or without a reading; 0 before the first. Up to there nothing more will come."""
        return self._heard_ns

    def add(self, sample: Sample) -> None:
        """Takes the next sample; one that is not later than the last is dropped."""
        if sample.t_ns <= self._heard_ns:
            return
        self._heard_ns = sample.t_ns
        if sample.energy_j is not None:
            self._add_energy(sample.t_ns, sample.energy_j, sample.power_w)
        elif sample.power_w is not None:
            self._add_power(sample.t_ns, sample.power_w)
        else:
            self._break(sample.t_ns, sample.reason)

    def energy_j(self, t0_ns: int, t1_ns: int) -> float | None:
        """Joules between two times, or None if the window is not covered without a hole."""
        rows = self._rows(t0_ns, t1_ns)
        return None if rows is None else self._at(t1_ns, rows[1]) - self._at(t0_ns, rows[0])

    def mean_power_w(self, t0_ns: int, t1_ns: int) -> float | None:
        """Mean watts between two times, or None where there is no energy or no time."""
        energy_j = self.energy_j(t0_ns, t1_ns)
        return None if energy_j is None or t1_ns <= t0_ns else energy_j * NS / (t1_ns - t0_ns)

    def edge_error_j(self, t0_ns: int, t1_ns: int) -> float | None:
        """How far the energy of a window may be off because its ends lie between readings, in J.

        At each end: half a refresh interval at the power there, because the reading may be that old; and s/4 · |ΔP|, the most that a
        straight line over an interval s is wrong by if the power steps inside it from one neighbour's level to the other's.
        """
        rows = self._rows(t0_ns, t1_ns)
        return None if rows is None else sum(self._edge_j(row) for row in rows)

    def last(self) -> tuple[int, float] | None:
        """Time and watts of the last reading with a power, or None while there is no reading."""
        if not self._n or self._broken:
            return None
        known = np.flatnonzero(~np.isnan(self._power_w[max(0, self._n - 2) : self._n]))
        row = max(0, self._n - 2) + int(known[-1]) if known.size else -1
        return (int(self._t_ns[row]), float(self._power_w[row])) if row >= 0 else None

    def why_none(self, t0_ns: int, t1_ns: int) -> str:
        """Why a window has no energy, in a sentence."""
        if self._heard_ns < t1_ns and not (self._n and self._broken):
            return "No reading up to the end of the window."
        for start_ns, noticed_ns, reason in reversed(self._holes):
            row = int(np.searchsorted(self._t_ns[: self._n], noticed_ns, "right"))
            if start_ns < t1_ns and (row >= self._n or int(self._t_ns[row]) > t0_ns):
                return reason or "No reading."
        return "The readings do not cover the whole window."

    def watts(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times in ns and watts of all rows; NaN where a hole begins. Views that are not to be written to."""
        rows = self._n  # once: another thread may be adding
        return self._t_ns[:rows], self._power_w[:rows]

    def forget(self, before_ns: int) -> None:
        """Drops what is older, but for the one reading that a window from there needs."""
        first = max(int(np.searchsorted(self._t_ns[: self._n], before_ns, "right")) - 1, 0)
        for array in (self._t_ns, self._energy_j, self._power_w, self._segment):
            array[: self._n - first] = array[first : self._n].copy()
        self._n -= first

    @property
    def _broken(self) -> bool:
        return bool(np.isnan(self._energy_j[self._n - 1]))

    def _add_energy(self, t_ns: int, energy_j: float, power_w: float | None) -> None:
        self._be(counting=True)
        # A total that falls is that of another process or driver: what lies between is not known.
        if self._n and not self._broken and energy_j < self._energy_j[self._n - 1]:
            self._break(int(self._t_ns[self._n - 1]) + 1, "The counter began anew.")
        self._append(t_ns, energy_j, np.nan if power_w is None else power_w)

    def _add_power(self, t_ns: int, power_w: float) -> None:
        self._be(counting=False)
        total_j = 0.0
        if self._n and not self._broken:
            row = self._n - 1
            passed_ns = t_ns - int(self._t_ns[row])
            if passed_ns > self.hole_ns:
                self._break(int(self._t_ns[row]) + 1, f"No reading for {passed_ns / NS:.1f} s.")
            else:
                total_j = float(self._energy_j[row]) + (float(self._power_w[row]) + power_w) / 2 * passed_ns / NS
        self._append(t_ns, total_j, power_w)

    def _be(self, counting: bool) -> None:
        if self._counting is not counting:
            self._n, self._counting = 0, counting

    def _break(self, t_ns: int, reason: str) -> None:
        if not self._holes or (self._n and not self._broken):
            self._holes.append((int(self._t_ns[self._n - 1]) if self._n else 0, t_ns, reason))
        if self._n and not self._broken:
            self._append(t_ns, np.nan, np.nan)

    def _append(self, t_ns: int, energy_j: float, power_w: float) -> None:
        row = self._n
        if row == len(self._t_ns):
            self._grow()
        # Each hole's own row and each row after one begin a new segment.
        fresh = row and (np.isnan(energy_j) or self._broken)
        self._segment[row] = (self._segment[row - 1] if row else 0) + (1 if fresh else 0)
        self._t_ns[row], self._energy_j[row], self._power_w[row] = t_ns, energy_j, power_w
        self._n += 1

    def _grow(self) -> None:
        size = 2 * len(self._t_ns)
        self._t_ns = np.resize(self._t_ns, size)
        self._energy_j = np.resize(self._energy_j, size)
        self._power_w = np.resize(self._power_w, size)
        self._segment = np.resize(self._segment, size)

    def _rows(self, t0_ns: int, t1_ns: int) -> tuple[int, int] | None:
        """The rows at or before each end, if both ends and all between lie in one stretch."""
        if t1_ns < t0_ns:
            raise ValueError("A window ends before it begins.")
        times = self._t_ns[: self._n]
        first, last = (int(row) - 1 for row in np.searchsorted(times, (t0_ns, t1_ns), "right"))
        if first < 0 or not self._inside(t0_ns, first) or not self._inside(t1_ns, last):
            return None
        return (first, last) if self._segment[first] == self._segment[last] else None

    def _inside(self, t_ns: int, row: int) -> bool:
        """Whether E is known at a time whose last reading is `row`."""
        since_ns = t_ns - int(self._t_ns[row])
        if np.isnan(self._energy_j[row]) or (since_ns and row + 1 == self._n):
            return False
        whole = since_ns == 0 or self._segment[row] == self._segment[row + 1]
        return bool(whole and (since_ns == 0 or int(self._t_ns[row + 1] - self._t_ns[row]) <= self.hole_ns))

    def _at(self, t_ns: int, row: int) -> float:
        since_ns = t_ns - int(self._t_ns[row])
        energy_j = float(self._energy_j[row])
        if since_ns == 0:
            return energy_j
        share = since_ns / int(self._t_ns[row + 1] - self._t_ns[row])
        if self._counting:
            return energy_j + share * float(self._energy_j[row + 1] - self._energy_j[row])
        start_w, end_w = float(self._power_w[row]), float(self._power_w[row + 1])
        return energy_j + (start_w + share * (end_w - start_w) / 2) * since_ns / NS

    def _edge_j(self, row: int) -> float:
        span_s = float(self._t_ns[row + 1] - self._t_ns[row]) / NS if row + 1 < self._n else 0.0
        power_w = self._mean_w(row)
        if power_w is None:
            power_w = self._mean_w(row - 1) or 0.0
        return self.channel.refresh_s / 2 * abs(power_w) + span_s / 4 * self._step_w(row)

    def _step_w(self, row: int) -> float:
        before, after = self._mean_w(row - 1), self._mean_w(row + 1)
        return abs(after - before) if self._counting and before is not None and after is not None else 0.0

    def _mean_w(self, row: int) -> float | None:
        """Mean watts from a row to the next, or None across a hole or an end."""
        if row < 0 or row + 1 >= self._n or self._segment[row] != self._segment[row + 1]:
            return None
        return float(self._energy_j[row + 1] - self._energy_j[row]) * NS / float(self._t_ns[row + 1] - self._t_ns[row])
