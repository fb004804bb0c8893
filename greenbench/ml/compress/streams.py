"""Rows of bytes and small whole numbers as the streams of a packed file: each is stored as it is or deflated, whichever is smaller."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from greenbench.ml.compress import huffman

Array = npt.NDArray[Any]

_SAMPLE_BYTES = 1 << 14
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Stream:
    """Some bytes as they stand in the file; `raw` is how many they become, `part` the line of the ledger."""

    part: str
    raw: int
    data: bytes
    deflated: bool = False


def size(streams: Sequence[Stream]) -> int:
    """The bytes of all."""
    return sum(len(stream.data) for stream in streams)


def stream(part: str, raw: bytes) -> Stream:
    """Bytes as a stream, deflated where that is smaller."""
    deflated = _deflate(raw)
    return Stream(part, len(raw), raw) if deflated is None else Stream(part, len(raw), deflated, True)


def planes(part: str, rows: Array) -> Iterator[Stream]:
    """The first bytes of all values, then the second …: signs and exponents repeat, the end of a mantissa does not."""
    for plane in range(rows.shape[1]):
        yield stream(part, np.ascontiguousarray(rows[:, plane]).tobytes())


def join(parts: Sequence[bytes], count: int, itemsize: int) -> Array:
    """The inverse of `planes`: rows of bytes (count, itemsize).

    Raises:
        ValueError: the parts are too few, too many or too short.
    """
    if len(parts) != itemsize or any(len(raw) != count for raw in parts):
        raise ValueError("a part has the wrong length")
    rows = np.empty((count, itemsize), np.uint8)
    for column, raw in enumerate(parts):
        rows[:, column] = np.frombuffer(raw, np.uint8)
    return rows


def by_huffman(part: str, symbols: Array, alphabet: int) -> tuple[Stream, ...]:
    """Symbols below `alphabet` in Huffman's code: its table, then the words."""
    coded = huffman.encode(symbols, alphabet)
    return stream("tables", coded.table), Stream(part, len(coded.payload), coded.payload)


def by_width(part: str, symbols: Array, bits: int) -> tuple[tuple[Stream, ...], int]:
    """Symbols below 2^bits, each in as many bits, or in whole bytes where that deflates better; and the width that was taken."""
    # Whole bytes deflate better than bits that straddle them where a symbol is not 1, 2, 4 or 8 bits wide.
    widths = {bits, 8 if bits <= 8 else 16}
    packed = {width: stream(part, pack_indices(symbols, width)) for width in widths}
    width = min(widths, key=lambda width: (len(packed[width].data), width))
    return (packed[width],), width


def _deflate(raw: bytes) -> bytes | None:
    """The deflated bytes, or None where that saves nothing; a sample decides for long ones, also whether repetitions are worth the search:
    in the exponents of dense weights they are not, and bytes coded by their frequency alone take a tenth of the time."""
    search = True
    if len(raw) > 4 * _SAMPLE_BYTES:
        middle = len(raw) // 2
        probe = raw[:_SAMPLE_BYTES] + raw[middle : middle + _SAMPLE_BYTES]
        by_frequency = len(_by_frequency(probe))
        searched = len(zlib.compress(probe, 6))
        if min(by_frequency, searched) > 0.995 * len(probe):
            return None
        search = searched < 0.995 * by_frequency
    deflated = zlib.compress(raw, 6) if search else _by_frequency(raw)
    return deflated if len(deflated) < len(raw) else None


def _by_frequency(raw: bytes) -> bytes:
    """Deflated with Huffman's code alone."""
    coder = zlib.compressobj(6, strategy=zlib.Z_HUFFMAN_ONLY)
    return coder.compress(raw) + coder.flush()


def inflate(data: bytes, length: int) -> bytes:
    """The `length` bytes that were deflated.

    Raises:
        ValueError: they are more or fewer.
        zlib.error: they were not deflated.
    """
    coder = zlib.decompressobj()
    raw = coder.decompress(data, length + 1)
    if len(raw) != length or not coder.eof:
        raise ValueError("a part has the wrong length")
    return raw


def pack_indices(indices: Array, width: int) -> bytes:
    """Unsigned integers below 2^width, `width` (1 to 16) bits each, the lowest bit first."""
    if width in (8, 16):
        return indices.astype(f"<u{width // 8}").tobytes()
    places = np.arange(width, dtype=np.uint32)
    chunks: list[bytes] = []
    for start in range(0, len(indices), _CHUNK):
        bits = (indices[start : start + _CHUNK].astype(np.uint32)[:, None] >> places) & 1
        chunks.append(np.packbits(bits.astype(np.uint8), bitorder="little").tobytes())
    return b"".join(chunks)


def unpack_indices(data: bytes, width: int, count: int) -> Array:
    """The inverse of `pack_indices`: `count` integers.

    Raises:
        ValueError: the bytes are too few or too many.
    """
    if width in (8, 16):
        indices: Array = np.frombuffer(data, f"<u{width // 8}")
        if len(indices) != count:
            raise ValueError("a part has the wrong length")
        return indices
    if not 0 < width < 16 or len(data) != (count * width + 7) // 8:
        raise ValueError("a part has the wrong length")
    raw = np.frombuffer(data, np.uint8)
    weights = (1 << np.arange(width)).astype(np.uint16)
    step = _CHUNK * width // 8
    chunks = [np.zeros(0, np.uint16)]
    for start in range(0, len(raw), step):
        inside = min(_CHUNK, count - start * 8 // width)
        bits = np.unpackbits(raw[start : start + step], count=inside * width, bitorder="little")
        chunks.append(bits.reshape(inside, width) @ weights)
    return np.concatenate(chunks)
