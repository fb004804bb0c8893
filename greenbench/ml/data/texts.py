"""Labelled sentences: kept as one UTF-8 file with the place of each, mapped into memory, and numbered as a model asks for it.

Files by role: "texts" the sentences one after the other, "offsets" where each begins (one more at the end), "<split>.x" which
sentences a split has, "<split>.y" their classes.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import DatasetArtifact, InputSpec, SplitInfo
from greenbench.core.errors import DataError
from greenbench.core.preview import Preview, Sample
from greenbench.core.step import Stored
from greenbench.ml.data.arrays import About
from greenbench.ml.data.cuts import Cut, apart, check_labels, cut, gaps
from greenbench.ml.data.label_map import relabelled
from greenbench.ml.data.previews import broken_files, class_counts, picked, write_preview
from greenbench.ml.data.split import Labels, Split, renumbered
from greenbench.ml.data.tokens import numbered, words

RAW = InputSpec(shape=(), kind="text", dtype="str")
_ORDER = ("train", "validation", "calibration", "test")
_SHOWN = 200
_SAMPLED_LENGTHS = 2000
_TEXTS, _OFFSETS = "texts.bin", "offsets.npy"


class TextStore:
    """Sentences on their way into a folder, one by one: only where each begins and a hash of it stay in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offsets = array("q", [0])
        self._keys = array("Q")

    def __enter__(self) -> Self:
        self._file = (self._folder / _TEXTS).open("wb")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, text: str) -> None:
        """Appends a sentence."""
        content = text.encode("utf-8", "replace")
        self._file.write(content)
        self._offsets.append(self._offsets[-1] + len(content))
        self._keys.append(int.from_bytes(blake2b(content, digest_size=8).digest(), "little"))

    @property
    def keys(self) -> NDArray[np.uint64]:
        """A hash of each sentence."""
        return np.array(self._keys, dtype=np.uint64)

    def finish(self) -> dict[str, str]:
        """Writes where each sentence begins; returns the files by role."""
        self._file.close()
        np.save(self._folder / _OFFSETS, np.array(self._offsets, dtype=np.int64), allow_pickle=False)
        return {"texts": _TEXTS, "offsets": _OFFSETS}


class Texts:
    """Stored sentences by their number."""

    def __init__(self, content: Path, offsets: Path) -> None:
        self._offsets = np.load(offsets, mmap_mode="r", allow_pickle=False)
        empty = content.stat().st_size == 0  # an empty file cannot be mapped
        self._content = np.zeros(0, dtype=np.uint8) if empty else np.memmap(content, dtype=np.uint8, mode="r")

    def __getitem__(self, number: int) -> str:
        return self._content[self._offsets[number] : self._offsets[number + 1]].tobytes().decode("utf-8")


class TextSplit(Split):
    """A split of sentences; `take` gives token numbers (N, L) as the model takes them."""

    def __init__(self, name: str, texts: Texts, members: NDArray[np.int64], labels: Labels, model: Stored | None) -> None:
        super().__init__(name, labels, model.model.input if model else RAW)
        self._texts, self._members, self._model = texts, members, model

    def texts(self, indices: Sequence[int] | NDArray[np.intp]) -> list[str]:
        """The chosen sentences as they were written."""
        return [self._texts[int(number)] for number in self._members[np.asarray(indices, dtype=np.intp)]]

    def raw(self, indices: NDArray[np.intp]) -> NDArray[Any]:
        if self._model is None:
            raise DataError("Sentences become numbers for a model only.", "Open the data set together with a model for text.")
        tokenizer = self._model.file("tokenizer") if "tokenizer" in self._model.model.files else None
        return numbered(self.texts(indices), self.input, tokenizer)


def open_split(stored: Stored, name: str, model: Stored | None, places: Sequence[int] | None) -> TextSplit:
    """A split of a stored text data set; labels are renumbered to the model's outputs.

    Raises:
        DataError: the files are gone.
    """
    try:
        texts = Texts(stored.file("texts"), stored.file("offsets"))
        members = np.load(stored.file(f"{name}.x"), mmap_mode="r", allow_pickle=False)
        labels = np.load(stored.file(f"{name}.y"), allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f'"{stored.title}": its texts cannot be read: {error}.', "Clear the cache and run again.") from None
    return TextSplit(name, texts, members, renumbered(labels, places), model)


def pack_texts(
    folder: Path,
    about: About,
    pool: tuple[Iterable[str], Labels],
    how: Cut,
    test: tuple[Iterable[str], Labels] | None = None,
) -> DatasetArtifact:
    """Stores labelled sentences, cuts them into splits, and describes them; `about.kind` is not looked at.

    With `test`, all of the pool is for training, validation and calibration. Labels are places in `about.classes`.

    Raises:
        DataError: fewer than two classes, too few examples, or a label map that does not fit.
    """
    with TextStore(folder) as store:
        for text in pool[0]:
            store.add(text)
        own = len(store)
        for text in test[0] if test else ():
            store.add(text)
        labels = np.asarray(pool[1], dtype=np.int64)
        if test is not None:
            labels = np.concatenate([labels, np.asarray(test[1], dtype=np.int64)])
        return described(folder, about, store, labels, how, own if test is not None else None)


def described(
    folder: Path,
    about: About,
    store: TextStore,
    labels: Labels,
    how: Cut,
    own: int | None = None,
    broken: Sequence[tuple[str, str]] = (),
) -> DatasetArtifact:
    """The data set of a filled store: of `own` sentences and the rest for testing, or, where None, of all of them cut by `how`."""
    files, keys = store.finish(), store.keys
    classes, labels = relabelled(about.classes, labels, about.label_map)
    check_labels(labels[:own], classes)
    members = _members(labels, how, own)
    kept, repeated = apart({name: keys[part] for name, part in members.items()})
    members = {name: members[name][kept[name]] for name in _ORDER if name in members}
    truth = {name: labels[part] for name, part in members.items()}
    for name, part in members.items():
        np.save(folder / f"{name}_x.npy", part.astype(np.int64), allow_pickle=False)
        np.save(folder / f"{name}_y.npy", truth[name], allow_pickle=False)
        files |= {f"{name}.x": f"{name}_x.npy", f"{name}.y": f"{name}_y.npy"}
    texts = Texts(folder / _TEXTS, folder / _OFFSETS)
    first, total = broken_files(broken)
    preview = Preview(
        samples=_samples(texts, members, truth, classes),
        counts=class_counts(truth, len(classes)),
        sizes=_lengths(texts, members),
        broken=first,
        broken_total=total,
    )
    return DatasetArtifact(
        kind="text",
        name=about.name,
        licence=about.licence,
        files=files | write_preview(folder, preview),
        input=RAW,
        classes=classes,
        splits={name: _info(keys[part], truth[name]) for name, part in members.items()},
        notes=gaps(truth, classes) + repeated,
    )


def _members(labels: Labels, how: Cut, own: int | None) -> dict[str, NDArray[np.intp]]:
    if own is None:
        return cut(labels, how)
    parts = cut(labels[:own], replace(how, test=0.0))
    if how.test_only:  # of a pool beside a test file only calibration examples are needed
        parts = {"calibration": parts["calibration"]}
    return {**parts, "test": np.arange(own, len(labels), dtype=np.intp)}


def _info(keys: NDArray[np.uint64], labels: Labels) -> SplitInfo:
    digest = blake2b(keys.tobytes(), digest_size=32)
    digest.update(np.ascontiguousarray(labels, dtype=np.int64).tobytes())
    return SplitInfo(examples=len(labels), digest=digest.hexdigest())


def _samples(texts: Texts, members: dict[str, NDArray[np.intp]], truth: dict[str, Labels], classes: tuple[str, ...]) -> tuple[Sample, ...]:
    found = []
    for split, place in picked(truth, len(classes)):
        text = texts[int(members[split][place])]
        shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
        found.append(Sample(split=split, label=classes[int(truth[split][place])], text=shown))
    return tuple(found)


def _lengths(texts: Texts, members: dict[str, NDArray[np.intp]]) -> str:
    """ "1 to 37 words, half of them at most 10": of at most 2,000 sentences, evenly picked."""
    everything = np.concatenate(list(members.values()))
    some = everything[:: max(1, len(everything) // _SAMPLED_LENGTHS)]
    counts = sorted(len(words(texts[int(number)])) for number in some)
    about = "about " if len(some) < len(everything) else ""
    return f"{about}{counts[0]} to {counts[-1]} words, half of them at most {counts[len(counts) // 2]}"
