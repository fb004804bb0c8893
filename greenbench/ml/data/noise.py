"""Random inputs in a model's own shape and dtype, drawn when they are asked for: enough to time it, useless to judge it."""

from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import DatasetArtifact, InputSpec
from greenbench.ml.data.split import Split

_BYTE_VALUES = 256
_SMALL = 2  # any whole number an unknown input may be an index into: 0 and 1 are the likeliest to exist


class NoiseSplit(Split):
    """As many examples as the data set has, each drawn from its own place in one seeded stream, so the order of asking is free.

    Floats are normal with mean 0 and deviation 1, as inputs are after normalisation; token numbers lie below the vocabulary, padding
    left out; bytes from 0 to 255; other whole numbers are 0 or 1.
    """

    def __init__(self, name: str, artifact: DatasetArtifact, input: InputSpec) -> None:
        super().__init__(name, np.zeros(artifact.splits[name].examples, dtype=np.int64), input)
        self._seed = [int(artifact.options.get("seed", 0)), crc32(name.encode())]

    def raw(self, indices: NDArray[np.intp]) -> NDArray[Any]:
        out = np.empty((len(indices), *self.input.array_shape), dtype=self.input.dtype)
        for row, index in enumerate(indices):
            out[row] = self._one(np.random.default_rng([*self._seed, int(index)]))
        return out

    def take(self, indices: NDArray[np.intp]) -> NDArray[Any]:
        return self.raw(indices)

    def _one(self, generator: np.random.Generator) -> NDArray[Any]:
        shape, dtype, tokens = self.input.array_shape, np.dtype(self.input.dtype), self.input.tokens
        if dtype.kind == "f":
            return generator.standard_normal(shape, dtype=np.float32)
        if tokens is not None:
            drawn = generator.integers(0, tokens.vocabulary, shape)
            return np.where(drawn == tokens.padding, (drawn + 1) % tokens.vocabulary, drawn)
        return generator.integers(0, _BYTE_VALUES if dtype == np.uint8 else _SMALL, shape)
