"""Loads whose joules are known in closed form, and the sensors that show them as real ones do: now and then, in steps, with wraps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Signal:
    """Watts over seconds, straight between knots; two knots at one time are a step. Its energy is the area, in closed form."""

    def __init__(self, t_s: Array, power_w: Array) -> None:
        self._t_s, self._power_w = t_s, power_w
        areas = np.diff(t_s) * (power_w[1:] + power_w[:-1]) / 2
        self._energy_j = np.concatenate(([0.0], np.cumsum(areas)))

    def power_w(self, t_s: Array) -> Array:
        """Watts at a time; at a step those after it."""
        row, since_s, slope = self._at(t_s)
        return self._power_w[row] + slope * since_s

    def energy_j(self, t_s: Array) -> Array:
        """Joules from the first knot on."""
        row, since_s, slope = self._at(t_s)
        return self._energy_j[row] + (self._power_w[row] + slope * since_s / 2) * since_s

    def _at(self, t_s: Array) -> tuple[NDArray[np.int64], Array, Array]:
        row = np.clip(np.searchsorted(self._t_s, t_s, "right") - 1, 0, len(self._t_s) - 2)
        span_s = self._t_s[row + 1] - self._t_s[row]
        slope = np.divide(self._power_w[row + 1] - self._power_w[row], span_s, out=np.zeros_like(span_s), where=span_s > 0)
        return row, t_s - self._t_s[row], slope


def steps(t_s: Array, power_w: Array) -> Signal:
    """`power_w[i]` from `t_s[i]` to `t_s[i + 1]`."""
    return Signal(np.repeat(t_s, 2)[1:-1], np.repeat(power_w, 2))


def constant(power_w: float, until_s: float) -> Signal:
    return Signal(np.array([0.0, until_s]), np.array([power_w, power_w]))


def square(frequency_hz: float, until_s: float, rng: np.random.Generator, low_w: float = 10.0, high_w: float = 30.0) -> Signal:
    """A square wave of random phase, half its time at each level."""
    halves = int(until_s * frequency_hz * 2) + 3
    t_s = (np.arange(halves + 1) - rng.uniform(0, 2)) / (2 * frequency_hz)
    return steps(t_s, np.where(np.arange(halves) % 2, high_w, low_w))


def ramps(until_s: float, rng: np.random.Generator) -> Signal:
    """From 5 to 45 W and back, each way in one to four seconds."""
    t_s = np.concatenate(([-4.0], -4.0 + np.cumsum(rng.uniform(1, 4, int(until_s) + 8))))
    return Signal(t_s, np.where(np.arange(len(t_s)) % 2, 45.0, 5.0))


def bursts(until_s: float, rng: np.random.Generator) -> Signal:
    """8 W, and 60 W for 5 to 60 ms about four times a second: inferences that arrive by chance."""
    count = int(until_s * 6) + 10
    quiet_s, busy_s = rng.exponential(0.22, count), rng.uniform(0.005, 0.06, count)
    t_s = np.concatenate(([0.0], np.cumsum(np.column_stack((quiet_s, busy_s)).ravel())))
    return steps(t_s, np.tile([8.0, 60.0], count))


@dataclass(frozen=True)
class Sensor:
    """A register that is refreshed every `refresh_s` and stands between. It `counts` joules in steps of `unit`, and wraps at `range_j`, or
    shows the watts of the moment. Its clock is its own: up to 3 % off, and each refresh up to 1 % early or late."""

    counts: bool
    refresh_s: float
    unit: float = 1e-6
    range_j: float | None = None
    own_clock: float = 0.03
    jitter: float = 0.01

    def read(self, signal: Signal, t_s: Array, rng: np.random.Generator) -> Array:
        """What it shows at these times."""
        real_s = self.refresh_s * (1 + rng.uniform(-self.own_clock, self.own_clock))
        refreshes = int(t_s[-1] / real_s) + 3
        at_s = (np.arange(refreshes) - rng.uniform(1, 2) + rng.uniform(-self.jitter, self.jitter, refreshes)) * real_s
        last_s = at_s[np.searchsorted(at_s, t_s, "right") - 1]
        shown = np.floor((signal.energy_j(last_s) + 1000) / self.unit) if self.counts else np.round(signal.power_w(last_s) / 1e-3)
        value = shown * (self.unit if self.counts else 1e-3)
        return np.mod(value, self.range_j) if self.range_j else value
