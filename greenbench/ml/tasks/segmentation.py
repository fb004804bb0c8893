"""Semantic segmentation: a class for each pixel, judged image by image."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import StepError
from greenbench.ml.tasks.task import Answer

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = 255
_NAMED = 3


class Segmentation:
    """Mean IoU (Jaccard index), the mean over images of the mean over the classes of the image; it cannot be trained here."""

    key = "segmentation"
    metric = "mean_iou"

    def output_problem(self, shape: tuple[int, ...], classes: int) -> str:
        """(N, classes, height, width); one channel for two classes is their difference."""
        if len(shape) != 4:
            return f"Its output has {len(shape)} axes; a segmentation gives classes × height × width for each image."
        if classes and shape[1] != classes and (shape[1], classes) != (1, 2):
            return f"It gives {shape[1]} outputs for each pixel, for {classes} classes."
        return ""

    def scores(self, outputs: NDArray[Any], targets: NDArray[Any]) -> NDArray[np.float64]:
        """For each image the mean of |answer ∩ truth| / |answer ∪ truth| over the classes that occur in either (Everingham 2015, The
        Pascal VOC challenge, section 4.1.3, by image). Logits (N, C, h, w) are brought to the (N, H, W) of the truth by the nearest
        pixel; truth 255 is not looked at. NaN for an image without anything to look at; 0 where the answer is not a number."""
        return np.array([_iou(one, truth) for one, truth in zip(outputs, targets, strict=True)], dtype=np.float64)

    def answers(self, outputs: NDArray[Any], classes: tuple[str, ...], unit: str = "") -> list[Answer]:
        """The classes that cover most, with their share of the pixels."""
        found = []
        for one in outputs:
            values, counts = np.unique(_labels(one), return_counts=True)
            order = np.argsort(-counts, kind="stable")[:_NAMED]
            names = [classes[int(values[i])] if int(values[i]) < len(classes) else str(values[i]) for i in order]
            found.append(Answer(", ".join(f"{name} {100 * counts[i] / counts.sum():.0f} %" for name, i in zip(names, order, strict=True))))
        return found

    def loss(self, outputs: "Tensor", targets: "Tensor", smoothing: float = 0.0) -> "Tensor":
        """Refuses: masks are read for judging alone."""
        raise StepError("A segmentation network cannot be trained here.", "Train it elsewhere, and benchmark it.")


def _labels(logits: NDArray[Any]) -> NDArray[np.int64]:
    """(C, h, w) to the class of each pixel; of one channel, whether it is above 0."""
    return np.asarray(logits[0] > 0 if len(logits) == 1 else np.argmax(logits, axis=0), dtype=np.int64)


def _iou(logits: NDArray[Any], truth: NDArray[Any]) -> float:
    looked_at = truth != IGNORED
    if not looked_at.any():
        return float("nan")
    if np.isnan(logits).any():
        return 0.0
    answer = _nearest(_labels(logits), truth.shape)[looked_at]
    true = truth[looked_at].astype(np.int64)
    size = int(max(answer.max(), true.max())) + 1
    both = np.bincount(true[answer == true], minlength=size)
    union = np.bincount(answer, minlength=size) + np.bincount(true, minlength=size) - both
    occurs = union > 0
    return float(np.mean(both[occurs] / union[occurs]))


def _nearest(labels: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Labels (h, w) at (H, W), each pixel from the one its middle falls into."""
    places = [((np.arange(new) + 0.5) * old / new).astype(np.int64) for old, new in zip(labels.shape, shape, strict=True)]
    return labels[np.ix_(*places)]
