"""Whether the processor ran at two speeds while a model was timed, seen from its calls alone.

A neighbour on the other thread of the same core, of another virtual machine say, makes calls half as long again. Neither load, nor clock,
nor stolen time shows it; the calls do, because it lasts longer than they do:

    call, ms      .35 .35 .36 .35 .55 .56 .55 .35 .35 …      a slow spell of three calls, 1.6 times as long as else
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from greenbench.core.timed import TwoSpeeds

SPELL_S = 0.01
"""Several calls of a small model: a single long one (the collector, a page fault) is no spell. Neighbours come and go in 10 ms to 1 s."""
SLOWER = 1.25
LEAST_SHARE = 0.1
"""Less does not move a median by much."""


def two_speeds(blocks: Sequence[ArrayLike]) -> TwoSpeeds | None:
    """For which share of the time calls were slower than they can be by a quarter or more, and how much slower; None where that is less
    than a tenth of the time. `blocks` has each block's calls in seconds, in their order."""
    spells = [_spells(np.asarray(block, dtype=np.float64)) for block in blocks if np.size(block)]
    if not spells:
        return None
    medians, lengths = (np.concatenate(each) for each in zip(*spells, strict=True))
    level = float(np.quantile(medians, LEAST_SHARE))
    slow = medians > SLOWER * level
    if level <= 0 or not slow.any() or (share := float(lengths[slow].sum() / lengths.sum())) < LEAST_SHARE:
        return None
    return TwoSpeeds(share=share, factor=float(np.median(medians[slow])) / level)


def _spells(calls: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The medians and the lengths of runs of calls, of 10 ms together or a single longer one."""
    ends = np.cumsum(calls)
    places = np.searchsorted(ends, np.arange(SPELL_S, ends[-1] + SPELL_S, SPELL_S))
    starts = np.unique(np.concatenate([[0], np.minimum(places, calls.size - 1)]))
    return np.array([np.median(part) for part in np.split(calls, starts[1:])]), np.add.reduceat(calls, starts)
