"""Cuts labelled examples into disjoint, stratified, seeded splits, and names their content by a hash."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import SplitInfo
from greenbench.core.errors import DataError

_CALIBRATION_LIMIT = 0.2  # of what is left for training: a small set must not calibrate away its training examples

Normalise = Literal["own", "imagenet", "none"]
_CHUNK = 4096
_NUMBERS = 1 << 20  # at a time: large pictures take hundreds of megabytes as floats


@dataclass(frozen=True)
class Cut:
    """How much goes where. Shares are of the whole; a `test` of 0 means that test examples come from elsewhere.

    `test_only`: nothing will be learnt from this data; all but the calibration examples are for testing. `train`: at most so many are
    trained on, spread over the classes; 0: all that are left.
    `seed` belongs to the data, not to the run: another seed for training must be judged on the same test examples.
    """

    test: float = 0.2
    validation: float = 0.1
    calibration: int = 128
    seed: int = 0
    test_only: bool = False
    train: int = 0


def cut(labels: NDArray[np.int64], how: Cut) -> dict[str, NDArray[np.intp]]:
    """The indices of each split, in increasing order; classes are spread over the splits as evenly as counts allow.

    Raises:
        DataError: too few examples for so many classes.
    """
    if how.test_only:
        return _for_testing(labels, how)
    total, classes = len(labels), len(np.unique(labels))
    test = ceil(total * how.test - 1e-9) if how.test else 0
    validation = max(1, ceil(total * how.validation - 1e-9))
    calibration = max(1, min(how.calibration, int((total - test - validation) * _CALIBRATION_LIMIT)))
    train = total - test - validation - calibration
    if train < classes or train < 2:
        raise DataError(
            f"{total} examples are too few: after {test} for testing, {validation} for validation and {calibration} for "
            f"calibration, {max(train, 0)} are left to learn {classes} classes from.",
            "Add examples, lower the shares, or use the data for testing only.",
        )
    order = _spread(labels, how.seed)
    ends = np.cumsum([test, validation, calibration])
    names = ("test", "validation", "calibration", "train")
    parts = dict(zip(names, np.split(order, ends), strict=True))
    if how.train:
        parts["train"] = parts["train"][: max(how.train, classes, 2)]
    return {name: np.sort(part) for name, part in parts.items() if len(part)}


def check_labels(labels: NDArray[np.int64], classes: tuple[str, ...]) -> None:
    """Demands at least two classes that really occur.

    Raises:
        DataError: there is nothing to tell apart.
    """
    if len(labels) == 0:
        raise DataError("The data set is empty.", "Choose one with examples.")
    present = np.unique(labels)
    if len(classes) < 2 or len(present) < 2:
        raise DataError(
            f'All {len(labels)} examples belong to one class, "{classes[int(present[0])]}": there is nothing to tell apart.',
            "Add examples of at least one other class.",
        )


def divided(
    parts: dict[str, NDArray[np.intp]], truth: NDArray[np.int64], classes: tuple[str, ...], how: Cut
) -> dict[str, NDArray[np.intp]]:
    """For each split the places of its examples, where some may be kept apart already; `truth` has the class at every place."""
    pool = parts["pool"]
    check_labels(truth[pool], classes)
    if "test" in parts:
        how = replace(how, test=0.0, test_only=False)
    splits = {part: pool[chosen] for part, chosen in cut(truth[pool], how).items()}
    if "validation" in parts and "train" in splits:
        if not how.train:
            splits["train"] = np.concatenate([splits["train"], splits["validation"]])
        splits["validation"] = parts["validation"]
    if "test" in parts:
        splits["test"] = parts["test"]
    return {part: splits[part] for part in ("train", "validation", "calibration", "test") if part in splits}


def _for_testing(labels: NDArray[np.int64], how: Cut) -> dict[str, NDArray[np.intp]]:
    calibration = max(1, min(how.calibration, int(len(labels) * _CALIBRATION_LIMIT)))
    if len(labels) < 2:
        raise DataError("One example is too few to test and calibrate with.", "Add examples.")
    order = _spread(labels, how.seed)
    return {"calibration": np.sort(order[:calibration]), "test": np.sort(order[calibration:])}


PRECEDENCE = ("test", "validation", "calibration", "train")


def keys_of(examples: NDArray[Any]) -> NDArray[np.uint64]:
    """A hash of the bytes of each example (N, …): equal for the same content, wherever it stands."""
    rows = np.ascontiguousarray(examples).reshape(len(examples), -1)
    digests = (hashlib.blake2b(row.tobytes(), digest_size=8).digest() for row in rows)
    return np.frombuffer(b"".join(digests), dtype=np.uint64)


def apart(keys: Mapping[str, NDArray[np.uint64]]) -> tuple[dict[str, NDArray[np.bool_]], tuple[str, ...]]:
    """Which examples of each split to keep so that none occurs in two, and a sentence if any must go.

    `keys` are hashes of their content. The test split keeps all of its own, then validation, then calibration.

    Raises:
        DataError: nothing of a split would be left.
    """
    kept: dict[str, NDArray[np.bool_]] = {}
    taken = np.empty(0, dtype=np.uint64)
    for name in sorted(keys, key=PRECEDENCE.index):
        kept[name] = ~np.isin(keys[name], taken)
        taken = np.concatenate([taken, keys[name]])
        if len(keys[name]) and not kept[name].any():
            raise DataError(
                f"All {len(keys[name])} {name} examples occur, byte for byte, in another split as well.",
                "Remove examples that occur twice from the data.",
            )
    lost = {name: int((~kept[name]).sum()) for name in keys if not kept[name].all()}
    if not lost:
        return kept, ()
    named = ", ".join(f"{name} {count}" for name, count in lost.items())
    total = sum(lost.values())
    verb = "example occurs" if total == 1 else "examples occur"
    return kept, (f"{total} {verb} byte for byte in more than one split; only one split keeps each, test first. Left out of: {named}.",)


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
    chunk = max(1, min(_CHUNK, _NUMBERS // max(int(np.prod(examples.shape[1:])), 1)))
    for start in range(0, len(examples), chunk):
        part = np.asarray(examples[start : start + chunk], dtype=np.float64) / scale
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
        if split not in labels:
            continue
        present = set(np.unique(labels[split]).tolist())
        lacking = [name for index, name in enumerate(classes) if index not in present]
        if lacking:
            more = ", …" if len(lacking) > _CLASSES_NAMED else ""
            named = ", ".join(lacking[:_CLASSES_NAMED]) + more
            found.append(f"{len(lacking)} of {len(classes)} classes {'has' if len(lacking) == 1 else 'have'} no {word} example: {named}.")
    return tuple(found)


def info(examples: NDArray[Any], labels: NDArray[Any]) -> SplitInfo:
    """Count and content hash of a split: bytes, labels (whole numbers, or the floats of a regression) and their order."""
    digest = hashlib.sha256(f"{examples.dtype.str}{examples.shape[1:]}".encode())
    for start in range(0, len(examples), _CHUNK):
        digest.update(np.ascontiguousarray(examples[start : start + _CHUNK]).tobytes())
    truth = np.asarray(labels)
    digest.update(np.ascontiguousarray(truth, dtype=np.float32 if truth.dtype.kind == "f" else np.int64).tobytes())
    return SplitInfo(examples=len(labels), digest=digest.hexdigest())
