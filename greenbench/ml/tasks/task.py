"""What a task is to those who train, judge and show models: a loss, a score for each example, an answer in words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # a bench child judges answers without torch
    from torch import Tensor


@dataclass(frozen=True)
class Answer:
    """What a model says of one example, in words: "tabby cat", "21.4 °C". `confidence` is a fraction; None: the task has none."""

    text: str
    confidence: float | None = None


class Task(Protocol):
    """One task; a new one is one file with such an object."""

    key: str
    metric: str

    def output_problem(self, shape: tuple[int, ...], classes: int) -> str:
        """Why outputs of that shape, batch first, cannot be answers to this task with so many classes; "" if they can."""

    def scores(self, outputs: NDArray[Any], targets: NDArray[Any]) -> NDArray[np.float64]:
        """One number for each example, whose mean is the task's metric: 1 right and 0 wrong, an absolute error, an IoU."""

    def answers(self, outputs: NDArray[Any], classes: tuple[str, ...], unit: str = "") -> list[Answer]:
        """Each example's answer."""

    def loss(self, outputs: "Tensor", targets: "Tensor", smoothing: float = 0.0) -> "Tensor":
        """The mean loss of a batch.

        Raises:
            StepError: this task cannot be trained.
        """
