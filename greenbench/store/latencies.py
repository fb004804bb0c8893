"""A block's call durations as a blob: every bit kept, a third of the size.

Durations of one block share sign and exponent, so the bytes are laid out by significance before deflate: the leading
bytes become long runs.
"""

import zlib

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pack(seconds: ArrayLike) -> bytes | None:
    """The blob of some durations in seconds; None for none."""
    values = np.ascontiguousarray(seconds, dtype="<f8").ravel()
    if values.size == 0:
        return None
    return zlib.compress(values.view(np.uint8).reshape(-1, 8).T.tobytes(), level=1)


def unpack(blob: bytes | None) -> NDArray[np.float64]:
    """The durations in seconds that `pack` was given."""
    if blob is None:
        return np.empty(0, dtype=np.float64)
    planes = np.frombuffer(zlib.decompress(blob), dtype=np.uint8).reshape(8, -1)
    return np.ascontiguousarray(planes.T).view("<f8").ravel().astype(np.float64)
