"""Data sets that fit into arrays: the built-in digits, IDX files, NumPy archives, random inputs."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from greenbench.core.artifact import DatasetArtifact, InputSpec, SplitInfo
from greenbench.core.preview import Preview
from greenbench.ml.data.cuts import Cut, Normalise, apart, check_labels, cut, gaps, info, keys_of, statistics
from greenbench.ml.data.label_map import relabelled
from greenbench.ml.data.previews import array_preview, write_preview
from greenbench.ml.data.split import Labels, write_arrays


@dataclass(frozen=True)
class About:
    """What is said of a data set: how it is read, its name and classes, its licence; `label_map` is the path of new class names."""

    kind: str
    name: str
    classes: tuple[str, ...]
    licence: str = ""
    label_map: str = ""


def digits(folder: Path, size: int, how: Cut, label_map: str = "") -> DatasetArtifact:
    """The 1,797 handwritten digits that come with scikit-learn (8×8, NIST), brought to `size` × `size` by bilinear interpolation."""
    from sklearn.datasets import load_digits

    found = load_digits()
    small = (np.asarray(found.images) * (255.0 / 16.0)).astype(np.float32)
    images = np.stack([np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)) for image in small])
    examples = np.clip(np.rint(images), 0, 255).astype(np.uint8)[:, None]
    classes = tuple(str(digit) for digit in range(10))
    about = About("digits", "Digits", classes, "CC BY 4.0 (UCI, Optical Recognition of Handwritten Digits)", label_map)
    return pack(folder, about, (examples, np.asarray(found.target, dtype=np.int64)), how)


def pack(
    folder: Path,
    about: About,
    pool: tuple[NDArray[Any], Labels],
    how: Cut,
    test: tuple[NDArray[Any], Labels] | None = None,
    normalise: Normalise = "own",
) -> DatasetArtifact:
    """Cuts a pool of examples (N, C, H, W) or (N, features), writes the splits, and describes them.

    With `test`, all of the pool is for training, validation and calibration.

    Raises:
        DataError: fewer than two classes, too few examples, or a label map that does not fit.
    """
    examples = pool[0]
    classes, labels = relabelled(about.classes, pool[1], about.label_map)
    check_labels(labels, classes)
    if test is not None:
        how = replace(how, test=0.0, test_only=False)
    parts: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {
        part: (examples[indices], labels[indices]) for part, indices in cut(labels, how).items()
    }
    if test is not None:
        parts["test"] = (test[0], relabelled(about.classes, test[1], about.label_map)[1])
    kept, repeated = apart({part: keys_of(both[0]) for part, both in parts.items()})
    ordered: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {
        part: _chosen(parts[part], kept[part]) for part in ("train", "validation", "calibration", "test") if part in parts
    }
    mean, deviation = statistics(ordered["train" if "train" in ordered else "calibration"][0], normalise)
    return DatasetArtifact(
        kind=about.kind,
        name=about.name,
        licence=about.licence,
        files=write_arrays(folder, ordered) | array_preview(folder, ordered, classes),
        input=InputSpec(shape=tuple(examples.shape[1:]), mean=mean, std=deviation),
        classes=classes,
        splits={part: info(*both) for part, both in ordered.items()},
        notes=gaps({part: both[1] for part, both in ordered.items()}, classes) + repeated,
    )


def _chosen(pair: tuple[NDArray[Any], NDArray[Any]], kept: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any]]:
    return pair if kept.all() else (pair[0][kept], pair[1][kept])


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
    size = " × ".join(map(str, shape))
    return DatasetArtifact(
        kind="random",
        name="Random inputs",
        files=write_arrays(folder, dict(parts)) | write_preview(folder, Preview(sizes=f"{size} random numbers")),
        input=InputSpec(shape=shape, mean=(0.0,) * channels, std=(1.0,) * channels),
        classes=tuple(str(index) for index in range(classes)),
        splits=splits,
        options={"seed": seed},
        random=True,
    )
