"""The test examples that are cycled through while timing, as files that children map into memory: one for each way in which the
models take them. To judge answers, each child reads the test split itself: all of it on disk would be gigabytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import StepError
from greenbench.core.fit import Fit, fit
from greenbench.core.step import Stored

_BATCH = 256
# To time a model needs no more: these are cycled through.
ENOUGH_TO_TIME = 64


@dataclass(frozen=True)
class Examples:
    """The file of one way: examples as the model takes them. `fit` says whether answers to the data can be judged."""

    inputs: Path
    fit: Fit


class ExampleFiles:
    """Writes the first test examples in a folder, once for each different input among the models."""

    def __init__(self, data: Stored, folder: Path, batch: int) -> None:
        """
        Raises:
            StepError: the data has no test split.
        """
        if "test" not in data.dataset.splits:
            raise StepError(f'"{data.title}" has no test split.', "Give the data set a test share above 0.")
        self._data, self._folder, self._batch = data, folder, batch
        self._made: dict[tuple[Any, ...], Path] = {}

    def for_model(self, model: Stored) -> Examples:
        """The examples as a model takes them.

        Raises:
            ModelError: model and data do not go together.
            DataError: an example cannot be read.
        """
        found = fit(model.model, self._data.dataset, model.title, self._data.title)
        tokenizer = model.file("tokenizer").read_bytes() if "tokenizer" in model.model.files else b""
        key = (model.model.input, tokenizer)
        if key not in self._made:
            self._made[key] = self._write(model)
        return Examples(self._made[key], found)

    def _write(self, model: Stored) -> Path:
        from greenbench.ml.data import open_dataset

        path = self._folder / f"examples-{len(self._made)}.npy"
        split = open_dataset(self._data, model).split("test")
        count = min(len(split), max(ENOUGH_TO_TIME, self._batch))
        write(path, count, (split.take(np.arange(start, min(start + _BATCH, count))) for start in range(0, count, _BATCH)))
        return path


class _Growing:
    """An array file that is written part by part; type and shape are those of the first part.

    Written, not mapped: a full disk is an error that can be told, where a mapped file would kill the process.
    """

    def __init__(self, path: Path, count: int) -> None:
        self._path, self._count = path, count
        self._first: tuple[tuple[int, ...], np.dtype[Any]] | None = None

    def __enter__(self) -> "_Growing":
        self._file = self._path.open("wb")
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, part: NDArray[Any]) -> None:
        if self._first is None:
            self._first = (part.shape[1:], part.dtype)
            header = {"descr": np.lib.format.dtype_to_descr(part.dtype), "fortran_order": False, "shape": (self._count, *part.shape[1:])}
            np.lib.format.write_array_header_1_0(self._file, header)
        shape, dtype = self._first
        if part.shape[1:] != shape:
            raise StepError(f"The test examples have different shapes: {shape} and {part.shape[1:]}.", "Give the model a fixed input size.")
        self._file.write(np.ascontiguousarray(part, dtype=dtype).tobytes())


def write(path: Path, count: int, parts: Iterable[NDArray[Any]]) -> None:
    """Writes the parts of an array of `count` rows one after the other."""
    with _Growing(path, count) as file:
        for part in parts:
            file.add(part)
