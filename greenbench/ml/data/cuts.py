"""Cuts labelled examples into disjoint, stratified, seeded splits, and names their content by a hash."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import SplitInfo
from greenbench.core.errors import DataError

_CALIBRATION_LIMIT = 0.2  # of what is left for training: a small set must not calibrate away its training examples

Normalise = Literal["own", "imagenet", "none"]
_CHUNK = 4096


@dataclass(frozen=True)
class Cut:
    """How much goes where. Shares are of the whole; a `test` of 0 means that test examples come from elsewhere.

    `seed` belongs to the data, not to the run: another seed for training must be judged on the same test examples.
    """

    test: float = 0.2
    validation: float = 0.1
    calibration: int = 128
    seed: int = 0


def cut(labels: NDArray[np.int64], how: Cut) -> dict[str, NDArray[np.intp]]:
    """The indices of each split, in increasing order; classes are spread over the splits as evenly as counts allow.

    Raises:
        DataError: too few examples for so many classes.
    """
    total, classes = len(labels), len(np.unique(labels))
    test = ceil(total * how.test - 1e-9) if how.test else 0
    validation = max(1, ceil(total * how.validation - 1e-9))
    calibration = max(1, min(how.calibration, int((total - test - validation) * _CALIBRATION_LIMIT)))
    train = total - test - validation - calibration
    if train < classes or train < 2:
        raise DataError(
            f"{total} examples are too few: after {test} for testing, {validation} for validation and {calibration} for "
            f"calibration, {max(train, 0)} are left to learn {classes} classes from.",
            "Add examples, or lower the shares.",
        )
    order = _spread(labels, how.seed)
    ends = np.cumsum([test, validation, calibration])
    names = ("test", "validation", "calibration", "train")
    parts = dict(zip(names, np.split(order, ends), strict=True))
    return {name: np.sort(part) for name, part in parts.items() if len(part)}


def _spread(labels: NDArray[np.int64], seed: int) -> NDArray[np.intp]:
    """An order in which every stretch has the classes in their overall proportions.

    The examples of a class, shuffled, are laid evenly over [0, 1) with a random start; sorting by place interleaves them.
    """
    generator = np.random.default_rng(seed)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        own = generator.permutation(np.flatnonzero(labels == label))
        place[own] = (np.arange(len(own)) + generator.random()) / len(own)
    return np.argsort(place, kind="stable")


def statistics(examples: NDArray[Any], normalise: Normalise = "own") -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel (of all features together where there are no channels).

    Bytes count as fractions of 255. "none" gives 0 and 1, "imagenet" the usual constants for three channels.

    Raises:
        DataError: ImageNet's constants asked for other than three channels.
    """
    channels = examples.shape[1] if examples.ndim == 4 else 1
    if normalise == "none":
        return (0.0,) * channels, (1.0,) * channels
    if normalise == "imagenet":
        if channels != 3:
            raise DataError(f"ImageNet's normalisation is for three channels; these examples have {channels}.", "Choose another one.")
        return (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    scale = 255.0 if examples.dtype == np.uint8 else 1.0
    total, squares, count = np.zeros(channels), np.zeros(channels), 0
    for start in range(0, len(examples), _CHUNK):
        part = np.asarray(examples[start : start + _CHUNK], dtype=np.float64) / scale
        flat = part.swapaxes(0, 1).reshape(channels, -1) if examples.ndim == 4 else part.reshape(1, -1)
        total += flat.sum(axis=1)
        squares += np.square(flat).sum(axis=1)
        count += flat.shape[1]
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
    deviation[deviation < 1e-6] = 1.0
    return tuple(mean.tolist()), tuple(deviation.tolist())


_CLASSES_NAMED = 3
_MUST_HAVE_ALL = {"train": "training", "test": "test"}


def gaps(labels: Mapping[str, NDArray[np.int64]], classes: Sequence[str]) -> tuple[str, ...]:
    """A sentence for each split that lacks classes though results rest on it: what is not trained on cannot be learnt, and
    what is not tested is not in the accuracy."""
    found = []
    for split, word in _MUST_HAVE_ALL.items():
        present = set(np.unique(labels[split]).tolist())
        lacking = [name for index, name in enumerate(classes) if index not in present]
        if lacking:
            more = ", …" if len(lacking) > _CLASSES_NAMED else ""
            named = ", ".join(lacking[:_CLASSES_NAMED]) + more
            found.append(f"{len(lacking)} of {len(classes)} classes {'has' if len(lacking) == 1 else 'have'} no {word} example: {named}.")
    return tuple(found)


def info(examples: NDArray[Any], labels: NDArray[np.int64]) -> SplitInfo:
    """Count and content hash of a split: bytes, labels and their order."""
    digest = hashlib.sha256(f"{examples.dtype.str}{examples.shape[1:]}".encode())
    for start in range(0, len(examples), _CHUNK):
        digest.update(np.ascontiguousarray(examples[start : start + _CHUNK]).tobytes())
    digest.update(np.ascontiguousarray(labels, dtype=np.int64).tobytes())
    return SplitInfo(examples=len(labels), digest=digest.hexdigest())
