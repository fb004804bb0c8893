"""A data set as steps see it: named splits that give examples as a model takes them, and what is true of each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import DatasetArtifact, InputSpec, split_word
from greenbench.core.errors import DataError
from greenbench.core.fit import Fit, fit
from greenbench.core.step import Stored
from greenbench.core.task import TASKS
from greenbench.ml.data.split import ArraySplit, Split, renumbered


class Dataset:
    """An opened data set, as it is stored or as a model takes it."""

    def __init__(self, stored: Stored, model: Stored | None = None) -> None:
        self._stored, self._model = stored, model
        self.artifact: DatasetArtifact = stored.dataset
        self.fit = Fit(self.artifact.classes) if model is None else fit(model.model, self.artifact, model.title, stored.title)

    @property
    def input(self) -> InputSpec:
        """What its examples are: the model's input, if there is a model."""
        return self.artifact.input if self._model is None else self._model.model.input

    @property
    def classes(self) -> tuple[str, ...]:
        """The names that labels count through: those of the model's outputs, if there is a model."""
        return self.fit.classes

    def split(self, name: str) -> Split:
        """A split by its name: train, validation, calibration or test.

        Raises:
            DataError: the data set has no such split, or its files are gone.
        """
        if name not in self.artifact.splits:
            raise DataError(f'"{self._stored.title}" has no {split_word(name)} examples.', self._without(name))
        return self._opened(name)

    def _without(self, name: str) -> str:
        """What to do where there is no split of that name."""
        if self.artifact.random:
            return "Random inputs serve for latency only; connect a data set with labels."
        words = split_word(name)
        if name == "test":
            return f"Connect data with {words} examples."
        return f'Set Use to Training and testing in "{self._stored.title}", or connect data with {words} examples.'

    def _opened(self, name: str) -> Split:
        if self.artifact.random and self.input != self.artifact.input:
            from greenbench.ml.data.noise import NoiseSplit

            return NoiseSplit(name, self.artifact, self.input)
        if self.artifact.kind == "folder":
            from greenbench.ml.data.folder import open_split

            return open_split(self._stored, name, self.input, self.fit.labels)
        if self.artifact.kind == "images":
            from greenbench.ml.data.packed_images import open_pictures

            return open_pictures(self._stored, name, self.input, self.fit.labels)
        if self.artifact.kind == "masks":
            from greenbench.ml.data.masks import open_masks

            return open_masks(self._stored, name, self.input, self.fit.labels)
        if self.artifact.kind == "text":
            from greenbench.ml.data.texts import open_split as open_texts

            split: Split = open_texts(self._stored, name, self._model, self.fit.labels)
            return split
        labels = np.asarray(self._load(f"{name}.y"), dtype=np.int64 if TASKS[self.artifact.task].has_classes else np.float32)
        return ArraySplit(name, self._load(f"{name}.x"), renumbered(labels, self.fit.labels), self.input)

    def _load(self, role: str) -> NDArray[Any]:
        path = self._stored.file(role)
        try:
            loaded: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f'"{self._stored.title}": {path.name} cannot be read: {error}.', "Clear the cache and run again.") from None
        return loaded


def open_dataset(stored: Stored, model: Stored | None = None) -> Dataset:
    """The data set of an artefact. With a model, its splits give examples in the model's input, and labels as places of its outputs.

    Raises:
        StepError: the artefact is not a data set.
        ModelError: the model and the data do not go together.
    """
    return Dataset(stored, model)
