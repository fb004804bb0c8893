"""Classification: one score for each class, the highest answers. Sentences, images and rows of numbers alike."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from greenbench.ml.tasks.task import Answer

if TYPE_CHECKING:
    from torch import Tensor

_SUM_TOLERANCE = 1e-2  # of probabilities that went through fp16


class Classification:
    """Accuracy; cross-entropy."""

    key = "classification"
    metric = "accuracy"

    def output_problem(self, shape: tuple[int, ...], classes: int) -> str:
        """One score for each class; axes of size 1 behind it do not matter."""
        plain = _without_ones(shape)
        if len(plain) != 2:
            return f"Its output has the shape {_words(shape)}; a classifier gives one number for each class."
        if classes and plain[1] != classes:
            return f"It gives {plain[1]} outputs for {classes} classes."
        return ""

    def scores(self, outputs: NDArray[Any], targets: NDArray[Any]) -> NDArray[np.float64]:
        """1 where the highest of (N, classes) is the true label of (N,), else 0; NaN is never right."""
        logits = _flat(outputs)
        right = np.argmax(logits, axis=1) == targets
        return np.asarray(right & ~np.isnan(logits).any(axis=1), dtype=np.float64)

    def answers(self, outputs: NDArray[Any], classes: tuple[str, ...], unit: str = "") -> list[Answer]:
        """The class with the highest score, and its softmax; scores that are probabilities already are taken as they are."""
        logits = _flat(outputs).astype(np.float64)
        found = []
        for row in logits:
            if np.isnan(row).any():
                found.append(Answer("not a number"))
                continue
            best = int(np.argmax(row))
            found.append(Answer(classes[best] if best < len(classes) else str(best), float(_probabilities(row)[best])))
        return found

    def loss(self, outputs: "Tensor", targets: "Tensor", smoothing: float = 0.0) -> "Tensor":
        """Cross-entropy with the true labels, smoothed."""
        from torch.nn import functional

        return functional.cross_entropy(outputs.flatten(1), targets, label_smoothing=smoothing)


def _probabilities(row: NDArray[np.float64]) -> NDArray[np.float64]:
    if row.min() >= 0.0 and abs(row.sum() - 1.0) < _SUM_TOLERANCE:
        return row
    powers = np.exp(row - row.max())
    return np.asarray(powers / powers.sum())


def _flat(outputs: NDArray[Any]) -> NDArray[Any]:
    return outputs.reshape(_without_ones(outputs.shape))


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape less axes of size 1 behind the second: (N, 1000, 1, 1) is (N, 1000)."""
    end = len(shape)
    while end > 2 and shape[end - 1] == 1:
        end -= 1
    return shape[:end]


def _words(shape: tuple[int, ...]) -> str:
    return "×".join(str(side) for side in shape)
