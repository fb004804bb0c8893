"""The names of many files as three arrays on disk, which open in no time and take no memory until they are asked for."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import DataError
from greenbench.core.step import Stored

_TOGETHER = 1 << 11


class NameList(Sequence[str]):
    """Names in one stretch of UTF-8; `ends` says where each stops."""

    def __init__(self, text: NDArray[np.uint8], ends: NDArray[np.int64]) -> None:
        self._text, self._ends = text, ends

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        start = int(self._ends[index - 1]) if index else 0
        return bytes(self._text[start : int(self._ends[index])]).decode("utf-8", "surrogateescape")

    def __iter__(self) -> Iterator[str]:
        begin = 0
        for first in range(0, len(self), _TOGETHER):
            ends = self._ends[first : first + _TOGETHER].tolist()
            text, base = bytes(self._text[begin : ends[-1]]), begin
            for end in ends:
                yield text[begin - base : end - base].decode("utf-8", "surrogateescape")
                begin = end

    def joined(self) -> bytes:
        """All names, one after the other."""
        return self._text.tobytes()

    @property
    def ends(self) -> NDArray[np.int64]:
        """Where each stops in `joined`."""
        return self._ends

    def chosen(self, places: NDArray[np.intp]) -> "NameList":
        """Some of the names, in the order of their places."""
        starts = np.concatenate([np.zeros(1, dtype=np.int64), self._ends[:-1]])[places]
        lengths = self._ends[places] - starts
        ends = np.cumsum(lengths, dtype=np.int64)
        text = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
        for first in range(0, len(places), _TOGETHER):
            part = slice(first, first + _TOGETHER)
            before = ends[part] - lengths[part]
            # Each byte's place in the old text: counted on from where its name starts there.
            moved = np.arange(before[0], ends[part][-1]) + np.repeat(starts[part] - before, lengths[part])
            text[before[0] : ends[part][-1]] = self._text[moved]
        return NameList(text, ends)


class NameListBuilder:
    """Collects names by the million in a fraction of the memory that as many strings take."""

    def __init__(self) -> None:
        self._text, self._ends = bytearray(), array("q")

    def add(self, names: Iterable[str], folder: str = "") -> None:
        """Adds names, each after `folder`."""
        for name in names:
            self._text += (folder + name).encode("utf-8", "surrogateescape")
            self._ends.append(len(self._text))

    def list(self) -> NameList:
        """All names so far. Nothing can be added any more."""
        return NameList(np.frombuffer(self._text, dtype=np.uint8), np.frombuffer(self._ends, dtype=np.int64))


def compact(names: Iterable[str]) -> NameList:
    """Names as a list that takes little memory."""
    builder = NameListBuilder()
    builder.add(names)
    return builder.list()


def one_after_another(lists: Iterable[NameList]) -> NameList:
    """The names of several lists as one."""
    given = list(lists)
    if len(given) == 1:
        return given[0]
    starts = np.cumsum([0, *(int(each.ends[-1]) if len(each) else 0 for each in given)])
    ends = np.concatenate([each.ends + start for each, start in zip(given, starts, strict=False)])
    return NameList(np.frombuffer(b"".join(each.joined() for each in given), dtype=np.uint8), ends)


def write_index(folder: Path, splits: Mapping[str, tuple[Sequence[str], NDArray[np.int64]]]) -> dict[str, str]:
    """Writes names and labels of each split; returns the files by role."""
    files: dict[str, str] = {}
    for split, (names, labels) in splits.items():
        held = names if isinstance(names, NameList) else compact(names)
        for role, array_ in (("names", np.frombuffer(held.joined(), dtype=np.uint8)), ("ends", held.ends), ("y", labels)):
            np.save(folder / f"{split}_{role}.npy", array_, allow_pickle=False)
            files[f"{split}.{role}"] = f"{split}_{role}.npy"
    return files


def read_index(stored: Stored, split: str) -> tuple[NameList, NDArray[np.int64]]:
    """The names and labels of one split, mapped into memory.

    Raises:
        DataError: the list is damaged.
    """
    try:
        text, ends, labels = (np.load(stored.file(f"{split}.{role}"), mmap_mode="r", allow_pickle=False) for role in ("names", "ends", "y"))
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise DataError(f'"{stored.title}": its list of images cannot be read: {error}.', "Clear the cache and run again.") from None
    return NameList(text, ends), labels
