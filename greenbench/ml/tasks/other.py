"""Anything else: a network whose answers nobody here can judge, run for latency, energy and size."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import StepError
from greenbench.ml.tasks.task import Answer

if TYPE_CHECKING:
    from torch import Tensor


class Other:
    """No metric, no loss."""

    key = "other"
    metric = ""

    def output_problem(self, shape: tuple[int, ...], classes: int) -> str:
        """Any output will do."""
        return ""

    def scores(self, outputs: NDArray[Any], targets: NDArray[Any]) -> NDArray[np.float64]:
        """Refuses."""
        raise StepError("The answers of this model cannot be judged: it has no task.", "Say what the model is for, if it has a task.")

    def answers(self, outputs: NDArray[Any], classes: tuple[str, ...], unit: str = "") -> list[Answer]:
        """How many numbers come out, and their range."""
        return [Answer(_range(np.asarray(one, dtype=np.float64).ravel())) for one in outputs]

    def loss(self, outputs: "Tensor", targets: "Tensor", smoothing: float = 0.0) -> "Tensor":
        """Refuses."""
        raise StepError("This model has no task, so it cannot be trained.", "Choose what the model is for.")


def _range(numbers: NDArray[np.float64]) -> str:
    if numbers.size == 0 or not np.isfinite(numbers).all():
        return "not a number" if numbers.size else "nothing"
    if numbers.size == 1:
        return f"{numbers[0]:.4g}"
    return f"{numbers.size:,} numbers from {numbers.min():.4g} to {numbers.max():.4g}"
