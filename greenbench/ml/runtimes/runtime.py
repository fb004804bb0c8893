"""What a benchmark asks of a runtime: prepare a model once, then answer batches."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from greenbench.core.step import Stored


class Session(Protocol):
    """A model that is ready. `precision` is what its heavy operators really execute in; `notes` what a reader should know."""

    precision: str
    notes: tuple[str, ...]

    def run(self, batch: NDArray[np.float32]) -> NDArray[Any]:
        """Logits (N, classes) of normalised examples (N, …)."""


class Runtime(Protocol):
    """A way to execute models."""

    name: str
    title: str

    def prepare(self, stored: Stored, threads: int, device: str = "cpu") -> Session:
        """Loads a model.

        Raises:
            ModelError: this runtime cannot execute it, or the file is damaged.
        """
