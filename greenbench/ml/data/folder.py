"""Image folders: one subfolder for each class. The cache keeps names, not pixels; images are read when they are needed."""

import hashlib
import json
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from greenbench.core.artifact import DatasetArtifact, InputSpec, SplitInfo
from greenbench.core.errors import DataError
from greenbench.core.step import Stored
from greenbench.ml.data.arrays import check_labels
from greenbench.ml.data.cuts import Cut, Normalise, cut, gaps, statistics
from greenbench.ml.data.dataset import Split

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
_FORM = "Choose a folder with one subfolder of images for each class."
_UNREADABLE = (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError, EOFError)
_STATISTICS_SAMPLE = 512


@dataclass(frozen=True)
class Decoding:
    """How a file becomes an array: the middle square, `size` × `size`, in one (grey) or three channels."""

    size: int
    channels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.channels, self.size, self.size)

    def read(self, path: Path) -> NDArray[np.uint8]:
        """The image as (C, H, W) bytes, turned upright as its camera noted."""
        with warnings.catch_warnings(), Image.open(path) as image:
            # A huge or odd but readable picture is not worth a warning; a bomb raises.
            warnings.simplefilter("ignore")
            upright = ImageOps.exif_transpose(image).convert("RGB" if self.channels == 3 else "L")
            fitted = ImageOps.fit(upright, (self.size, self.size), Image.Resampling.BILINEAR)
        pixels = np.asarray(fitted, dtype=np.uint8)
        return np.moveaxis(pixels, 2, 0) if self.channels == 3 else pixels[None]


class ImageSplit(Split):
    """A split whose examples are files."""

    def __init__(self, name: str, paths: list[Path], labels: NDArray[np.int64], input: InputSpec, decoding: Decoding) -> None:
        super().__init__(name, labels, input)
        self._paths, self._decoding = paths, decoding

    def raw(self, indices: NDArray[np.intp]) -> NDArray[Any]:
        out = np.empty((len(indices), *self._decoding.shape), dtype=np.uint8)
        for row, index in enumerate(indices):
            path = self._paths[int(index)]
            try:
                out[row] = self._decoding.read(path)
            except _UNREADABLE as error:
                raise DataError(f'"{path}" cannot be read any more: {error}.', "Restore it, or clear the cache and run again.") from None
        return out


def image_folder(
    source: Path, folder: Path, decoding: Decoding, normalise: Normalise, how: Cut, tick: Callable[[float], None]
) -> DatasetArtifact:
    """The data set in `source`: its subfolders are the classes, or those of `train` and `test` (`val`) inside it.

    Every image is decoded once, so that a broken one is found now and not in the middle of training.

    Raises:
        DataError: no folder, no images, one class, or unreadable images, which it names.
    """
    parts = _parts(source)
    classes = tuple(sorted({path.parent.name for paths in parts.values() for path in paths}))
    if not classes:
        raise DataError(f'"{source}" has no images in subfolders.', _FORM)
    if len(classes) == 1:
        raise DataError(f'"{source}" has one class only, "{classes[0]}".', "Add at least one more subfolder of images.")
    listed = [path for paths in parts.values() for path in paths]
    digests = dict(zip(listed, _examine(source, listed, decoding, tick), strict=True))
    splits = _cut(parts, classes, how)
    chosen = np.stack([decoding.read(path) for path, _ in _sample(splits["train"])])
    mean, deviation = statistics(chosen, normalise)
    index = {name: [[path.relative_to(source).as_posix(), label] for path, label in pairs] for name, pairs in splits.items()}
    (folder / "images.json").write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
    return DatasetArtifact(
        kind="folder",
        name=source.name,
        files={"index": "images.json"},
        options={"folder": str(source.resolve()), "size": decoding.size, "channels": decoding.channels},
        input=InputSpec(shape=decoding.shape, mean=mean, std=deviation),
        classes=classes,
        splits={name: _info(pairs, digests) for name, pairs in splits.items()},
        notes=gaps({name: np.array([label for _, label in pairs], dtype=np.int64) for name, pairs in splits.items()}, classes),
    )


def open_split(stored: Stored, name: str) -> ImageSplit:
    """A split of a data set made by `image_folder`.

    Raises:
        DataError: the list is damaged, or the folder is not there.
    """
    artifact = stored.dataset
    root = Path(artifact.options["folder"])
    if not root.is_dir():
        raise DataError(f'The image folder "{root}" of "{stored.title}" is not there.', "Connect the disk it lies on, or choose it anew.")
    try:
        pairs = json.loads(stored.file("index").read_text(encoding="utf-8"))[name]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f'"{stored.title}": its list of images cannot be read: {error}.', "Clear the cache and run again.") from None
    labels = np.array([label for _, label in pairs], dtype=np.int64)
    decoding = Decoding(artifact.options["size"], artifact.options["channels"])
    return ImageSplit(name, [root / path for path, _ in pairs], labels, artifact.input, decoding)


def _parts(source: Path) -> dict[str, list[Path]]:
    if source.is_file():
        raise DataError(f'"{source}" is a file, not a folder.', _FORM)
    if not source.is_dir():
        raise DataError(f'The folder "{source}" does not exist.', _FORM)
    folders = {child.name.lower(): child for child in source.iterdir() if child.is_dir()}
    if "train" in folders and any(_images(child) for child in folders["train"].iterdir() if child.is_dir()):
        found = {"pool": _by_class(folders["train"])}
        validation = folders.get("val") or folders.get("validation") or folders.get("valid")
        if "test" in folders:
            found["test"] = _by_class(folders["test"])
            found["validation"] = _by_class(validation) if validation else []
        elif validation:  # with two folders, the held-out one is what results are reported on
            found["test"] = _by_class(validation)
        return {name: paths for name, paths in found.items() if paths}
    return {"pool": _by_class(source)}


def _by_class(folder: Path) -> list[Path]:
    return [image for child in sorted(folder.iterdir()) if child.is_dir() for image in _images(child)]


def _images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file() and path.name[0] != ".")


def _examine(source: Path, paths: list[Path], decoding: Decoding, tick: Callable[[float], None]) -> list[str]:
    """Decodes each image once; returns the hash of each file."""

    def look(path: Path) -> str | None:
        try:
            decoding.read(path)
            return hashlib.sha256(path.read_bytes()).hexdigest()
        except _UNREADABLE:
            return None

    digests: list[str] = []
    broken: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(paths), 32):
            tick(start / len(paths))
            for path, digest in zip(paths[start : start + 32], pool.map(look, paths[start : start + 32]), strict=True):
                digests.append(digest or "")
                if digest is None:
                    broken.append(path.relative_to(source).as_posix())
    if broken:
        more = f" and {len(broken) - 5} more" if len(broken) > 5 else ""
        noun = "image cannot" if len(broken) == 1 else "images cannot"
        raise DataError(f"{len(broken)} {noun} be read: {', '.join(broken[:5])}{more}.", "Mend or remove them.")
    return digests


_Pairs = list[tuple[Path, int]]


def _cut(parts: dict[str, list[Path]], classes: tuple[str, ...], how: Cut) -> dict[str, _Pairs]:
    numbers = {name: index for index, name in enumerate(classes)}
    labelled = {part: [(path, numbers[path.parent.name]) for path in paths] for part, paths in parts.items()}
    pool = labelled.pop("pool")
    labels = np.array([label for _, label in pool], dtype=np.int64)
    check_labels(labels, classes)
    if "test" in labelled:
        how = Cut(0.0, how.validation, how.calibration, how.seed)
    cuts = cut(labels, how)
    splits = {part: [pool[index] for index in indices] for part, indices in cuts.items()}
    if "validation" in labelled:
        splits["train"] += splits["validation"]
    splits |= labelled
    return {name: splits[name] for name in ("train", "validation", "calibration", "test")}


def _sample(pairs: _Pairs) -> _Pairs:
    """Evenly picked examples, enough for a mean and a deviation."""
    step = max(1, len(pairs) // _STATISTICS_SAMPLE)
    return pairs[::step][:_STATISTICS_SAMPLE]


def _info(pairs: _Pairs, digests: dict[Path, str]) -> SplitInfo:
    digest = hashlib.sha256()
    for path, label in pairs:
        digest.update(f"{digests[path]} {label}\n".encode())
    return SplitInfo(examples=len(pairs), digest=digest.hexdigest())
