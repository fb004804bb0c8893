"""The names of many files as three arrays on disk, which open in no time and take no memory until they are asked for."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import DataError
from greenbench.core.step import Stored


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
        return (self[place] for place in range(len(self)))


def write_index(folder: Path, splits: Mapping[str, tuple[Sequence[str], NDArray[np.int64]]]) -> dict[str, str]:
    """Writes names and labels of each split; returns the files by role."""
    files: dict[str, str] = {}
    for split, (names, labels) in splits.items():
        encoded = [name.encode("utf-8", "surrogateescape") for name in names]
        ends = np.cumsum([len(name) for name in encoded], dtype=np.int64)
        for role, array in (("names", np.frombuffer(b"".join(encoded), dtype=np.uint8)), ("ends", ends), ("y", labels)):
            np.save(folder / f"{split}_{role}.npy", array, allow_pickle=False)
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
