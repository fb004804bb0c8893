"""The Pareto front: the variants that no other variant beats in everything."""

from collections.abc import Sequence

import numpy as np


def front(points: Sequence[Sequence[float | None]]) -> tuple[int, ...]:
    """The indices of the points that no other point dominates, in order of their first coordinate.

    Each point has the same coordinates, all of which are better when lower: negate accuracy. A point dominates another
    if it is nowhere higher and somewhere lower, so equal points are on the front together. A point with an unknown
    coordinate (None, NaN) can neither be on the front nor dominate.
    """
    table = np.array([[np.nan if x is None else float(x) for x in point] for point in points], dtype=np.float64)
    if table.size == 0:
        return ()
    known = np.flatnonzero(~np.isnan(table).any(axis=1))
    found = []
    for index in known:
        others = table[known]
        dominated = np.all(others <= table[index], axis=1) & np.any(others < table[index], axis=1)
        if not dominated.any():
            found.append(int(index))
    return tuple(sorted(found, key=lambda i: (table[i, 0], i)))
