"""Looking at image files before anything starts: which are broken, what they contain, how large they are."""

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from greenbench.core.artifact import SplitInfo
from greenbench.ml.data.framing import UNREADABLE, Framing

_SAMPLE = 2_000
_CHUNK = 64
_THREADS = 2
_DIGEST = "S16"


@dataclass
class Seen:
    """What is known of each file, in the order of the list: whether it is sound, and 16 bytes that name its content. `broken` has
    (file, reason), `sizes` the (width, height) that were met, `note` what was not looked at."""

    sound: NDArray[np.bool_]
    digests: NDArray[np.bytes_]
    broken: list[tuple[str, str]] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    note: str = ""

    @property
    def keys(self) -> NDArray[np.uint64]:
        """A number for each file, equal for equal content."""
        return np.ascontiguousarray(self.digests).view(np.uint64).reshape(-1, 2)[:, 0]


class Examination:
    """Decodes files of one folder as they will be decoded later. `tick` is called with the share done, and may raise Cancelled."""

    def __init__(self, source: Path, framing: Framing, tick: Callable[[float], None]) -> None:
        self._source, self._framing, self._tick = source, framing, tick

    def every(self, names: Sequence[str]) -> Seen:
        """Each file, decoded once and hashed."""
        seen = Seen(np.ones(len(names), dtype=np.bool_), np.zeros(len(names), dtype=_DIGEST))
        self._look(names, range(len(names)), seen)
        return seen

    def sample(self, names: Sequence[str]) -> Seen:
        """Some files, evenly picked, decoded and hashed; of the others name and size only, which `note` says."""
        seen = Seen(np.ones(len(names), dtype=np.bool_), np.zeros(len(names), dtype=_DIGEST))
        root = str(self._source)
        for place, name in enumerate(names):
            if place % 4096 == 0:
                self._tick(0.5 * place / len(names))
            seen.digests[place] = _digest(f"{_size(f'{root}/{name}')} {name}".encode("utf-8", "surrogateescape"))
        self._look(names, range(0, len(names), max(1, len(names) // _SAMPLE)), seen)
        looked = len(range(0, len(names), max(1, len(names) // _SAMPLE)))
        seen.note = (
            f"Of {len(names):,} images {looked:,} were looked at beforehand; among the others nobody looked for broken files or for "
            "equal images in two splits."
        )
        return seen

    def _look(self, names: Sequence[str], places: range, seen: Seen) -> None:
        def one(place: int) -> tuple[bytes, tuple[int, int]] | str:
            try:
                content = (self._source / names[place]).read_bytes()
                with Image.open(io.BytesIO(content)) as image:
                    size = image.size
                    self._framing.of(image)
                return _digest(content), size
            except UNREADABLE as error:
                return reason(error)

        sizes: dict[tuple[int, int], None] = {}
        with ThreadPoolExecutor(_THREADS, "looking") as pool:
            for start in range(0, len(places), _CHUNK):
                self._tick(start / len(places))
                part = places[start : start + _CHUNK]
                for place, found in zip(part, pool.map(one, part), strict=True):
                    if isinstance(found, str):
                        seen.sound[place] = False
                        seen.broken.append((names[place], found))
                    else:
                        seen.digests[place], size = found
                        sizes[size] = None
        seen.sizes = list(sizes)


def content_info(digests: NDArray[np.bytes_], places: NDArray[np.intp], labels: NDArray[np.int64]) -> SplitInfo:
    """Count and content hash of a split whose examples are files: what each contains, its label, and their order."""
    digest = hashlib.sha256(np.ascontiguousarray(digests[places]).tobytes())
    digest.update(np.ascontiguousarray(labels, dtype=np.int64).tobytes())
    return SplitInfo(examples=len(places), digest=digest.hexdigest())


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def reason(error: BaseException) -> str:
    """Why something is no picture, without its path."""
    if isinstance(error, UnidentifiedImageError):
        return "not a picture of a known format"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).splitlines()[0] if str(error) else type(error).__name__
