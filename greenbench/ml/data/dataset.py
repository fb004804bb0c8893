"""A data set as steps see it: named splits that give normalised float32 examples and integer labels."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import DatasetArtifact, InputSpec
from greenbench.core.errors import DataError
from greenbench.core.step import Stored

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


class Split(ABC):
    """One named part of a data set, in a fixed order."""

    def __init__(self, name: str, labels: Labels, input: InputSpec) -> None:
        self.name = name
        self.labels = labels
        self.input = input

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def raw(self, indices: NDArray[np.intp]) -> NDArray[Any]:
        """The chosen examples as stored: bytes (0 to 255) or floats, channels first."""

    @property
    def nbytes(self) -> int:
        """Bytes that all normalised examples together take in memory."""
        return 4 * len(self) * int(np.prod(self.input.shape))

    def take(self, indices: NDArray[np.intp]) -> Floats:
        """The chosen examples, normalised."""
        return normalised(self.raw(indices), self.input)

    def arrays(self) -> tuple[Floats, Labels]:
        """All examples at once, normalised (N, C, H, W) or (N, features), and their labels."""
        return self.take(np.arange(len(self))), self.labels

    def batches(self, batch: int, shuffle: bool = False, seed: int = 0) -> Iterator[tuple[Floats, Labels]]:
        """All examples in batches of at most `batch`; shuffled, the order depends on `seed` alone."""
        order = np.random.default_rng(seed).permutation(len(self)) if shuffle else np.arange(len(self))
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            yield self.take(chosen), self.labels[chosen]


class ArraySplit(Split):
    """A split whose examples lie in a .npy file, mapped into memory."""

    def __init__(self, name: str, examples: NDArray[Any], labels: Labels, input: InputSpec) -> None:
        super().__init__(name, labels, input)
        self._examples = examples

    def raw(self, indices: NDArray[np.intp]) -> NDArray[Any]:
        return self._examples[indices]


class Dataset:
    """An opened data set."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self.artifact: DatasetArtifact = stored.dataset

    @property
    def input(self) -> InputSpec:
        return self.artifact.input

    @property
    def classes(self) -> tuple[str, ...]:
        return self.artifact.classes

    def split(self, name: str) -> Split:
        """A split by its name: train, validation, calibration or test.

        Raises:
            DataError: the data set has no such split, or its files are gone.
        """
        if name not in self.artifact.splits:
            has = ", ".join(self.artifact.splits)
            remedy = "Random inputs serve for latency only; connect a data set with labels." if self.artifact.random else f"It has: {has}."
            raise DataError(f'"{self._stored.title}" has no {name} examples.', remedy)
        if self.artifact.kind == "folder":
            from greenbench.ml.data.folder import open_split

            return open_split(self._stored, name)
        examples = self._load(f"{name}.x")
        labels = np.asarray(self._load(f"{name}.y"), dtype=np.int64)
        return ArraySplit(name, examples, labels, self.input)

    def _load(self, role: str) -> NDArray[Any]:
        path = self._stored.file(role)
        try:
            loaded: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f'"{self._stored.title}": {path.name} cannot be read: {error}.', "Clear the cache and run again.") from None
        return loaded


def open_dataset(stored: Stored) -> Dataset:
    """The data set of an artefact.

    Raises:
        StepError: the artefact is not a data set.
    """
    return Dataset(stored)


def scaled(raw: NDArray[Any]) -> Floats:
    """Bytes as fractions of 255; other numbers as they are."""
    if raw.dtype == np.uint8:
        fractions: Floats = np.multiply(raw, np.float32(1 / 255), dtype=np.float32)
        return fractions
    return np.asarray(raw, dtype=np.float32)


def normalised(raw: NDArray[Any], input: InputSpec) -> Floats:
    """Raw examples (N, …) minus mean, over standard deviation, channel by channel."""
    form = (1, -1) + (1,) * (raw.ndim - 2)
    mean = np.asarray(input.mean, dtype=np.float32).reshape(form)
    factor = np.asarray([1 / deviation for deviation in input.std], dtype=np.float32).reshape(form)
    # Copied by arithmetic: a result never shares memory with the read-only file.
    centred: Floats = scaled(raw) - mean
    centred *= factor
    return centred


def write_arrays(folder: Path, splits: dict[str, tuple[NDArray[Any], Sequence[int] | Labels]]) -> dict[str, str]:
    """Writes raw examples and labels of each split into `folder`; returns the files by role."""
    files: dict[str, str] = {}
    for name, (examples, labels) in splits.items():
        np.save(folder / f"{name}_x.npy", examples, allow_pickle=False)
        np.save(folder / f"{name}_y.npy", np.asarray(labels, dtype=np.int64), allow_pickle=False)
        files |= {f"{name}.x": f"{name}_x.npy", f"{name}.y": f"{name}_y.npy"}
    return files
