"""How far joules may be off because a source is only read now and then: the part of an interval that better sampling would shrink.

A counter loses nothing between two readings; only the two ends of a window lie between readings, where a straight line stands in for
what was drawn:

    E │        ╭─●      what the line is wrong by, there: as much as the readings themselves lie off a smooth course, if the load
      │   ●─╮╭─╯ ┊      swings faster than they come (their phase in it is then chance). That can be seen: neighbours differ.
      │   ┊ ╰╯   ┊
      └───┴──a───┴──▶

A power sensor knows nothing between two readings. If the load swings faster than they come, each is a draw by chance, and the energy of
n of them has the relative error of a mean of n. What neighbours differ by tells the two cases apart: little beside the whole spread if the
swing is resolved, all of it if it is not (von Neumann et al., "The mean square successive difference", Ann. Math. Stat. 12, 1941).

Both rest on readings that do not keep step with the load, and the meter process sees to that (`sampler.Beat.dither`). A sensor that itself
refreshes in step with the load (every 100 ms, the load at 10.0 Hz) shows the same moment of it again and again: no arithmetic can tell
that from a steady load. Several windows at other phases can, which is why a run measures in repeated blocks.
"""

import numpy as np
from numpy.typing import NDArray

from greenbench.meters.meter import NS

NEIGHBOURS = 8
"""So many readings on either side of a window's end tell how much the load swings there."""

_TWO_SIGMA = 2.0
# 95 % of a mean of n draws would be two sigma. It is more because the readings' distances vary with their times, and because the spread
# is seen in the same draws: of a load that bursts seldom they miss some bursts, and with them some spread. Found by trial
# (tests/speed/metrology_energy.py).
_MEAN_SIGMA = 2.8
# Readings off a smooth course by independent amounts of variance v: the line between two of them, at a random place, is off by
# (1 + 2/3) v, and the steps between neighbouring mean powers over spans s vary by 6 v / s². √(5/3 / 6) = 0.53.
_LINE = 0.53

End = tuple[NDArray[np.int64], NDArray[np.float64], int]
"""Times in ns and joules of the readings around a window's end, and which of them is the last before it."""


def counter_error_j(start: End, end: End, refresh_s: float) -> float:
    """Half the 95 % interval, in J, of a window over a counter that refreshes every `refresh_s`.

    At each end: half a refresh interval at the power there, because the reading may be that old; and the larger of what the line may be
    wrong by if the power steps once in it, s/4 · |ΔP|, and of what it is wrong by if the load swings unseen.
    """
    return _end_error_j(start, refresh_s) + _end_error_j(end, refresh_s)


def sensor_error_j(t_ns: NDArray[np.int64], power_w: NDArray[np.float64], refresh_s: float) -> float:
    """Half the 95 % interval, in J, of a window over readings of power: their age at both ends, and that they are draws from a load that
    swings by what neighbours differ (a steady rise is no swing)."""
    if not len(t_ns):
        return 0.0
    ends_j = refresh_s / 2 * float(abs(power_w[0]) + abs(power_w[-1]))
    if len(t_ns) < 3:
        return ends_j
    steps_w = np.diff(power_w)
    swing_w = float(np.std(steps_w)) / np.sqrt(2)
    return float(ends_j + _MEAN_SIGMA * swing_w / np.sqrt(len(steps_w)) * (t_ns[-1] - t_ns[0]) / NS)


def _end_error_j(end: End, refresh_s: float) -> float:
    t_ns, energy_j, row = end
    if len(t_ns) < 2:
        return 0.0
    spans_s = np.diff(t_ns) / NS
    means_w = np.diff(energy_j) / spans_s
    here = min(row, len(means_w) - 1)
    age_j = refresh_s / 2 * float(abs(means_w[here]))
    if len(means_w) < 3:
        return age_j
    step_w = float(abs(means_w[min(here + 1, len(means_w) - 1)] - means_w[max(here - 1, 0)]))
    swing_w = float(np.std(np.diff(means_w)))
    return age_j + max(float(spans_s[here]) / 4 * step_w, _TWO_SIGMA * _LINE * float(np.mean(spans_s)) * swing_w)
