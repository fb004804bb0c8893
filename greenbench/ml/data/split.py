"""One named part of a data set: raw examples, what is true of each, and how examples become what a model takes."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import InputSpec

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


class Split(ABC):
    """One named part of a data set, in a fixed order. `labels` (N, …) are whole numbers, or floats where the task is regression."""

    def __init__(self, name: str, labels: NDArray[Any], input: InputSpec) -> None:
        self.name = name
        self.labels = labels
        self.input = input

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def raw(self, indices: NDArray[np.intp]) -> NDArray[Any]:
        """The chosen examples before normalisation, in the input's size: bytes (0 to 255) or floats, RGB, channels first."""

    @property
    def nbytes(self) -> int:
        """Bytes that all normalised examples together take in memory."""
        return np.dtype(self.input.dtype).itemsize * len(self) * int(np.prod(self.input.shape))

    def take(self, indices: NDArray[np.intp]) -> NDArray[Any]:
        """The chosen examples as the model takes them: normalised, in its channel order, layout and dtype."""
        return normalised(self.raw(indices), self.input)

    def targets(self, indices: NDArray[np.intp]) -> NDArray[Any]:
        """What is true of the chosen examples: a class (N,), a value (N,), or a class for each pixel (N, H, W)."""
        chosen: NDArray[Any] = self.labels[indices]
        return chosen

    def arrays(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """All examples at once, as `take` gives them, and their targets."""
        everything = np.arange(len(self))
        return self.take(everything), self.targets(everything)

    def batches(self, batch: int, shuffle: bool = False, seed: int = 0) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """All examples in batches of at most `batch`; shuffled, the order depends on `seed` alone."""
        order = np.random.default_rng(seed).permutation(len(self)) if shuffle else np.arange(len(self))
        chosen = [order[start : start + batch] for start in range(0, len(order), batch)]
        for part, examples in zip(chosen, self._taken(chosen), strict=True):
            yield examples, self.targets(part)

    def _taken(self, chosen: Sequence[NDArray[np.intp]]) -> Iterator[NDArray[Any]]:
        """The examples of each batch, in turn."""
        return (self.take(part) for part in chosen)


class ArraySplit(Split):
    """A split whose examples lie in a .npy file, mapped into memory; pictures are brought to the size the input asks for."""

    def __init__(self, name: str, examples: NDArray[Any], labels: NDArray[Any], input: InputSpec) -> None:
        super().__init__(name, labels, input)
        self._examples = examples
        self._reframe = input.kind == "image" and (examples.shape[1:] != input.shape or input.crop < 1.0)

    def raw(self, indices: NDArray[np.intp]) -> NDArray[Any]:
        chosen: NDArray[Any] = self._examples[indices]
        if not self._reframe:
            return chosen
        from greenbench.ml.data.framing import framing, reframed

        return reframed(chosen, framing(self.input))


def renumbered(labels: NDArray[Any], places: Sequence[int] | None) -> NDArray[Any]:
    """Class numbers of the data as places of the outputs that mean them; the same array where they are in the same order."""
    if places is None:
        return labels
    moved: NDArray[Any] = np.asarray(places, dtype=np.int64)[np.asarray(labels, dtype=np.int64)]
    return moved


def scaled(raw: NDArray[Any]) -> Floats:
    """Bytes as fractions of 255; other numbers as they are."""
    if raw.dtype == np.uint8:
        fractions: Floats = np.multiply(raw, np.float32(1 / 255), dtype=np.float32)
        return fractions
    return np.asarray(raw, dtype=np.float32)


def normalised(raw: NDArray[Any], input: InputSpec) -> NDArray[Any]:
    """Raw examples (N, …) in the input's channel order, minus mean, over standard deviation, in its layout and dtype.

    A "tensor" is only cast. An input of whole numbers takes the values as they are: it has its normalisation inside.
    """
    dtype = np.dtype(input.dtype)
    if input.kind == "image" and input.channel_order == "bgr":
        raw = raw[:, ::-1]
    if input.kind in ("tensor", "text") or dtype.kind != "f":
        ready = np.array(raw, dtype=dtype)
    else:
        form = (1, -1) + (1,) * (raw.ndim - 2)
        mean = np.asarray(input.mean, dtype=np.float32).reshape(form)
        factor = np.asarray([1 / deviation for deviation in input.std], dtype=np.float32).reshape(form)
        # Copied by arithmetic: a result never shares memory with the read-only file.
        centred: Floats = scaled(raw) - mean
        centred *= factor
        ready = centred if dtype == np.float32 else centred.astype(dtype)
    if input.kind == "image" and input.layout == "channels last":
        return np.ascontiguousarray(np.moveaxis(ready, 1, -1))
    return ready


def write_arrays(folder: Path, splits: Mapping[str, tuple[NDArray[Any], Sequence[int] | NDArray[Any]]]) -> dict[str, str]:
    """Writes raw examples and labels of each split into `folder`; returns the files by role. Floats stay floats (regression)."""
    files: dict[str, str] = {}
    for name, (examples, labels) in splits.items():
        truth = np.asarray(labels)
        np.save(folder / f"{name}_x.npy", examples, allow_pickle=False)
        np.save(folder / f"{name}_y.npy", truth.astype(np.float32 if truth.dtype.kind == "f" else np.int64), allow_pickle=False)
        files |= {f"{name}.x": f"{name}_x.npy", f"{name}.y": f"{name}_y.npy"}
    return files
