"""What a person sees of a data set before anything runs: a few examples of every class and split, counts, sizes, broken files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from greenbench.core.errors import DataError
from greenbench.core.preview import Broken, Preview, Sample
from greenbench.ml.data.framing import in_mode

SAMPLES = 24
THUMBNAIL_PX = 96
BROKEN_NAMED = 50
_FEATURES_SHOWN = 6
_PREVIEW = "preview.json"


def write_preview(folder: Path, preview: Preview) -> dict[str, str]:
    """Writes a preview into an artefact's folder; returns its file by role.

    Raises:
        DataError: the folder cannot be written.
    """
    try:
        (folder / _PREVIEW).write_text(preview.model_dump_json(), encoding="utf-8")
    except OSError as error:
        raise DataError(f"The preview cannot be written: {error}.", "Make room on the disk.") from None
    return {"preview": _PREVIEW}


def picked(labels: Mapping[str, NDArray[Any]], classes: int, limit: int = SAMPLES) -> list[tuple[str, int]]:
    """At most `limit` examples to show, as (split, place in it): turn by turn from every split, and there from every class.

    `labels` are whole numbers below `classes`; with 0 classes (a regression, masks) examples are picked evenly.
    """
    turns = {name: _by_turns(part, classes) for name, part in labels.items() if len(part)}
    chosen: list[tuple[str, int]] = []
    for turn in range(limit):
        for name, order in turns.items():
            if turn < len(order) and len(chosen) < limit:
                chosen.append((name, int(order[turn])))
    names = list(labels)
    return sorted(chosen, key=lambda pair: (names.index(pair[0]), pair[1]))


def _by_turns(labels: NDArray[Any], classes: int) -> NDArray[np.intp]:
    """The first examples worth showing: the first of each class, then the second of each …, or evenly spaced ones."""
    if not classes:
        return np.unique(np.linspace(0, len(labels) - 1, SAMPLES).astype(np.intp))
    order = np.argsort(labels, kind="stable")
    ordered = np.asarray(labels)[order]
    place = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return order[np.argsort(place, kind="stable")][:SAMPLES]


def class_counts(labels: Mapping[str, NDArray[Any]], classes: int) -> dict[str, tuple[int, ...]]:
    """How many examples of each class every split has; empty where there are no classes."""
    if not classes:
        return {}
    return {name: tuple(np.bincount(np.asarray(part, dtype=np.int64), minlength=classes).tolist()) for name, part in labels.items()}


def target_words(values: NDArray[Any], unit: str = "") -> str:
    """The range of a regression's target: "3.1 to 47 °C, median 20"."""
    low, middle, high = np.quantile(np.asarray(values, dtype=np.float64), (0, 0.5, 1))
    return f"{low:.4g} to {high:.4g}{' ' + unit if unit else ''}, median {middle:.4g}"


def size_words(sizes: Sequence[tuple[int, int]]) -> str:
    """What (width, height) occur: "28 × 28 px", or "120 × 90 to 640 × 480 px" by area."""
    if not sizes:
        return ""
    low, high = min(sizes, key=lambda size: size[0] * size[1]), max(sizes, key=lambda size: size[0] * size[1])
    small, large = f"{low[0]} × {low[1]}", f"{high[0]} × {high[1]}"
    return f"{small} px" if len(set(sizes)) == 1 else f"{small} to {large} px"


def thumbnail(folder: Path, place: int, image: Image.Image) -> str:
    """Writes a picture of at most 96 px a side; returns its name in the folder."""
    small = in_mode(image, 1 if image.mode in ("1", "L", "LA") else 3)
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    name = f"sample_{place:02}.png"
    small.save(folder / name)
    return name


def as_picture(example: NDArray[Any]) -> Image.Image:
    """An example (C, H, W) as a picture: bytes as they are, floats stretched from the least to the largest."""
    if example.dtype != np.uint8:
        values = np.asarray(example, dtype=np.float64)
        span = float(np.ptp(values)) or 1.0
        example = np.rint((values - values.min()) / span * 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(np.moveaxis(example, 0, 2)) if len(example) == 3 else np.ascontiguousarray(example[0]))


def array_preview(
    folder: Path, parts: Mapping[str, tuple[NDArray[Any], NDArray[Any]]], classes: tuple[str, ...], unit: str = ""
) -> dict[str, str]:
    """The preview of splits that are arrays (N, C, H, W) or (N, features); without classes, labels are a regression's values."""
    labels = {name: both[1] for name, both in parts.items()}
    shape = next(iter(parts.values()))[0].shape[1:]
    samples = []
    for place, (split, index) in enumerate(picked(labels, len(classes))):
        example, label = np.asarray(parts[split][0][index]), labels[split][index]
        text = classes[int(label)] if classes else f"{float(label):.4g}{' ' + unit if unit else ''}"
        if len(shape) == 3 and shape[0] in (1, 3):
            samples.append(Sample(split=split, label=text, image=thumbnail(folder, place, as_picture(example))))
        else:
            samples.append(Sample(split=split, label=text, text=_numbers(example.reshape(-1))))
    size = size_words([(shape[2], shape[1])]) if len(shape) == 3 else " × ".join(map(str, shape)) + " numbers"
    target = "" if classes else target_words(np.concatenate(list(labels.values())), unit)
    return write_preview(folder, Preview(samples=tuple(samples), counts=class_counts(labels, len(classes)), sizes=size, target=target))


def _numbers(values: NDArray[Any]) -> str:
    more = ", …" if len(values) > _FEATURES_SHOWN else ""
    return ", ".join(f"{float(value):.4g}" for value in values[:_FEATURES_SHOWN]) + more


def broken_files(found: Sequence[tuple[str, str]]) -> tuple[tuple[Broken, ...], int]:
    """The first broken files with their reasons, and how many there are."""
    return tuple(Broken(file=file, reason=reason) for file, reason in found[:BROKEN_NAMED]), len(found)
