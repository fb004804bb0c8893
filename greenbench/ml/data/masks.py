"""Segmentation data: images/ and masks/ with equal file names, where a mask's pixel is the number of its class and 255 means nothing."""

import hashlib
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from greenbench.core.artifact import DatasetArtifact, InputSpec
from greenbench.core.errors import DataError
from greenbench.core.preview import Preview, Sample
from greenbench.core.step import Stored
from greenbench.ml.data.cuts import Cut, Normalise, apart, cut, statistics
from greenbench.ml.data.examination import content_info, reason
from greenbench.ml.data.folder import ImageSplit
from greenbench.ml.data.framing import UNREADABLE, Framing, framing
from greenbench.ml.data.image_index import NameList, read_index, write_index
from greenbench.ml.data.label_map import relabelled
from greenbench.ml.data.listing import SUFFIXES
from greenbench.ml.data.previews import picked, size_words, thumbnail, write_preview

IGNORED = 255
_FORM = "Choose a folder with images/ and masks/, whose files have the same names, and a classes.txt with one class a line."
_NAME_FILES = ("classes.txt", "names.txt", "labels.txt")
_STATISTICS_SAMPLE = 256
_SHOWN = 3


@dataclass(frozen=True)
class MaskReading:
    """How such a folder is read. `names` is the path of a file with one class a line, "" to look for one beside the images;
    `label_map` that of new names, "" for none."""

    framing: Framing
    normalise: Normalise = "own"
    cut: Cut = field(default_factory=Cut)
    names: str = ""
    label_map: str = ""


class MaskSplit(ImageSplit):
    """A split whose targets are masks (N, H, W) at the input's size, cut out as the images are, without mixing classes."""

    def __init__(self, name: str, files: tuple[Path, NameList, NameList], places: Sequence[int], input: InputSpec, frame: Framing) -> None:
        self._masks, self._nearest = files[2], replace(frame, interpolation="nearest")
        self._outputs = np.arange(256)
        self._outputs[: len(places)] = places
        super().__init__(name, files[:2], np.zeros(len(files[1]), dtype=np.int64), input, frame)

    def __len__(self) -> int:
        return len(self._masks)

    @property
    def labels(self) -> NDArray[Any]:
        """The masks of all examples, (N, H, W): too large to keep, so read when they are asked for."""
        return self.targets(np.arange(len(self)))

    @labels.setter
    def labels(self, value: NDArray[Any]) -> None:
        """The base class sets one number for each example, which says nothing here."""

    def targets(self, indices: NDArray[np.intp]) -> NDArray[np.int64]:
        out = np.empty((len(indices), self._nearest.height, self._nearest.width), dtype=np.int64)
        for row, index in enumerate(indices):
            path = Path(self._root) / self._masks[int(index)]
            try:
                mask = Image.fromarray(_mask(path.read_bytes()))
            except UNREADABLE as error:
                raise DataError(f'"{path}" cannot be read any more: {error}.', "Restore it and run again.") from None
            out[row] = self._outputs[np.asarray(self._nearest.resized(mask))]
        return out


@dataclass
class _Seen:
    """What was met in the files: for each pair 16 bytes that name its content and which classes occur."""

    digests: list[bytes]
    classes: list[NDArray[np.uint8]]
    shares: list[NDArray[np.int64]]
    sizes: dict[tuple[int, int], None]


def mask_folder(source: Path, folder: Path, how: MaskReading, tick: Callable[[float], None]) -> DatasetArtifact:
    """The data set in `source`, its index and preview written into `folder`.

    Raises:
        DataError: names the file that is missing, broken, of another size than its partner, or has a class nobody named.
    """
    pairs = _pairs(source)
    classes = _class_names(source, how.names)
    seen = _look(source, pairs, how.framing, tick)
    largest = [int(found[found != IGNORED].max(initial=0)) for found in seen.classes]
    if not classes:
        classes = tuple(str(number) for number in range(max(largest) + 1))
    for (_, mask), number in zip(pairs, largest, strict=True):
        if number >= len(classes):
            raise DataError(f"{mask} has the class {number}, which is outside the {len(classes)} classes.", f"255 means nothing. {_FORM}")
    classes, places_of = relabelled(classes, np.arange(len(classes)), how.label_map)
    splits: dict[str, NDArray[np.intp]] = cut(np.zeros(len(pairs), dtype=np.int64), how.cut)
    digests = np.array(seen.digests, dtype="S16")
    keys = np.ascontiguousarray(digests).view(np.uint64).reshape(-1, 2)[:, 0]
    kept, repeated = apart({part: keys[places] for part, places in splits.items()})
    order: list[str] = [part for part in ("train", "validation", "calibration", "test") if part in splits]
    parts = {part: splits[part][kept[part]] for part in order}
    nothing = {part: np.zeros(len(places), dtype=np.int64) for part, places in parts.items()}
    index: dict[str, tuple[list[str], NDArray[np.int64]]] = {
        part: ([pairs[place][0] for place in places], nothing[part]) for part, places in parts.items()
    }
    index |= {f"{part}_masks": ([pairs[place][1] for place in places], nothing[part]) for part, places in parts.items()}
    learnt = parts.get("train", parts["calibration"])
    chosen = learnt[:: max(1, len(learnt) // _STATISTICS_SAMPLE)][:_STATISTICS_SAMPLE]
    mean, deviation = statistics(np.stack([how.framing.read(source / pairs[place][0]) for place in chosen]), how.normalise)
    return DatasetArtifact(
        kind="masks",
        name=source.name,
        files=write_index(folder, index) | _preview(source, folder, (pairs, parts), (classes, places_of), seen),
        options={"folder": str(source.resolve()), "places": places_of.tolist()},
        input=InputSpec(shape=how.framing.shape, mean=mean, std=deviation),
        task="segmentation",
        classes=classes,
        splits={part: content_info(digests, places, nothing[part]) for part, places in parts.items()},
        notes=repeated,
    )


def open_masks(stored: Stored, name: str, input: InputSpec, places: Sequence[int] | None) -> MaskSplit:
    """A split of a data set made by `mask_folder`, cut out as `input` asks.

    Raises:
        DataError: the list is damaged, or the folder is not there.
    """
    root = Path(stored.dataset.options["folder"])
    if not root.is_dir():
        raise DataError(f'The folder "{root}" of "{stored.title}" is not there.', "Connect the disk it lies on, or choose it anew.")
    images, masks = read_index(stored, name)[0], read_index(stored, f"{name}_masks")[0]
    frame = framing(input if input.kind == "image" else stored.dataset.input)
    own = stored.dataset.options["places"]
    return MaskSplit(name, (root, images, masks), own if places is None else [places[place] for place in own], input, frame)


def _pairs(source: Path) -> list[tuple[str, str]]:
    """Image and mask of each example, relative to the folder."""
    if not source.is_dir():
        what = "is a file, not a folder" if source.is_file() else "does not exist"
        raise DataError(f'"{source}" {what}.', _FORM)
    images, masks = (_by_stem(source, name) for name in ("images", "masks"))
    for word, one, other in (("image has no mask", images, masks), ("mask has no image", masks, images)):
        alone = sorted(set(one) - set(other))
        if alone:
            many = word.replace(" has", "s have") if len(alone) > 1 else word
            named = ", ".join(one[stem] for stem in alone[:5]) + (", …" if len(alone) > 5 else "")
            raise DataError(f"{len(alone)} {many}: {named}.", "Each image needs a mask of the same name.")
    return [(images[stem], masks[stem]) for stem in sorted(images)]


def _by_stem(source: Path, name: str) -> dict[str, str]:
    folder = source / name
    if not folder.is_dir():
        raise DataError(f'"{source}" has no folder {name}.', _FORM)
    found: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name[0] == "." or not path.is_file():
            continue
        if path.stem in found:
            raise DataError(f"{found[path.stem]} and {name}/{path.name} have the same name.", "Keep one of them.")
        found[path.stem] = f"{name}/{path.name}"
    if not found:
        raise DataError(f'"{folder}" has no images.', _FORM)
    return found


def _class_names(source: Path, names: str) -> tuple[str, ...]:
    file = Path(names).expanduser() if names.strip() else next((source / name for name in _NAME_FILES if (source / name).is_file()), None)
    if file is None:
        return ()
    try:
        found = tuple(line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise DataError(f'The names of the classes "{file}" cannot be read: {said}.', "Give one class a line.") from None
    if len(set(found)) < len(found) or not 2 <= len(found) <= IGNORED:
        raise DataError(f"{file.name} has {len(found)} names, {len(set(found))} of them different.", "Give 2 to 255 names, one a line.")
    return found


def _mask(content: bytes) -> NDArray[np.uint8]:
    """The class numbers (H, W) of a mask's file: grey values, or places in a palette."""
    with Image.open(io.BytesIO(content)) as image:
        if image.mode not in ("L", "P", "1"):
            raise ValueError(f"its pixels are of the kind {image.mode}, not class numbers from 0 to 255")
        return np.array(image, dtype=np.uint8)


def _look(source: Path, pairs: list[tuple[str, str]], frame: Framing, tick: Callable[[float], None]) -> _Seen:
    def one(pair: tuple[str, str]) -> tuple[bytes, NDArray[np.uint8], NDArray[np.int64], tuple[int, int]] | str:
        content = [b"", b""]
        for place, name in enumerate(pair):
            try:
                content[place] = (source / name).read_bytes()
                if place:
                    mask = _mask(content[1])
                else:
                    with Image.open(io.BytesIO(content[0])) as image:
                        frame.of(image)
                        size = ImageOps.exif_transpose(image).size
            except UNREADABLE as error:
                return f"{name} ({reason(error)})"
        if mask.shape != size[::-1]:
            return f"{pair[1]} ({mask.shape[1]} × {mask.shape[0]} px, its image {size[0]} × {size[1]})"
        found, shares = np.unique(mask, return_counts=True)
        return hashlib.blake2b(content[0] + content[1], digest_size=16).digest(), found, shares, size

    seen, broken = _Seen([], [], [], {}), []
    with ThreadPoolExecutor(2, "looking") as pool:
        for start in range(0, len(pairs), 32):
            tick(start / len(pairs))
            for result in pool.map(one, pairs[start : start + 32]):
                if isinstance(result, str):
                    broken.append(result)
                    continue
                digest, found, shares, size = result
                seen.digests.append(digest)
                seen.classes.append(found)
                seen.shares.append(shares)
                seen.sizes[size] = None
    if broken:
        more = f" and {len(broken) - 5} more" if len(broken) > 5 else ""
        raise DataError(f"{len(broken)} of the files cannot be used: {', '.join(broken[:5])}{more}.", "Mend or remove them.")
    return seen


def _preview(
    source: Path,
    folder: Path,
    cutting: tuple[list[tuple[str, str]], dict[str, NDArray[np.intp]]],
    naming: tuple[tuple[str, ...], NDArray[np.int64]],
    seen: _Seen,
) -> dict[str, str]:
    """Images with the classes that cover most of them; `counts` says in how many images each class occurs."""
    (pairs, parts), (classes, places_of) = cutting, naming
    counted = [np.unique(places_of[found[found != IGNORED]]) for found in seen.classes]
    samples = []
    for row, (split, index) in enumerate(picked({part: places.astype(np.float64) for part, places in parts.items()}, 0)):
        place = int(parts[split][index])
        with Image.open(source / pairs[place][0]) as image:
            shown = thumbnail(folder, row, ImageOps.exif_transpose(image))
        largest = np.argsort(-seen.shares[place], kind="stable")
        named = [classes[places_of[number]] for number in seen.classes[place][largest].tolist() if number != IGNORED]
        samples.append(Sample(split=split, label=", ".join(list(dict.fromkeys(named))[:_SHOWN]), image=shown))
    counts = {}
    for part, places in parts.items():
        present = np.concatenate([counted[place] for place in places.tolist()])
        counts[part] = tuple(np.bincount(present, minlength=len(classes)).tolist())
    return write_preview(folder, Preview(samples=tuple(samples), counts=counts, sizes=size_words(list(seen.sizes))))
