"""How one tensor is coded: which of its values are written, and as what; the smallest way wins, or the paper's way is followed.

    dense               planes of bytes
    codebook            indices, planes of bytes of the distinct values
    sparse …            mask, then the non-zeros as one of the two above
    relative …          steps from one non-zero to the next, then these as one of the two above (Han 2016, section 2)

Steps and indices are written in Huffman's code behind its table (Han 2016, section 4), indices also by their width and deflated,
where that is smaller.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from greenbench.ml.compress import huffman, relative, streams
from greenbench.ml.compress.streams import Stream

Array = npt.NDArray[Any]
Part = tuple[str, bytes]

_CODEBOOK_LIMIT = 1 << 16
_PROBE_BYTES = 1 << 16


@dataclass(frozen=True)
class Coding:
    """How to code: None in both, in whatever way is smallest; else as Han 2016 does, with steps of so many bits in tensors of two
    dimensions and in those of more."""

    dense_bits: int | None = None
    conv_bits: int | None = None

    def step_bits(self, dimensions: int) -> int | None:
        """The bits of a step that are asked for in a tensor of weights; None: whatever is smallest."""
        return None if dimensions < 2 else self.dense_bits if dimensions == 2 else self.conv_bits


SMALLEST = Coding()
DEEP_COMPRESSION = Coding(5, 8)


@dataclass(frozen=True)
class Coded:
    """One tensor as it stands in the file. `width` is the bits of an index, `distinct` the entries of the codebook,
    `kept` how many values are written, `step` the bits of a step (0: none)."""

    coding: str
    streams: tuple[Stream, ...]
    width: int = 0
    distinct: int = 0
    kept: int = 0
    step: int = 0
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", streams.size(self.streams))


def code(rows: Array, step: int | None = None) -> Coded:
    """Rows of bytes, one a value. With `step`, zeros are left out by steps of that many bits and everything is in Huffman's code."""
    used = np.asarray(_keys(rows) != 0 if rows.shape[1] <= 8 else rows.any(axis=1))
    kept = int(np.count_nonzero(used))
    if kept == len(rows):
        return _smaller(_plain(rows), _by_codebook(rows, step is None))
    if kept == 0:
        return Coded("sparse", (streams.stream("masks", np.packbits(used).tobytes()), *_plain(rows[:0]).streams))
    if step is not None:
        return _by_steps(rows, used, step, widths=False)
    return _smallest(rows, used, kept)


def restore(coding: str, parts: Sequence[Part], shape: tuple[int, int], counts: tuple[int, int, int, int]) -> Array:
    """The rows of bytes of one tensor. `shape`: values, bytes of each; `counts`: index width, distinct, kept, bits of a step.

    Raises:
        ValueError, IndexError: the parts do not fit together.
    """
    count, itemsize = shape
    width, distinct, kept, step = counts
    waiting = list(parts)
    chosen: Array | None = None
    if coding.startswith("sparse"):
        chosen = np.unpackbits(np.frombuffer(waiting.pop(0)[1], np.uint8), count=count, bitorder="little").astype(bool)
        if int(chosen.sum()) != kept:
            raise ValueError("a mask does not fit its values")
    elif coding.startswith("relative"):
        chosen = relative.places(_symbols(waiting, 1 << step, step, kept), count)
    inside = count if chosen is None else kept
    if coding.endswith("codebook"):
        indices = _symbols(waiting, distinct, width, inside) if width else np.zeros(inside, np.uint16)
        values = streams.join([raw for _, raw in waiting], distinct, itemsize)[indices]
    else:
        values = streams.join([raw for _, raw in waiting], inside, itemsize)
    if chosen is None:
        return np.ascontiguousarray(values)
    rows = np.zeros((count, itemsize), np.uint8)
    rows[chosen] = values
    return rows


def _symbols(waiting: list[Part], alphabet: int, width: int, count: int) -> Array:
    """The next symbols: in Huffman's code if its table stands before them."""
    part, data = waiting.pop(0)
    if part == "tables":
        return huffman.decode(data, waiting.pop(0)[1], alphabet, count)
    return streams.unpack_indices(data, width, count)


def _smallest(rows: Array, used: Array, kept: int) -> Coded:
    """The smallest coding of a tensor with zeros. What cannot win is not tried: deflating the zeros is what takes time."""
    inner = rows[used]
    found = _values(inner)
    frequencies = None if found is None else np.bincount(found[1], minlength=len(found[0]))
    if frequencies is not None and len(frequencies) >= huffman.MOST_SYMBOLS:
        frequencies = None
    mask = streams.stream("masks", np.packbits(used, bitorder="little").tobytes())
    width, estimate = relative.best_width(np.flatnonzero(used), frequencies, 8 * rows.shape[1])
    if estimate < len(mask.data):
        best = _by_steps(rows, used, width)
    else:
        inside = _smaller(_plain(inner), _by_codebook(inner, known=found) if found else None)
        coding = "sparse" if inside.coding == "dense" else "sparse codebook"
        best = Coded(coding, (mask, *inside.streams), inside.width, inside.distinct, kept)
    if found and (kept > 0.5 * len(rows) or len(rows) < _PROBE_BYTES):
        best = _smaller(best, _by_codebook(rows))
    return _smaller(best, _plain(rows)) if kept > 0.9 * len(rows) or len(rows) < _PROBE_BYTES else best


def _by_steps(rows: Array, used: Array, bits: int, widths: bool = True) -> Coded:
    steps = relative.steps(np.flatnonzero(used), bits)
    inner = rows[steps.places]
    inside = _smaller(_plain(inner), _by_codebook(inner, widths))
    coding = "relative" if inside.coding == "dense" else "relative codebook"
    gaps = streams.by_huffman("positions", steps.gaps, 1 << bits)
    return Coded(coding, (*gaps, *inside.streams), inside.width, inside.distinct, len(inner), bits)


def _smaller(first: Coded, second: Coded | None) -> Coded:
    return second if second and second.size < first.size else first


def _plain(rows: Array) -> Coded:
    return Coded("dense", tuple(streams.planes("weights", rows)))


def _values(rows: Array) -> tuple[Array, Array] | None:
    """The distinct values as keys and the index of each row's, or None where there are too many for a codebook to help."""
    if not len(rows) or rows.shape[1] > 8:
        return None
    keys = _keys(rows)
    if len(keys) > _PROBE_BYTES:
        # A sort of millions for nothing is what takes time: distinct values in a sample bound what a codebook can do.
        sample = keys[:: max(1, len(keys) // 8192)]
        if len(np.unique(sample)) > 0.99 * len(sample):
            return None
    values, indices = np.unique(keys, return_inverse=True)
    if len(values) > _CODEBOOK_LIMIT or len(values) * rows.shape[1] > rows.size:
        return None
    return values, indices.reshape(-1)


def _by_codebook(rows: Array, widths: bool = True, known: tuple[Array, Array] | None = None) -> Coded | None:
    """The rows as indices into their distinct values, or None where there are too many to help. Without `widths`, in Huffman's code
    wherever that takes so many symbols."""
    found = known or _values(rows)
    if found is None:
        return None
    values, indices = found
    bits = max(len(values) - 1, 0).bit_length()
    book = tuple(streams.planes("codebooks", _rows(values, rows.shape[1])))
    if bits == 0:
        return Coded("codebook", book, 0, len(values))
    ways: list[tuple[tuple[Stream, ...], int]] = []
    if len(values) <= huffman.MOST_SYMBOLS:
        ways.append((streams.by_huffman("indices", indices, len(values)), bits))
    if widths or not ways:
        ways.append(streams.by_width("indices", indices, bits))
    written, width = min(ways, key=lambda way: streams.size(way[0]))
    return Coded("codebook", (*written, *book), width, len(values))


def _keys(rows: Array) -> Array:
    """Each row as one unsigned integer."""
    width = next(size for size in (1, 2, 4, 8) if size >= rows.shape[1])
    padded = rows if width == rows.shape[1] else np.pad(rows, ((0, 0), (0, width - rows.shape[1])))
    keys: Array = np.ascontiguousarray(padded).view(f"<u{width}").reshape(-1)
    return keys


def _rows(keys: Array, itemsize: int) -> Array:
    rows: Array = np.ascontiguousarray(keys).view(np.uint8).reshape(len(keys), keys.dtype.itemsize)[:, :itemsize]
    return rows
