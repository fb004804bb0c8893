"""Image folders, by subfolder or by a table of labels. The cache keeps names, not pixels; images are read when they are needed."""

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from greenbench.core.artifact import DatasetArtifact, InputSpec
from greenbench.core.errors import DataError
from greenbench.core.preview import Preview, Sample
from greenbench.core.step import Stored
from greenbench.ml.data.cuts import Cut, Normalise, apart, divided, gaps, statistics
from greenbench.ml.data.examination import Examination, Seen, content_info, reason
from greenbench.ml.data.framing import UNREADABLE, Framing, framing
from greenbench.ml.data.image_index import NameList, one_after_another, read_index, write_index
from greenbench.ml.data.label_map import relabelled
from greenbench.ml.data.listing import Listed, listed
from greenbench.ml.data.previews import broken_files, class_counts, picked, size_words, thumbnail, write_preview
from greenbench.ml.data.split import Split, renumbered

_STATISTICS_SAMPLE = 512
_MOST_READERS = 4  # beyond, they wait for one another in the interpreter
_TOGETHER = 64  # images a reader decodes at a time


@dataclass(frozen=True)
class Reading:
    """How an image folder is read. `table` and `label_map` are paths, "" for none; up to `look_at` images each is decoded and hashed
    before anything starts, of more a sample (all of them where broken ones are to be left out)."""

    framing: Framing
    normalise: Normalise = "own"
    cut: Cut = field(default_factory=Cut)
    skip_broken: bool = False
    table: str = ""
    label_map: str = ""
    look_at: int = 20_000


class PictureSplit(Split):
    """A split whose examples are decoded at the input's size when they are asked for, the next batches ahead of time."""

    def __init__(self, name: str, labels: NDArray[Any], input: InputSpec, frame: Framing) -> None:
        super().__init__(name, labels, input)
        self._frame = frame

    @abstractmethod
    def _one(self, index: int) -> NDArray[np.uint8]:
        """One example as (C, H, W) bytes."""

    def raw(self, indices: NDArray[np.intp]) -> NDArray[Any]:
        out = np.empty((len(indices), *self._frame.shape), dtype=np.uint8)
        for row, index in enumerate(indices):
            out[row] = self._one(int(index))
        return out

    def arrays(self) -> tuple[NDArray[Any], NDArray[Any]]:
        everything = np.arange(len(self))
        chosen = np.array_split(everything, max(1, len(self) // _TOGETHER))
        out: NDArray[Any] = np.empty((len(self), *self.input.array_shape), dtype=self.input.dtype)
        for part, examples in zip(chosen, self._taken(chosen), strict=True):
            out[part] = examples
        return out, self.targets(everything)

    def _taken(self, chosen: Sequence[NDArray[np.intp]]) -> Iterator[NDArray[Any]]:
        # Pillow lets other threads run while it decodes and resizes: the next batches are made while this one is used.
        readers = min(_MOST_READERS, os.cpu_count() or 1)
        with ThreadPoolExecutor(readers, "images") as pool:
            waiting = iter(chosen)
            ahead = [pool.submit(self.take, part) for part in islice(waiting, readers)]
            try:
                while ahead:
                    ready = ahead.pop(0).result()
                    ahead += [pool.submit(self.take, part) for part in islice(waiting, 1)]
                    yield ready
            finally:
                for future in ahead:
                    future.cancel()


class ImageSplit(PictureSplit):
    """A split whose examples are files."""

    def __init__(self, name: str, files: tuple[Path, NameList], labels: NDArray[Any], input: InputSpec, frame: Framing) -> None:
        super().__init__(name, labels, input, frame)
        self._root, self._names = str(files[0]), files[1]

    def _one(self, index: int) -> NDArray[np.uint8]:
        path = os.path.join(self._root, self._names[index])
        try:
            return self._frame.read(path)
        except UNREADABLE as error:
            raise DataError(
                f'"{path}" cannot be read any more: {error}.',
                "Restore it and run again, or clear the cache and let the source leave out broken images.",
            ) from None


def image_folder(source: Path, folder: Path, how: Reading, tick: Callable[[float], None]) -> DatasetArtifact:
    """The data set in `source`, its index and preview written into `folder`.

    Raises:
        DataError: no folder, no images, one class, or unreadable images, which it names.
    """
    found = listed(source, how.table)
    classes, truth = relabelled(found.classes, np.concatenate(list(found.labels.values())), how.label_map)
    everything = one_after_another(found.names.values())
    examination = Examination(source, how.framing, tick)
    full = how.skip_broken or len(everything) <= how.look_at
    seen = examination.every(everything) if full else examination.sample(everything)
    if seen.broken and not how.skip_broken:
        raise _unreadable(seen)
    splits = _cut(found, truth, classes, seen, how.cut)
    kept, repeated = apart({part: seen.keys[indices] for part, indices in splits.items()}) if full else (None, (seen.note,))
    parts = {part: (indices[kept[part]] if kept else indices) for part, indices in splits.items()}
    named = {part: (everything.chosen(indices), truth[indices]) for part, indices in parts.items()}
    mean, deviation = _statistics(source, named, how)
    by_split = {part: both[1] for part, both in named.items()}
    notes = found.notes + gaps(by_split, classes) + repeated + _left_out(seen)
    return DatasetArtifact(
        kind="folder",
        name=source.name,
        files=write_index(folder, {part: (names, labels) for part, (names, labels) in named.items()})
        | _preview(source, folder, named, classes, seen),
        options={"folder": str(source.resolve()), "size": how.framing.height, "channels": how.framing.channels},
        input=InputSpec(shape=how.framing.shape, mean=mean, std=deviation),
        classes=classes,
        splits={part: content_info(seen.digests, indices, truth[indices]) for part, indices in parts.items()},
        notes=notes,
    )


def open_split(stored: Stored, name: str, input: InputSpec, places: Sequence[int] | None = None) -> ImageSplit:
    """A split of a data set made by `image_folder`, decoded as `input` asks; `places` are the outputs that its classes mean.

    Raises:
        DataError: the list is damaged, or the folder is not there.
    """
    artifact = stored.dataset
    root = Path(artifact.options["folder"])
    if not root.is_dir():
        raise DataError(f'The image folder "{root}" of "{stored.title}" is not there.', "Connect the disk it lies on, or choose it anew.")
    names, labels = read_index(stored, name)
    frame = framing(input if input.kind == "image" else artifact.input)
    return ImageSplit(name, (root, names), renumbered(labels, places), input, frame)


def _cut(found: Listed, truth: NDArray[np.int64], classes: tuple[str, ...], seen: Seen, how: Cut) -> dict[str, NDArray[np.intp]]:
    """For each split the places of its images in the whole list; broken ones are in none."""
    starts = np.cumsum([0, *(len(names) for names in found.names.values())])
    sound = {
        part: start + np.flatnonzero(seen.sound[start : start + len(names)])
        for start, (part, names) in zip(starts, found.names.items(), strict=False)
    }
    return divided(sound, truth, classes, how)


def _statistics(source: Path, named: dict[str, tuple[NameList, NDArray[np.int64]]], how: Reading) -> tuple[tuple[float, ...], ...]:
    """Mean and deviation of evenly picked training images, enough for both."""
    names = named["train" if "train" in named else "calibration"][0]
    step = max(1, len(names) // _STATISTICS_SAMPLE)
    chosen = []
    for name in names[::step][:_STATISTICS_SAMPLE]:
        try:
            chosen.append(how.framing.read(source / name))
        except UNREADABLE as error:
            raise _cannot_read(name, error) from None
    return statistics(np.stack(chosen), how.normalise)


def _cannot_read(name: str, error: BaseException) -> DataError:
    return DataError(f"{name} cannot be read: {reason(error)}.", 'Mend or remove it, or set "Broken images" to leave them out.')


def _unreadable(seen: Seen) -> DataError:
    count = len(seen.broken)
    named = ", ".join(f"{name} ({why})" for name, why in seen.broken[:5])
    more = f" and {count - 5} more" if count > 5 else ""
    noun = "image cannot" if count == 1 else "images cannot"
    return DataError(f"{count} {noun} be read: {named}{more}.", 'Mend or remove them, or set "Broken images" to leave them out.')


def _left_out(seen: Seen) -> tuple[str, ...]:
    if not seen.broken:
        return ()
    noun = "broken image is" if len(seen.broken) == 1 else "broken images are"
    named = ", ".join(name for name, _ in seen.broken[:3]) + (", …" if len(seen.broken) > 3 else "")
    return (f"{len(seen.broken)} {noun} left out: {named}.",)


def _preview(
    source: Path, folder: Path, named: dict[str, tuple[NameList, NDArray[np.int64]]], classes: tuple[str, ...], seen: Seen
) -> dict[str, str]:
    labels = {part: both[1] for part, both in named.items()}
    samples = []
    for place, (split, index) in enumerate(picked(labels, len(classes))):
        try:
            with Image.open(source / named[split][0][index]) as image:
                shown = thumbnail(folder, place, ImageOps.exif_transpose(image))
        except UNREADABLE as error:  # one of many that were not looked at
            raise _cannot_read(named[split][0][index], error) from None
        samples.append(Sample(split=split, label=classes[int(labels[split][index])], image=shown))
    broken, total = broken_files(seen.broken)
    counts = class_counts(labels, len(classes))
    preview = Preview(samples=tuple(samples), counts=counts, sizes=size_words(seen.sizes), broken=broken, broken_total=total)
    return write_preview(folder, preview)
