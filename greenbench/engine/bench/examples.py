"""The test examples as files that every child maps into memory: one pair for each way in which the models take them."""

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
# What is only timed needs no more: these are cycled through.
ENOUGH_TO_TIME = 64


@dataclass(frozen=True)
class Examples:
    """The files of one way: examples as the model takes them, and what is true of each; `judged` False: for timing alone."""

    inputs: Path
    targets: Path
    fit: Fit

    @property
    def judged(self) -> bool:
        return self.fit.judged


class ExampleFiles:
    """Writes the test split in a folder, once for each different input and order of labels among the models."""

    def __init__(self, data: Stored, folder: Path, batch: int, judge: bool) -> None:
        """`judge` False: nobody will ask how accurate anything is, so enough examples for timing will do.

        Raises:
            StepError: the data has no test split.
        """
        if "test" not in data.dataset.splits:
            raise StepError(f'"{data.title}" has no test split.', "Give the data set a test share above 0.")
        self._data, self._folder, self._batch, self._judge = data, folder, batch, judge
        self._made: dict[tuple[Any, ...], Examples] = {}

    def for_model(self, model: Stored) -> Examples:
        """The test split as a model takes it.

        Raises:
            ModelError: model and data do not go together.
            DataError: an example cannot be read.
        """
        found = fit(model.model, self._data.dataset, model.title, self._data.title)
        judged = found.judged and self._judge
        tokenizer = model.file("tokenizer").read_bytes() if "tokenizer" in model.model.files else b""
        key = (model.model.input, found.labels, judged, tokenizer)
        if key not in self._made:
            self._made[key] = self._write(model, found, judged)
        return Examples(self._made[key].inputs, self._made[key].targets, found)

    def _write(self, model: Stored, found: Fit, judged: bool) -> Examples:
        from greenbench.ml.data import open_dataset

        number = len(self._made)
        made = Examples(self._folder / f"examples-{number}.npy", self._folder / f"targets-{number}.npy", found)
        split = open_dataset(self._data, model).split("test")
        count = len(split) if judged else min(len(split), max(ENOUGH_TO_TIME, self._batch))
        chosen = [np.arange(start, min(start + _BATCH, count)) for start in range(0, count, _BATCH)]
        if judged:
            with _Growing(made.inputs, count) as inputs, _Growing(made.targets, count) as targets:
                for examples, truth in split.batches(_BATCH):
                    inputs.add(examples)
                    targets.add(truth)
        else:
            write(made.inputs, count, (split.take(part) for part in chosen))
        return made


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
