"""Regression: one number for each example, judged by its distance from the truth, in the target's own unit."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from greenbench.ml.tasks.task import Answer

if TYPE_CHECKING:
    from torch import Tensor


class Regression:
    """Mean absolute error; squared error to learn from."""

    key = "regression"
    metric = "mean_absolute_error"

    def output_problem(self, shape: tuple[int, ...], classes: int) -> str:
        """One number for each example."""
        numbers = int(np.prod(shape[1:]))
        return "" if numbers == 1 else f"It gives {numbers} outputs for each example; a regression has one number."

    def scores(self, outputs: NDArray[Any], targets: NDArray[Any]) -> NDArray[np.float64]:
        """|answer − truth| of (N,) or (N, 1) answers; infinite where the answer is not a number: that is as wrong as can be."""
        errors = np.abs(_numbers(outputs) - np.asarray(targets, dtype=np.float64))
        return np.where(np.isfinite(errors), errors, np.inf)

    def answers(self, outputs: NDArray[Any], classes: tuple[str, ...], unit: str = "") -> list[Answer]:
        """Four significant digits and the unit: "21.43 °C"."""
        return [Answer(f"{value:.4g} {unit}".strip() if np.isfinite(value) else "not a number") for value in _numbers(outputs)]

    def loss(self, outputs: "Tensor", targets: "Tensor", smoothing: float = 0.0) -> "Tensor":
        """Mean squared error; smoothing has no meaning here."""
        from torch.nn import functional

        return functional.mse_loss(outputs.reshape(targets.shape), targets.to(outputs.dtype))


def _numbers(outputs: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(outputs, dtype=np.float64).reshape(len(outputs))
