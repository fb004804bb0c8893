"""Object detection: networks of this task run for latency, energy and size; their answers are not judged."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import StepError
from greenbench.ml.tasks.task import Answer

if TYPE_CHECKING:
    from torch import Tensor


class Detection:
    """No metric, no loss: no data set of ours has boxes."""

    key = "detection"
    metric = ""

    def output_problem(self, shape: tuple[int, ...], classes: int) -> str:
        """Any output will do: each family of detectors has its own."""
        return ""

    def scores(self, outputs: NDArray[Any], targets: NDArray[Any]) -> NDArray[np.float64]:
        """Refuses."""
        raise StepError("Answers of an object detector cannot be judged here.", "Benchmark it for latency, energy and size.")

    def answers(self, outputs: NDArray[Any], classes: tuple[str, ...], unit: str = "") -> list[Answer]:
        """How many candidates the first output has."""
        return [Answer(f"{len(one)} candidates" if np.ndim(one) else "one number") for one in outputs]

    def loss(self, outputs: "Tensor", targets: "Tensor", smoothing: float = 0.0) -> "Tensor":
        """Refuses."""
        raise StepError("An object detector cannot be trained here.", "Train it elsewhere, and benchmark it.")
