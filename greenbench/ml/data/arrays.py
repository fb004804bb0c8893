"""Data sets that fit into arrays: the built-in digits, IDX files, NumPy archives, random inputs."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from greenbench.core.artifact import DatasetArtifact, InputSpec, SplitInfo
from greenbench.core.errors import DataError
from greenbench.ml.data.cuts import Cut, Normalise, cut, gaps, info, statistics
from greenbench.ml.data.dataset import Labels, write_arrays


def digits(folder: Path, size: int, how: Cut) -> DatasetArtifact:
    """The 1,797 handwritten digits that come with scikit-learn (8×8, NIST), brought to `size` × `size` by bilinear interpolation."""
    from sklearn.datasets import load_digits

    found = load_digits()
    small = (np.asarray(found.images) * (255.0 / 16.0)).astype(np.float32)
    images = np.stack([np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)) for image in small])
    examples = np.clip(np.rint(images), 0, 255).astype(np.uint8)[:, None]
    classes = tuple(str(digit) for digit in range(10))
    return pack(folder, ("digits", "Digits", classes), (examples, np.asarray(found.target, dtype=np.int64)), how)


def pack(
    folder: Path,
    what: tuple[str, str, tuple[str, ...]],
    pool: tuple[NDArray[Any], Labels],
    how: Cut,
    test: tuple[NDArray[Any], Labels] | None = None,
    normalise: Normalise = "own",
) -> DatasetArtifact:
    """Cuts a pool of examples (N, C, H, W) or (N, features), writes the splits, and describes them.

    `what` is kind, name and class names. With `test`, all of the pool is for training, validation and calibration.

    Raises:
        DataError: fewer than two classes, or too few examples.
    """
    kind, name, classes = what
    examples, labels = pool
    check_labels(labels, classes)
    if test is not None:
        how = Cut(0.0, how.validation, how.calibration, how.seed)
    parts = {part: (examples[indices], labels[indices]) for part, indices in cut(labels, how).items()}
    if test is not None:
        parts["test"] = test
    ordered = {part: parts[part] for part in ("train", "validation", "calibration", "test")}
    mean, deviation = statistics(ordered["train"][0], normalise)
    return DatasetArtifact(
        kind=kind,
        name=name,
        files=write_arrays(folder, dict(ordered)),
        input=InputSpec(shape=tuple(examples.shape[1:]), mean=mean, std=deviation),
        classes=classes,
        splits={part: info(*both) for part, both in ordered.items()},
        notes=gaps({part: both[1] for part, both in ordered.items()}, classes),
    )


def check_labels(labels: Labels, classes: tuple[str, ...]) -> None:
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


def random_inputs(folder: Path, shape: tuple[int, ...], classes: int, count: int, seed: int) -> DatasetArtifact:
    """Normally distributed inputs without true labels: enough to time a model, useless to judge it."""
    generator = np.random.default_rng(seed)
    parts = {}
    splits: dict[str, SplitInfo] = {}
    for part in ("calibration", "test"):
        examples = generator.standard_normal((count, *shape), dtype=np.float32)
        labels = np.zeros(count, dtype=np.int64)
        parts[part] = (examples, labels)
        splits[part] = info(examples, labels)
    channels = shape[0] if len(shape) == 3 else 1
    return DatasetArtifact(
        kind="random",
        name="Random inputs",
        files=write_arrays(folder, dict(parts)),
        input=InputSpec(shape=shape, mean=(0.0,) * channels, std=(1.0,) * channels),
        classes=tuple(str(index) for index in range(classes)),
        splits=splits,
        random=True,
    )
