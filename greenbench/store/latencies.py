"""A block's call durations as a blob: every bit kept, about a quarter of the size.

Clocks tick in nanoseconds, so durations are whole numbers of them in disguise; they are kept as such where that gives
the very same bits back, else as they are. The bytes are laid out by significance before deflate: durations of one block
are alike, so the leading bytes become long runs.
"""

import zlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from greenbench.core.errors import DamagedCallsError

_NANOSECONDS, _SECONDS = b"n", b"s"


def pack(seconds: ArrayLike) -> bytes | None:
    """The blob of some durations in seconds; None for none."""
    values = np.ascontiguousarray(seconds, dtype="<f8").ravel()
    if values.size == 0:
        return None
    whole = _whole_nanoseconds(values)
    tag, words = (_SECONDS, values) if whole is None else (_NANOSECONDS, whole)
    return tag + zlib.compress(words.view(np.uint8).reshape(-1, 8).T.tobytes(), level=1)


def unpack(blob: bytes | None) -> NDArray[np.float64]:
    """The durations in seconds that `pack` was given.

    Raises:
        DamagedCallsError: the blob is not what `pack` gave.
    """
    if blob is None:
        return np.empty(0, dtype=np.float64)
    try:
        if blob[:1] not in (_NANOSECONDS, _SECONDS):
            raise ValueError(blob[:1])
        planes = np.frombuffer(zlib.decompress(blob[1:]), dtype=np.uint8).reshape(8, -1)
    except (zlib.error, ValueError):
        # deflate ends with a sum over all bytes, so that one flipped bit does not go unseen
        raise DamagedCallsError("The call times of a timed block are damaged in the store.", "See greenbench audit.") from None
    words = np.ascontiguousarray(planes.T).ravel()
    if blob[:1] == _NANOSECONDS:
        return words.view("<i8").astype(np.float64) / 1e9
    return words.view("<f8").astype(np.float64)


def _whole_nanoseconds(values: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """The durations in nanoseconds, if dividing them by a billion gives back the same bits."""
    if not np.all(np.abs(values) < 2.0**53 / 1e9):
        return None
    whole = np.rint(values * 1e9).astype("<i8")
    return whole if (whole.astype(np.float64) / 1e9).tobytes() == values.tobytes() else None
