"""Pictures that come inside other files (Parquet, Arrow): kept encoded, one after the other in one file, and decoded when needed."""

import hashlib
import io
import shutil
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from greenbench.core.artifact import DatasetArtifact, InputSpec
from greenbench.core.errors import DataError
from greenbench.core.preview import Preview, Sample
from greenbench.core.step import Stored
from greenbench.ml.data.arrays import About
from greenbench.ml.data.cuts import Cut, Normalise, apart, divided, gaps, statistics
from greenbench.ml.data.examination import content_info, reason
from greenbench.ml.data.folder import PictureSplit
from greenbench.ml.data.framing import UNREADABLE, Framing, framing
from greenbench.ml.data.label_map import relabelled
from greenbench.ml.data.previews import broken_files, class_counts, picked, size_words, thumbnail, write_preview
from greenbench.ml.data.split import renumbered

_PICTURES, _ENDS = "pictures.bin", "ends.npy"
_STATISTICS_SAMPLE = 512
_SPARE_BYTES = 100_000_000


class PictureStore:
    """Pictures on their way into a folder: each is decoded once; only where it ends and a hash of it stay in memory."""

    def __init__(self, folder: Path, frame: Framing) -> None:
        self._folder, self._frame = folder, frame
        self._ends, self._size = array("q"), 0
        self._digests: list[bytes] = []
        self.sizes: dict[tuple[int, int], None] = {}
        self.broken: list[tuple[str, str]] = []
        self._file = (folder / _PICTURES).open("wb")

    def add(self, content: bytes, where: str) -> bool:
        """Appends a picture and says whether it can be read; a broken one is noted with its place, and left out.

        Raises:
            DataError: the disk is nearly full.
        """
        try:
            with Image.open(io.BytesIO(content)) as image:
                size = image.size
                self._frame.of(image)
        except UNREADABLE as error:
            self.broken.append((where, reason(error)))
            return False
        if len(self._ends) % 256 == 0 and shutil.disk_usage(self._folder).free < len(content) + _SPARE_BYTES:
            raise DataError("The disk is nearly full: the pictures do not fit into the cache.", "Make room, or move the data folder.")
        self.sizes[size] = None
        self._file.write(content)
        self._size += len(content)
        self._ends.append(self._size)
        self._digests.append(hashlib.blake2b(content, digest_size=16).digest())
        return True

    def finish(self) -> tuple["Pictures", NDArray[np.bytes_]]:
        """What was stored, and 16 bytes that name the content of each."""
        self._file.close()
        np.save(self._folder / _ENDS, np.array(self._ends, dtype=np.int64), allow_pickle=False)
        return Pictures(self._folder / _PICTURES, self._folder / _ENDS), np.array(self._digests, dtype="S16")

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()


class Pictures:
    """Stored pictures by their number."""

    def __init__(self, content: Path, ends: Path) -> None:
        self._ends = np.load(ends, mmap_mode="r", allow_pickle=False)
        empty = content.stat().st_size == 0  # an empty file cannot be mapped
        self._content = np.zeros(0, dtype=np.uint8) if empty else np.memmap(content, dtype=np.uint8, mode="r")

    def __getitem__(self, number: int) -> io.BytesIO:
        start = int(self._ends[number - 1]) if number else 0
        return io.BytesIO(self._content[start : int(self._ends[number])].tobytes())


class PackedImageSplit(PictureSplit):
    """A split whose examples are stored pictures."""

    def __init__(self, name: str, pictures: tuple[Pictures, NDArray[np.int64]], labels: NDArray[Any], input: InputSpec, frame: Framing):
        super().__init__(name, labels, input, frame)
        self._pictures, self._members = pictures

    def _one(self, index: int) -> NDArray[np.uint8]:
        try:
            return self._frame.read(self._pictures[int(self._members[index])])
        except UNREADABLE as error:
            raise DataError(f"Picture {index} of {self.name} cannot be read any more: {error}.", "Clear the cache and run again.") from None


def pack_pictures(
    about: About,
    store: PictureStore,
    labels: dict[str, NDArray[np.int64]],
    how: Cut,
    target: tuple[Path, Framing, Normalise],
) -> DatasetArtifact:
    """The data set of a filled store. `labels` are those of the pictures, by part in the order they were added: "pool", and where they
    are kept apart "test" and "validation".

    Raises:
        DataError: fewer than two classes, too few examples, or a label map that does not fit.
    """
    folder, frame, normalise = target
    pictures, digests = store.finish()
    classes, truth = relabelled(about.classes, np.concatenate(list(labels.values())), about.label_map)
    keys = np.ascontiguousarray(digests).view(np.uint64).reshape(-1, 2)[:, 0]
    members = _members(labels, truth, classes, how)
    kept, repeated = apart({part: keys[places] for part, places in members.items()})
    members = {part: places[kept[part]] for part, places in members.items()}
    by_split = {part: truth[places] for part, places in members.items()}
    for part, places in members.items():
        np.save(folder / f"{part}_x.npy", places.astype(np.int64), allow_pickle=False)
        np.save(folder / f"{part}_y.npy", by_split[part], allow_pickle=False)
    files = {f"{part}.{role}": f"{part}_{role}.npy" for part in members for role in "xy"}
    learnt = members.get("train", members["calibration"])
    chosen = learnt[:: max(1, len(learnt) // _STATISTICS_SAMPLE)][:_STATISTICS_SAMPLE]
    mean, deviation = statistics(np.stack([frame.read(pictures[int(place)]) for place in chosen]), normalise)
    left_out = f"{len(store.broken)} broken {'picture is' if len(store.broken) == 1 else 'pictures are'} left out."
    return DatasetArtifact(
        kind="images",
        name=about.name,
        licence=about.licence,
        files=files | {"pictures": _PICTURES, "ends": _ENDS} | _preview(folder, pictures, members, by_split, classes, store),
        input=InputSpec(shape=frame.shape, mean=mean, std=deviation),
        classes=classes,
        splits={part: content_info(digests, places, by_split[part]) for part, places in members.items()},
        notes=gaps(by_split, classes) + repeated + ((left_out,) if store.broken else ()),
    )


def open_pictures(stored: Stored, name: str, input: InputSpec, places: Sequence[int] | None) -> PackedImageSplit:
    """A split of a data set made by `pack_pictures`, decoded as `input` asks.

    Raises:
        DataError: its files are damaged.
    """
    try:
        pictures = Pictures(stored.file("pictures"), stored.file("ends"))
        members, labels = (np.load(stored.file(f"{name}.{role}"), mmap_mode="r", allow_pickle=False) for role in "xy")
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f'"{stored.title}": its pictures cannot be read: {error}.', "Clear the cache and run again.") from None
    frame = framing(input if input.kind == "image" else stored.dataset.input)
    return PackedImageSplit(name, (pictures, members), renumbered(labels, places), input, frame)


def _members(
    labels: dict[str, NDArray[np.int64]], truth: NDArray[np.int64], classes: tuple[str, ...], how: Cut
) -> dict[str, NDArray[np.intp]]:
    ends = np.cumsum([0, *(len(part) for part in labels.values())])
    parts = {part: np.arange(start, stop) for part, start, stop in zip(labels, ends, ends[1:], strict=False)}
    return divided(parts, truth, classes, how)


def _preview(
    folder: Path,
    pictures: Pictures,
    members: dict[str, NDArray[np.intp]],
    labels: dict[str, NDArray[np.int64]],
    classes: tuple[str, ...],
    store: PictureStore,
) -> dict[str, str]:
    samples = []
    for place, (split, index) in enumerate(picked(labels, len(classes))):
        with Image.open(pictures[int(members[split][index])]) as image:
            shown = thumbnail(folder, place, ImageOps.exif_transpose(image))
        samples.append(Sample(split=split, label=classes[int(labels[split][index])], image=shown))
    broken, total = broken_files(store.broken)
    counts = class_counts(labels, len(classes))
    return write_preview(
        folder, Preview(samples=tuple(samples), counts=counts, sizes=size_words(list(store.sizes)), broken=broken, broken_total=total)
    )
