"""The line between a wall meter and the counters: fitted with the errors of both, refused where it would mean little, and applied.

The unit is the load level, not the window: windows of one level share its temperature and its fan. Each level's point is the mean of
its windows; how much windows scatter around their level, pooled over all levels, is the error of the points in both directions and
their correlation (a load that wavers moves both meters together, along the line). The line is that of York, Evensen, López Martínez and
De Basabe Delgado, "Unified equations for the slope, intercept, and standard errors of the best straight line", Am. J. Phys. 72 (2004)
367. Where the levels miss it by more than their own scatter explains, the errors grow by Birge's ratio; intervals are Student's t with
levels − 2 degrees of freedom.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from greenbench.analysis.intervals import CONFIDENCE
from greenbench.core.calibration import Calibration, LoadWindow
from greenbench.core.errors import CalibrationError
from greenbench.core.measurement import Measurement, Provenance

LEAST_LEVELS, LEAST_WINDOWS = 3, 2
LEAST_SPREAD_W, LEAST_SPREAD = 1.0, 0.1
LEAST_CORRELATION = 0.9
_MARGIN = 0.1  # of the calibrated range: so far beyond its ends the line is still used without a word
_ROUNDS, _STILL = 200, 1e-13


@dataclass(frozen=True)
class Line:
    """y = offset + gain · x, with standard errors from the points' own errors, their covariance, and χ² of the points."""

    offset: float
    gain: float
    offset_error: float
    gain_error: float
    covariance: float
    chi2: float
    n: int


def york(x: ArrayLike, y: ArrayLike, x_error: ArrayLike, y_error: ArrayLike, correlation: ArrayLike = 0.0) -> Line:
    """The best straight line through points with errors in both directions (York 2004, equations 10 to 13).

    `x_error` and `y_error` are standard errors, `correlation` that of the two errors of one point. Errors of x may be zero: then this is
    weighted least squares.

    Raises:
        ValueError: fewer than two points, all x equal, or a point without any error in y.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    sx, sy, r = (np.broadcast_to(np.asarray(v, dtype=np.float64), xs.shape) for v in (x_error, y_error, correlation))
    if xs.size < 2 or np.ptp(xs) == 0 or np.any(sy <= 0):
        raise ValueError("a line needs two points at different x, and errors in y")
    gain = float(np.polyfit(xs, ys, 1)[0])
    for _ in range(_ROUNDS):
        weight, x_bar, y_bar, beta = _york_step(xs, ys, sx, sy, r, gain)
        before, gain = gain, float(np.sum(weight * beta * (ys - y_bar)) / np.sum(weight * beta * (xs - x_bar)))
        if abs(gain - before) <= _STILL * max(abs(gain), 1e-300):
            break
    weight, x_bar, y_bar, beta = _york_step(xs, ys, sx, sy, r, gain)
    offset = y_bar - gain * x_bar
    adjusted = x_bar + beta
    centre = float(np.sum(weight * adjusted) / np.sum(weight))
    gain_variance = 1 / float(np.sum(weight * (adjusted - centre) ** 2))
    offset_variance = 1 / float(np.sum(weight)) + centre**2 * gain_variance
    chi2 = float(np.sum(weight * (ys - gain * xs - offset) ** 2))
    return Line(offset, gain, math.sqrt(offset_variance), math.sqrt(gain_variance), -centre * gain_variance, chi2, xs.size)


def _york_step(
    x: NDArray[np.float64], y: NDArray[np.float64], sx: NDArray[np.float64], sy: NDArray[np.float64], r: NDArray[np.float64], gain: float
) -> tuple[NDArray[np.float64], float, float, NDArray[np.float64]]:
    """Weights, the weighted means of x and y, and β of York 2004 for one value of the gain."""
    weight = 1 / (sy**2 + gain**2 * sx**2 - 2 * gain * r * sx * sy)
    x_bar, y_bar = float(np.sum(weight * x) / np.sum(weight)), float(np.sum(weight * y) / np.sum(weight))
    u, v = x - x_bar, y - y_bar
    beta = weight * (u * sy**2 + gain * v * sx**2 - (gain * u + v) * r * sx * sy)
    return weight, x_bar, y_bar, beta


@dataclass(frozen=True)
class _Levels:
    """The levels' means, how many windows each has, and the pooled scatter of windows around their level."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    count: NDArray[np.int64]
    scatter_x: float
    scatter_y: float
    correlation: float


def fit(windows: Sequence[LoadWindow], about: Mapping[str, object]) -> Calibration:
    """The calibration that a sweep's windows give; `about` fills in its other fields (channels, date, machine).

    Raises:
        CalibrationError: too few levels, too little spread, a poor correlation, or a gain that cannot be; says what to do.
    """
    levels = _levels(windows)
    _check_spread(levels)
    floor = max(float(np.ptp(levels.y)), 1e-9) * 1e-6  # meters that do not scatter at all still have some error
    sx, sy = max(levels.scatter_x, 0.0), max(levels.scatter_y, floor)
    root = np.sqrt(levels.count)
    # A correlation of exactly 1 would give a point no error at all across the line.
    line = york(levels.x, levels.y, sx / root, sy / root, min(max(levels.correlation, -0.99), 0.99))
    degrees = line.n - 2
    birge = max(1.0, line.chi2 / degrees)
    residual = levels.y - line.offset - line.gain * levels.x
    correlation = float(np.corrcoef(levels.x, levels.y)[0, 1]) if np.ptp(levels.y) > 0 else 0.0
    if correlation < LEAST_CORRELATION:
        raise CalibrationError(
            f"The meter does not follow the counters: their correlation over {line.n} load levels is {correlation:.2f}.",
            "Check that this computer, and nothing else, hangs on the meter; close other programs; hold each load longer.",
        )
    found = {
        "offset_w": line.offset, "offset_error_w": line.offset_error * math.sqrt(birge),
        "gain": line.gain, "gain_error": line.gain_error * math.sqrt(birge), "covariance": line.covariance * birge,
        "degrees": degrees, "n": line.n, "windows": int(levels.count.sum()),
        "residual_w": float(np.sqrt(np.sum(residual**2) / degrees)), "correlation": correlation,
        "low_w": float(levels.x.min()), "high_w": float(levels.x.max()),
    }  # fmt: skip
    return Calibration.model_validate({**about, **found})


def _levels(windows: Sequence[LoadWindow]) -> _Levels:
    by_level: dict[int, list[tuple[float, float]]] = {}
    for window in windows:
        by_level.setdefault(window.level, []).append((window.counters_w, window.external_w))
    kept = [np.array(pairs) for pairs in by_level.values() if len(pairs) >= LEAST_WINDOWS]
    if len(kept) < LEAST_LEVELS:
        raise CalibrationError(
            f"Only {len(kept)} load levels have readings of both meters; a line with its errors needs {LEAST_LEVELS}.",
            "See whether the external meter answers (greenbench sensors), and hold each load longer.",
        )
    means = np.array([pairs.mean(axis=0) for pairs in kept])
    count = np.array([len(pairs) for pairs in kept])
    away = np.concatenate([pairs - pairs.mean(axis=0) for pairs in kept])
    pooled = away.T @ away / max(int(count.sum()) - len(kept), 1)
    sx, sy = math.sqrt(pooled[0, 0]), math.sqrt(pooled[1, 1])
    correlation = float(pooled[0, 1] / (sx * sy)) if sx > 0 and sy > 0 else 0.0
    return _Levels(means[:, 0], means[:, 1], count, sx, sy, correlation)


def _check_spread(levels: _Levels) -> None:
    spread = float(np.ptp(levels.x))
    needed = max(LEAST_SPREAD_W, LEAST_SPREAD * float(levels.x.mean()), 4 * levels.scatter_x)
    if spread < needed:
        raise CalibrationError(
            f"The counters moved by {spread:.2g} W only between the lightest and the heaviest load; a line needs {needed:.2g} W.",
            "Close what loads the machine all the time, see that all cores may be used, and hold each load longer.",
        )


def student(degrees: int) -> float:
    """The two-sided 95 % quantile of Student's t."""
    return float(stdtrit(degrees, (1 + CONFIDENCE) / 2))


def offset_half_w(calibration: Calibration) -> float:
    """Half of the 95 % interval of the offset, in W."""
    return student(calibration.degrees) * calibration.offset_error_w


def gain_half(calibration: Calibration) -> float:
    """Half of the 95 % interval of the gain."""
    return student(calibration.degrees) * calibration.gain_error


def system_estimate(energy: Measurement, seconds: float, calibration: Calibration) -> Measurement:
    """Joules at the wall from the counters' joules over a span: offset · t + gain · E, always marked as modelled.

    The interval joins, as squares, what the fit leaves open (its covariance), by how much a load may miss the line (the residual), and
    the counters' own error. Beyond the loads it was made with, `reason` says so: the number is then an extrapolation.
    """
    if energy.value is None:
        return Measurement.missing("J", energy.reason)
    if seconds <= 0:
        return Measurement.missing("J", "the span has no length")
    c, joules = calibration, energy.value
    value = c.offset_w * seconds + c.gain * joules
    variance = (seconds * c.offset_error_w) ** 2 + (joules * c.gain_error) ** 2 + 2 * seconds * joules * c.covariance
    line = student(c.degrees) * math.sqrt(max(variance, 0.0) + (c.residual_w * seconds) ** 2)
    low, high = (joules if end is None else end for end in (energy.low, energy.high))
    half = math.hypot(line, c.gain * (high - low) / 2)
    return Measurement(
        value=value, low=max(value - half, 0.0), high=value + half, n=energy.n, unit="J", provenance=Provenance.MODELLED,
        reason=beyond(c, joules / seconds),
    )  # fmt: skip


def beyond(calibration: Calibration, counters_w: float) -> str:
    """That a power lies outside the calibrated loads, in a sentence; "" if it does not."""
    margin = _MARGIN * (calibration.high_w - calibration.low_w)
    if calibration.low_w - margin <= counters_w <= calibration.high_w + margin:
        return ""
    return (
        f"extrapolated: the counters read {counters_w:.3g} W, the calibration was made from {calibration.low_w:.3g} to "
        f"{calibration.high_w:.3g} W"
    )


def why_not(calibration: Calibration, cpu: str, hostname: str, channels: Sequence[str], recorded: bool = False) -> str:
    """Why a calibration may not be applied to a machine with these counter channels; "" if it may."""
    if calibration.recorded != recorded:
        return "it was made from a recording" if calibration.recorded else "the power read here is a recording"
    if (calibration.cpu, calibration.hostname) != (cpu, hostname):
        return f"it was made on another machine ({', '.join(filter(None, (calibration.hostname, calibration.cpu))) or 'unnamed'})"
    missing = [key for key in calibration.counters if key not in channels]
    more = [key for key in channels if key not in calibration.counters]
    if missing or more:
        words = [f"without {', '.join(missing)}"] if missing else []
        words += [f"with {', '.join(more)} besides"] if more else []
        return f"power is now read {' and '.join(words)}"
    return ""
