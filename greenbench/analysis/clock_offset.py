"""By how much the clock of a log is off, found by laying its power over a curve of the machine's own; refused where that cannot tell.

    log      ____▁▁███▁▁██▁▁▁        for each shift τ the correlation r(τ) of both over their overlap; the best fit of the line
    machine      ____▁▁███▁▁██▁▁▁    log = a + b · machine(t + τ), b > 0, is at the largest r

With Gaussian residuals −2 ln L(τ) = n ln(1 − r²) + constant, so the shifts within 3.84 of the least make the 95 % interval (likelihood
ratio, Wilks 1938). n counts independent log readings: their number × (1 − ρ)/(1 + ρ), ρ the residuals' correlation from one reading to
the next. A shift elsewhere that is nearly as good (within 10, odds of 1 to 150) means that nobody can tell which is right.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Floats = NDArray[np.float64]

_INTERVAL, _RIVAL = 3.84, 10.0
_LEAST_CORRELATION = 0.5
_LEAST_READINGS = 20
_LEAST_OVERLAP = 0.9  # of the shorter of the two: pieces that happen to be alike are not enough
_MOST_STEPS = 1 << 17
_FINE = 10


@dataclass(frozen=True)
class Offset:
    """Seconds to add to the log's times, with the half width of the 95 % interval; None for `reason`."""

    seconds: float | None
    half_width_s: float = 0.0
    correlation: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Readings:
    """Watts at increasing seconds, each taken as the mean over the meter's refresh interval around its time."""

    t_s: Floats
    watts: Floats


@dataclass(frozen=True)
class Cumulative:
    """A curve of joules (or of any load × seconds) over increasing seconds."""

    t_s: Floats
    energy: Floats

    def mean(self, middle_s: Floats, width_s: float) -> Floats:
        """The mean over a span around each time; NaN where the curve does not reach."""
        low, high = middle_s - width_s / 2, middle_s + width_s / 2
        inside = (low >= self.t_s[0]) & (high <= self.t_s[-1])
        mean: Floats = (np.interp(high, self.t_s, self.energy) - np.interp(low, self.t_s, self.energy)) / width_s
        return np.where(inside, mean, np.nan)


def clock_offset(log: Readings, machine: Cumulative, refresh_s: float, search_s: tuple[float, float] | None = None) -> Offset:
    """The shift that brings the log onto the machine's clock, within `search_s` (None: any at which nearly all of the shorter overlaps).

    `refresh_s` is how often the log has a new value.
    """
    if np.ptp(log.watts) == 0 or np.unique(np.round(machine.energy, 9)).size < 3:
        return Offset(None, reason="One of the two curves does not change, so nothing shows how they lie to each other.")
    step_s = max(refresh_s / 4, _span(log) / _MOST_STEPS, _span(machine) / _MOST_STEPS)
    shifts, r, readings = _coarse(log, machine, step_s, refresh_s)
    allowed = readings >= _LEAST_READINGS
    if search_s is not None:
        allowed &= (shifts >= search_s[0]) & (shifts <= search_s[1])
    if not allowed.any():
        return Offset(None, reason=_no_overlap(log, machine, refresh_s, search_s))
    r = np.where(allowed, np.clip(r, 0.0, 1 - 1e-12), 0.0)
    best = int(np.argmax(r))
    if r[best] < _LEAST_CORRELATION:
        return Offset(None, correlation=float(r[best]), reason=f"The two curves are not alike: the best correlation is {r[best]:.2f}.")
    fine, fine_r, independent = _refined(log, machine, float(shifts[best]), step_s, refresh_s)
    rival = _rival(shifts, np.where(allowed, r, -1.0), best, independent)
    if rival is not None:
        return Offset(
            None,
            correlation=float(r[best]),
            reason=f"They lie on each other nearly as well with the log's clock moved by {rival:+.1f} s as by {shifts[best]:+.1f} s.",
        )
    top = int(np.argmax(fine_r))
    inside = np.flatnonzero(independent * np.log((1 - fine_r**2) / (1 - fine_r[top] ** 2)) <= _INTERVAL)
    # The interval ends somewhere within the next step.
    half_s = max(float(fine[top] - fine[inside[0]]), float(fine[inside[-1]] - fine[top])) + step_s / _FINE
    # Nobody knows whether a reading is the mean of its interval, or of its beginning or end; over several steps of the load that evens out.
    half_s = float(np.hypot(half_s, refresh_s / 4))
    at_end = inside[0] == 0 or inside[-1] == len(fine) - 1
    if at_end:
        return Offset(None, correlation=float(fine_r[top]), reason="The curves change too slowly to tell how they lie to each other.")
    return Offset(float(fine[top]), half_s, float(fine_r[top]))


def _span(curve: Readings | Cumulative) -> float:
    return float(curve.t_s[-1] - curve.t_s[0])


def _coarse(log: Readings, machine: Cumulative, step_s: float, refresh_s: float) -> tuple[Floats, Floats, Floats]:
    """Shifts in steps of the grid, the correlation at each, and how many readings of the log overlap there.

    Correlation over the overlap alone: Padfield 2012, "Masked object registration in the Fourier domain", in one dimension.
    """
    a_s, b_s = (np.arange(curve.t_s[0], curve.t_s[-1], step_s) for curve in (log, machine))
    a = np.interp(a_s, log.t_s, log.watts)
    # A mean over the refresh interval, as the meter shows it; at the ends over what there is of it.
    low, high = np.maximum(b_s - refresh_s / 2, machine.t_s[0]), np.minimum(b_s + refresh_s / 2, machine.t_s[-1])
    b = (np.interp(high, machine.t_s, machine.energy) - np.interp(low, machine.t_s, machine.energy)) / (high - low)
    a, b = a - a.mean(), b - b.mean()
    size = fft.next_fast_len(len(a) + len(b))

    def across(x: Floats, y: Floats) -> Floats:
        return np.asarray(fft.irfft(np.conj(fft.rfft(x, size)) * fft.rfft(y, size), size))

    ones_a, ones_b = np.ones(len(a)), np.ones(len(b))
    n = np.maximum(np.round(across(ones_a, ones_b)), 0.0)
    sum_a, sum_b = across(a, ones_b), across(ones_a, b)
    with np.errstate(invalid="ignore", divide="ignore"):
        var_a = across(a**2, ones_b) - sum_a**2 / n
        var_b = across(ones_a, b**2) - sum_b**2 / n
        r = (across(a, b) - sum_a * sum_b / n) / np.sqrt(var_a * var_b)
    floor = 1e-9 * float(np.var(a)) * len(a), 1e-9 * float(np.var(b)) * len(b)
    r = np.where((var_a > floor[0]) & (var_b > floor[1]) & (n >= _LEAST_OVERLAP * min(len(a), len(b))), r, 0.0)
    # Index k: b leads a by k steps; the upper end of the circle stands for negative ones.
    steps = np.arange(size)
    steps = np.where(steps > size - len(a), steps - size, steps)
    order = np.argsort(steps)
    shifts = steps * step_s + (machine.t_s[0] - log.t_s[0])
    kept = n >= _LEAST_OVERLAP * min(len(a), len(b))
    return shifts[order], np.nan_to_num(r)[order], np.where(kept, n * step_s / refresh_s, 0.0)[order]


def _refined(log: Readings, machine: Cumulative, shift_s: float, step_s: float, refresh_s: float) -> tuple[Floats, Floats, float]:
    """Fine shifts around one, the correlation of the log's readings at each, and how many of those are independent at the best."""
    middles, readings = log.t_s, log.watts
    reach_s = max(2.5 * refresh_s, 10 * step_s)
    fine = shift_s + np.arange(-reach_s, reach_s + step_s / _FINE, step_s / _FINE)
    common = np.isfinite(machine.mean(middles + shift_s - reach_s, refresh_s)) & np.isfinite(
        machine.mean(middles + shift_s + reach_s, refresh_s)
    )
    if common.sum() < _LEAST_READINGS:
        common = np.isfinite(machine.mean(middles + shift_s, refresh_s))
    x = readings[common]
    r = np.array([_correlation(x, machine.mean(middles[common] + each, refresh_s)) for each in fine])
    y = machine.mean(middles[common] + fine[int(np.argmax(r))], refresh_s)
    known = np.isfinite(y)
    slope, level = np.polyfit(y[known], x[known], 1)
    left = x[known] - level - slope * y[known]
    rho = min(max(_correlation(left[:-1], left[1:]), 0.0), 0.99)
    return fine, np.clip(r, 0.0, 1 - 1e-12), known.sum() * (1 - rho) / (1 + rho)


def _correlation(x: Floats, y: Floats) -> float:
    known = np.isfinite(x) & np.isfinite(y)
    if known.sum() < 3:
        return 0.0
    dx, dy = x[known] - x[known].mean(), y[known] - y[known].mean()
    size = float(np.sqrt((dx**2).sum() * (dy**2).sum()))
    return float((dx * dy).sum() / size) if size > 0 else 0.0


def _rival(shifts: Floats, r: Floats, best: int, independent: float) -> float | None:
    """Another shift, not on the slope of the best, that is nearly as good. Where `r` is negative there is none to be had."""
    near = independent * np.log((1 - np.maximum(r, 0.0) ** 2) / (1 - r[best] ** 2)) <= _RIVAL
    low = high = best
    while low > 0 and (near[low - 1] or r[low - 1] < r[low]) and r[low - 1] > 0:
        low -= 1
    while high + 1 < len(r) and (near[high + 1] or r[high + 1] < r[high]) and r[high + 1] > 0:
        high += 1
    others = near & (r >= 0)
    others[low : high + 1] = False
    if not others.any():
        return None
    return float(shifts[int(np.argmax(np.where(others, r, -1.0)))])


def _no_overlap(log: Readings, machine: Cumulative, refresh_s: float, search_s: tuple[float, float] | None) -> str:
    if _span(log) < _LEAST_READINGS * refresh_s:
        return f"The log has too few readings: at least {_LEAST_READINGS} are needed."
    if search_s is not None:
        return f"By its time stamps the log does not lie within {max(map(abs, search_s)):g} s of the run, or covers too little of it."
    return "The log covers too little of the run."
