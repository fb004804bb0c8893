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
from one kind to the other starts anew, and so does all if the clock goes back.

A curve does not grow for ever: beyond a million rows (a day at ten readings a second) the older half is thinned, which loses no joule, as
E stays what it is at the rows that are kept, but lets windows there begin and end less exactly. That is in their stated error.
"""

from copy import copy

import numpy as np
from numpy.typing import NDArray

from greenbench.core.measurement import Channel, Sample
from greenbench.meters.meter import NS
from greenbench.meters.reading_error import NEIGHBOURS, counter_error_j, sensor_error_j
from greenbench.meters.track import CLOCK_BACK

RAN_BACKWARDS = "The counter ran backwards: it began anew, or a reading is wrong."
_PATIENCE = 5
_BACK_NS = NS // 2  # samples of several channels may overtake each other; by no more than this
_MOST_ROWS = 1 << 20
_MOST_HOLES = 1000


class EnergyCurve:
    """The cumulative joules of one channel. `interval_s` is how often its source is read.

    Rows without reading are NaN; `_segment` counts the unbroken stretches, so two rows with one number have no hole between them.
    """

    def __init__(self, channel: Channel, interval_s: float = 0.1, most_rows: int = _MOST_ROWS) -> None:
        self.channel, self._interval_s, self._most_rows = channel, interval_s, most_rows
        self._t_ns: NDArray[np.int64] = np.empty(256, np.int64)
        self._energy_j: NDArray[np.float64] = np.empty(256)
        self._power_w: NDArray[np.float64] = np.empty(256)
        self._segment: NDArray[np.int32] = np.empty(256, np.int32)
        self._n = 0
        self._counting: bool | None = None
        self._heard_ns = self._thinned_ns = 0
        self._holes: list[tuple[int, int, str]] = []  # last reading before, when it was noticed, why

    @property
    def refresh_s(self) -> float:
        """How often the source says something new: what is stated or what was seen, whichever is longer."""
        return max(self.channel.refresh_s, self.channel.refresh_measured_s or 0.0)

    @property
    def hole_ns(self) -> int:
        """How long readings may stay away before that is a hole."""
        return round(_PATIENCE * max(self.refresh_s, self._interval_s) * NS)

    @property
    def covered_until_ns(self) -> int | None:
        """The time of the last reading, or None before the first and while there is none."""
        return int(self._t_ns[self._n - 1]) if self._n and not self._broken else None

    @property
    def heard_until_ns(self) -> int:
        """The time of the last sample, with or without a reading; 0 before the first. Up to there nothing more will come."""
        return self._heard_ns

    def add(self, sample: Sample) -> None:
        """Takes the next sample; one that is not later than the last is dropped, unless it is so early that the clock went back."""
        if sample.t_ns <= self._heard_ns:
            if sample.t_ns > self._heard_ns - _BACK_NS:
                return
            self._n, self._thinned_ns, self._holes = 0, 0, [(0, sample.t_ns, CLOCK_BACK)]
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
        """How far the energy of a window may be off (95 %) because its source is read now and then only, in J; see `reading_error`."""
        rows = self._rows(t0_ns, t1_ns)
        if rows is None:
            return None
        first, last = rows[0], min(rows[1] + 2, self._n)
        if self._counting:
            return counter_error_j(self._around(rows[0]), self._around(rows[1]), self.refresh_s)
        return sensor_error_j(self._t_ns[first:last], self._power_w[first:last], self.refresh_s)

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

    def still(self) -> "EnergyCurve":
        """A copy that later samples do not reach."""
        kept = copy(self)
        kept._keep(slice(0, self._n))
        return kept

    def forget(self, before_ns: int) -> None:
        """Drops what is older, but for the one reading that a window from there needs."""
        self._keep(slice(max(int(np.searchsorted(self._t_ns[: self._n], before_ns, "right")) - 1, 0), self._n))
        self._holes = [hole for hole in self._holes if hole[1] >= before_ns]

    def _keep(self, rows: slice | NDArray[np.int64]) -> None:
        # Into arrays of their own: somebody may be drawing the old ones.
        kept = [array[rows] for array in (self._t_ns, self._energy_j, self._power_w, self._segment)]
        more = max(256, len(kept[0]))
        self._t_ns, self._energy_j, self._power_w, self._segment = (np.concatenate((a, np.zeros(more, a.dtype))) for a in kept)
        self._n = len(kept[0])

    @property
    def _broken(self) -> bool:
        return bool(np.isnan(self._energy_j[self._n - 1]))

    def _add_energy(self, t_ns: int, energy_j: float, power_w: float | None) -> None:
        self._be(counting=True)
        # A total that falls is that of another process or driver: what lies between is not known.
        if self._n and not self._broken and energy_j < self._energy_j[self._n - 1]:
            self._break(int(self._t_ns[self._n - 1]) + 1, RAN_BACKWARDS)
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
            self._holes = [*self._holes[-_MOST_HOLES:], (int(self._t_ns[self._n - 1]) if self._n else 0, t_ns, reason)]
        if self._n and not self._broken:
            self._append(t_ns, np.nan, np.nan)

    def _append(self, t_ns: int, energy_j: float, power_w: float) -> None:
        if self._n == len(self._t_ns) or self._n >= self._most_rows:
            self._make_room()
        row = self._n
        # Each hole's own row and each row after one begin a new segment.
        fresh = row and (np.isnan(energy_j) or self._broken)
        self._segment[row] = (self._segment[row - 1] if row else 0) + (1 if fresh else 0)
        self._t_ns[row], self._energy_j[row], self._power_w[row] = t_ns, energy_j, power_w
        self._n += 1

    def _make_room(self) -> None:
        if self._n >= self._most_rows:
            self._thin()
        if self._n > self._most_rows * 7 // 8:
            self._keep(slice(self._most_rows // 4, self._n))
        if self._n == len(self._t_ns):
            self._keep(slice(0, self._n))

    def _thin(self) -> None:
        """Drops every second row of the older half, but none beside a hole. How far apart rows lie says nothing of holes from then on."""
        half = self._n // 2
        odd = np.arange(1, half, 2)
        alike = self._segment[odd - 1] == self._segment[odd + 1]
        self._thinned_ns = int(self._t_ns[half])
        self._keep(np.delete(np.arange(self._n), odd[alike]))

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
        if since_ns == 0 or t_ns < self._thinned_ns:
            return bool(whole)
        return bool(whole and int(self._t_ns[row + 1] - self._t_ns[row]) <= self.hole_ns)

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

    def _around(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
        """Times and joules of the readings around the end of a window, as far as no hole lies between, and where among them it is."""
        low, high = max(row - NEIGHBOURS, 0), min(row + NEIGHBOURS + 2, self._n)
        same = self._segment[low:high] == self._segment[row]
        low, high = low + int(np.argmax(same)), low + len(same) - int(np.argmax(same[::-1]))
        return self._t_ns[low:high], self._energy_j[low:high], row - low
