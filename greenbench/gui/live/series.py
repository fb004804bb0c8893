"""Growing series of values over time, thinned to the pixels that show them so that no peak is hidden. No Qt.

append …      t ──────────────▶ one array that doubles when full
visible(a,b)  columns of time, anchored at multiples of their width; each gives its lowest and its highest value
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Series:
    """Values over monotonic seconds, in order of time. NaN is a gap: no reading."""

    def __init__(self, capacity: int = 1024) -> None:
        self._t = np.empty(capacity)
        self._y = np.empty(capacity)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    @property
    def t(self) -> Array:
        return self._t[: self._n]

    @property
    def y(self) -> Array:
        return self._y[: self._n]

    @property
    def last(self) -> float | None:
        """The newest value; None where there is none or it is a gap."""
        return float(self._y[self._n - 1]) if self._n and not np.isnan(self._y[self._n - 1]) else None

    def append(self, t: float, y: float) -> None:
        """Adds one value; one that is older than the newest is left out."""
        if self._n and t < self._t[self._n - 1]:
            return
        if self._n == len(self._t):
            self._grow(self._n + 1)
        self._t[self._n], self._y[self._n] = t, y
        self._n += 1

    def extend(self, t: Sequence[float] | Array, y: Sequence[float] | Array) -> None:
        """Adds several values that are in order and newer than what is there."""
        count = len(t)
        if self._n + count > len(self._t):
            self._grow(self._n + count)
        self._t[self._n : self._n + count] = t
        self._y[self._n : self._n + count] = y
        self._n += count

    def _grow(self, needed: int) -> None:
        size = max(needed, 2 * len(self._t))
        for name in ("_t", "_y"):
            bigger = np.empty(size)
            bigger[: self._n] = getattr(self, name)[: self._n]
            setattr(self, name, bigger)

    def at(self, t: float, within: float) -> float | None:
        """The value in force at `t`: the last one before it, if that is at most `within` seconds old and no gap."""
        index = int(np.searchsorted(self.t, t, side="right")) - 1
        if index < 0 or t - self._t[index] > within or np.isnan(self._y[index]):
            return None
        return float(self._y[index])

    def visible(self, start: float, end: float, columns: int) -> tuple[Array, Array]:
        """What to draw between two times on so many pixels: every point, or the lowest and highest of each column.

        One point beyond each edge is kept, so that the line enters and leaves the picture.
        """
        t, y = self.t, self.y
        first = max(int(np.searchsorted(t, start)) - 1, 0)
        last = min(int(np.searchsorted(t, end, side="right")) + 1, self._n)
        if last - first <= 2 * columns or end <= start or columns < 1:
            return t[first:last], y[first:last]
        return lowest_highest(t[first:last], y[first:last], (end - start) / columns)

    def gaps(self, start: float, end: float, pause: float) -> list[tuple[float, float]]:
        """From when to when nothing was read between two times, longer than `pause`; the last one may still be open (until `end`)."""
        known = self.t[~np.isnan(self.y)]
        if not len(known):
            return []
        jumps = np.flatnonzero(np.diff(known) > pause)
        found = [(float(known[place]), float(known[place + 1])) for place in jumps]
        if end - known[-1] > pause:
            found.append((float(known[-1]), end))
        return [gap for gap in found if gap[1] > start and gap[0] < end]

    def extremes(self, start: float, end: float) -> tuple[float, float] | None:
        """The lowest and highest value between two times; None where there is none."""
        first, last = np.searchsorted(self.t, (start, end))
        part = self.y[first:last]
        part = part[~np.isnan(part)]
        return (float(part.min()), float(part.max())) if len(part) else None


def lowest_highest(t: Array, y: Array, width: float) -> tuple[Array, Array]:
    """For each column of `width` seconds that holds points: its lowest and highest value, in the order in which they came.

    Columns lie at multiples of `width`, so that they stay the same while the picture moves on.
    """
    column = np.floor(t / width)
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    low = np.fmin.reduceat(y, starts)
    high = np.fmax.reduceat(y, starts)
    middle = (column[starts] + 0.5) * width
    rising = y[starts] <= (low + high) / 2
    out_t = np.repeat(middle, 2)
    out_y = np.empty(2 * len(starts))
    out_y[0::2] = np.where(rising, low, high)
    out_y[1::2] = np.where(rising, high, low)
    return out_t, out_y


class RollingQuantiles:
    """The median and the 95th percentile of the last `window` values, as two series that follow the values."""

    def __init__(self, window: int = 50) -> None:
        self._window = window
        self._tail = np.empty(0)
        self.p50, self.p95 = Series(), Series()

    def extend(self, t: Array, y: Array) -> None:
        """Takes new values. The first ones are judged on what there is."""
        whole = np.concatenate((self._tail, y))
        known = len(self._tail)
        full = [index for index in range(known, len(whole)) if index + 1 >= self._window]
        values = np.empty((2, len(y)))
        for index in range(known, len(whole) - len(full)):
            values[:, index - known] = np.percentile(whole[: index + 1], (50, 95))
        if full:
            views = np.lib.stride_tricks.sliding_window_view(whole, self._window)
            values[:, full[0] - known :] = np.percentile(views[full[0] - self._window + 1 :], (50, 95), axis=1)
        self.p50.extend(t, values[0])
        self.p95.extend(t, values[1])
        self._tail = whole[-(self._window - 1) :] if self._window > 1 else np.empty(0)
