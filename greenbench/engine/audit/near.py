"""The raw samples near a block as watts over time, for a picture of what its joules are made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenbench.core.audit import AuditedBlock
from greenbench.core.measurement import Provenance
from greenbench.core.run import RunResult
from greenbench.store.store import Store

_MARGIN = 0.12  # of the block's length, before and after it


@dataclass(frozen=True)
class Near:
    """The readings of one channel: seconds since the start of the run, and watts; NaN where there was none. `counter`: the watts are
    the mean since the reading before."""

    title: str
    provenance: Provenance
    t_s: NDArray[np.float64]
    power_w: NDArray[np.float64]
    counter: bool


def near(store: Store, result: RunResult, block: AuditedBlock) -> tuple[Near, ...]:
    """The samples of each channel that gives the energy of a block, from shortly before it until shortly after.

    Raises:
        StoreError: the store cannot be read.
    """
    margin = block.seconds * _MARGIN
    found = []
    for each in block.samples:
        series = store.samples(result.run_id, each.channel)
        t_s = (series.t_ns - result.started_ns) / 1e9
        first = max(int(np.searchsorted(t_s, block.t0_s - margin, "right")) - 1, 0)
        last = min(int(np.searchsorted(t_s, block.t1_s + margin, "left")) + 1, t_s.size)
        rows = slice(first, last)
        counter = bool(np.any(~np.isnan(series.energy_j[rows])))
        found.append(Near(each.title, each.provenance, t_s[rows], _watts(t_s[rows], series.power_w[rows], series.energy_j[rows]), counter))
    return tuple(found)


def _watts(t_s: NDArray[np.float64], power_w: NDArray[np.float64], energy_j: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a counter the joules since the reading before, over the time since."""
    if not np.any(~np.isnan(energy_j)):
        return power_w
    watts = np.full(t_s.size, np.nan)
    watts[1:] = np.diff(energy_j) / np.diff(t_s)
    return watts
