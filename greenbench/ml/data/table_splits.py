"""Encoded rows on their way to disk, and the splits that are made of them: gaps filled and numbers standardised by the training rows."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import SplitInfo
from greenbench.core.errors import DataError
from greenbench.ml.data.cuts import Cut, apart, cut, info, keys_of
from greenbench.ml.data.table_columns import Column, Kind

Truth = NDArray[Any]

_ROWS = "rows.tmp"
_CHUNK = 8192
_BINS = 10
_MOST_LOST = 0.1
_ORDER = ("train", "validation", "calibration", "test")


class Rows:
    """Feature rows (float32), one after the other in a file; targets and a hash of each row stay in memory."""

    def __init__(self, folder: Path, width: int) -> None:
        self.folder, self.width = folder, width
        self._keys = array("Q")
        self._truth: list[Truth] = []

    def __enter__(self) -> Self:
        self._file = (self.folder / _ROWS).open("wb")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
        (self.folder / _ROWS).unlink(missing_ok=True)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, features: NDArray[np.float32], truth: Truth) -> None:
        """Appends a block."""
        self._file.write(np.ascontiguousarray(features).tobytes())
        whole = np.concatenate([features, np.asarray(truth, dtype=np.float32)[:, None]], axis=1)
        self._keys.extend(keys_of(whole).tolist())
        self._truth.append(truth)

    @property
    def keys(self) -> NDArray[np.uint64]:
        """A hash of each row, target included: equal rows of another target are no copies."""
        return np.array(self._keys, dtype=np.uint64)

    def truth(self) -> Truth:
        return np.concatenate(self._truth)

    def features(self) -> NDArray[np.float32]:
        """All rows, mapped from the file."""
        self._file.flush()
        return np.memmap(self.folder / _ROWS, dtype=np.float32, mode="r", shape=(len(self), self.width))


@dataclass(frozen=True)
class Parts:
    """The splits of a table on disk: files by role, counts and hashes, statistics of the features, targets, and notes."""

    files: dict[str, str]
    splits: dict[str, SplitInfo]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    truth: dict[str, Truth]
    notes: tuple[str, ...]


def split_rows(rows: Rows, columns: Sequence[Column], truth: Truth, how: Cut, own: int | None, standardise: bool) -> Parts:
    """Cuts the rows (the first `own` of them, the rest being for testing, or all), fills gaps and writes each split.

    Raises:
        DataError: too few rows.
    """
    members = _members(truth, how, own)
    kept, notes = _apart(rows.keys, members)
    members = {name: members[name][kept[name]] for name in _ORDER if name in members}
    features = rows.features()
    fitted = members.get("train", members["calibration"])
    mean, deviation, fillers = _statistics(features, fitted, columns)
    files: dict[str, str] = {}
    splits: dict[str, SplitInfo] = {}
    parts: dict[str, Truth] = {}
    for name, part in members.items():
        path = rows.folder / f"{name}_x.npy"
        _write(path, features, part, fillers)
        parts[name] = truth[part]
        np.save(rows.folder / f"{name}_y.npy", parts[name], allow_pickle=False)
        files |= {f"{name}.x": path.name, f"{name}.y": f"{name}_y.npy"}
        splits[name] = info(np.load(path, mmap_mode="r", allow_pickle=False), parts[name])
    if not standardise:
        mean, deviation = np.zeros(rows.width), np.ones(rows.width)
    return Parts(files, splits, tuple(mean.tolist()), tuple(deviation.tolist()), parts, notes)


def _members(truth: Truth, how: Cut, own: int | None) -> dict[str, NDArray[np.intp]]:
    strata = _strata(truth[:own])
    if own is None:
        return cut(strata, how)
    parts = cut(strata, replace(how, test=0.0))
    if how.test_only:  # of a pool beside a test file only calibration examples are needed
        parts = {"calibration": parts["calibration"]}
    return {**parts, "test": np.arange(own, len(truth), dtype=np.intp)}


def _strata(truth: Truth) -> NDArray[np.int64]:
    """What splits are balanced by: the class, or of a value to which tenth of all values it belongs."""
    if truth.dtype.kind != "f":
        return truth.astype(np.int64)
    bins = max(1, min(_BINS, len(truth) // _BINS))
    ranks = np.argsort(np.argsort(truth, kind="stable"), kind="stable")
    return np.asarray(ranks * bins // max(len(truth), 1), dtype=np.int64)


def _apart(keys: NDArray[np.uint64], members: dict[str, NDArray[np.intp]]) -> tuple[dict[str, NDArray[np.bool_]], tuple[str, ...]]:
    """Like `apart`; but where rows have so few different values that equal ones are the rule, they are different observations."""
    everything = {name: np.ones(len(part), dtype=np.bool_) for name, part in members.items()}
    try:
        kept, notes = apart({name: keys[part] for name, part in members.items()})
    except DataError:
        kept, notes = {name: ~part for name, part in everything.items()}, ()
    lost = max(1 - float(part.mean()) for part in kept.values() if len(part))
    if lost <= _MOST_LOST:
        return kept, notes
    return everything, (f"Up to {100 * lost:.0f} % of the rows of a split are equal to rows of another one; such rows were kept.",)


def _blocks(features: NDArray[np.float32], part: NDArray[np.intp]) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(part), _CHUNK):
        yield np.asarray(features[part[start : start + _CHUNK]])


def _statistics(
    features: NDArray[np.float32], fitted: NDArray[np.intp], columns: Sequence[Column]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
    """Mean and deviation of the numbers (0 and 1 of all else), and what fills a gap: the mean of numbers, the most frequent name."""
    width = features.shape[1]
    total, count = np.zeros(width), np.zeros(width)
    for block in _blocks(features, fitted):
        total += np.nansum(block, axis=0, dtype=np.float64)
        count += np.isfinite(block).sum(axis=0)
    mean = total / np.maximum(count, 1)
    squares = np.zeros(width)
    for block in _blocks(features, fitted):  # around the mean: the squares of large numbers would lose their digits
        squares += np.nansum(np.square(block.astype(np.float64) - mean), axis=0)
    deviation = np.sqrt(squares / np.maximum(count, 1))
    deviation[deviation < 1e-12 * np.maximum(np.abs(mean), 1.0)] = 1.0
    fillers = mean.copy()
    start = 0
    for column in columns:
        place = slice(start, start + len(column.features))
        start = place.stop
        if column.kind is not Kind.NUMBER:
            fillers[place] = np.round(mean[place]) if column.kind is Kind.TRUTH else np.eye(len(mean[place]))[np.argmax(mean[place])]
            mean[place], deviation[place] = 0.0, 1.0
    return mean, deviation, fillers.astype(np.float32)


def _write(path: Path, features: NDArray[np.float32], part: NDArray[np.intp], fillers: NDArray[np.float32]) -> None:
    """The rows of a split as a .npy file, block by block, gaps filled."""
    try:
        with path.open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (len(part), features.shape[1])}
            np.lib.format.write_array_header_1_0(file, header)
            for block in _blocks(features, part):
                file.write(np.where(np.isnan(block), fillers, block).astype("<f4").tobytes())
    except OSError as error:
        raise DataError(f"{path.name} cannot be written: {error.strerror or error}.", "Make room on the disk.") from None
