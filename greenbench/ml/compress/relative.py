"""Where the weights of a sparse tensor stand, told as steps from one to the next (Han 2016, section 2).

A step of up to 2^bits places takes `bits` bits. Where the next weight is farther away, a zero is kept on the way as if it were
a weight: a filler.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from greenbench.ml.compress import huffman

Array = npt.NDArray[Any]

WIDTHS = range(2, 11)


@dataclass(frozen=True)
class Steps:
    """The places of all that is kept, fillers included (ascending), and the step to each, less one (below 2^bits)."""

    places: Array
    gaps: Array
    bits: int
    fillers: int


def steps(places: Array, bits: int) -> Steps:
    """The steps to these ascending places, with fillers where they are longer than 2^bits."""
    reach = 1 << bits
    distance = np.diff(places, prepend=-1) - 1
    fillers = distance >> bits
    total = int(fillers.sum())
    if not total:
        return Steps(places, distance, bits, 0)
    entries = fillers + 1
    last = np.cumsum(entries) - 1
    gaps = np.full(int(entries.sum()), reach - 1, np.int64)
    gaps[last] = distance & (reach - 1)
    return Steps(np.cumsum(gaps + 1) - 1, gaps, bits, total)


def places(gaps: Array, count: int) -> Array:
    """The inverse: the places below `count` to which these steps lead.

    Raises:
        ValueError: they lead beyond the tensor.
    """
    found = np.cumsum(gaps.astype(np.int64) + 1) - 1
    if len(found) and found[-1] >= count:
        raise ValueError("the steps lead beyond the tensor")
    return found


def best_width(places: Array, frequencies: Array | None, value_bits: float) -> tuple[int, float]:
    """The width of a step at which steps and fillers take the fewest bytes in Huffman's code, and these bytes.

    `frequencies` are those of the kept weights' codebook indices, whose code a filler's zero makes longer; without a codebook a
    filler costs `value_bits`.
    """
    distance = np.diff(places, prepend=-1) - 1
    alone = huffman.payload_bits(frequencies) if frequencies is not None else 0
    best = (WIDTHS[0], np.inf)
    for bits in WIDTHS:
        fillers = int((distance >> bits).sum())
        if fillers > len(places):
            continue
        counts = np.bincount(distance & ((1 << bits) - 1), minlength=1 << bits)
        counts[-1] += fillers
        zeros = 0 if frequencies is None else huffman.payload_bits(np.append(frequencies, fillers)) - alone
        extra = fillers * value_bits if frequencies is None else zeros
        found = (huffman.payload_bits(counts) + extra + 4 * (1 << bits)) / 8
        if found < best[1]:
            best = (bits, found)
    return best
