"""Labelled sentences from files: columns of CSV, TSV, Parquet and JSON lines, or lines that begin with their label."""

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from greenbench.core.artifact import DatasetArtifact
from greenbench.core.errors import DataError
from greenbench.ml.data.arrays import About
from greenbench.ml.data.columns import Records, records
from greenbench.ml.data.cuts import Cut
from greenbench.ml.data.text_file import LINES, look
from greenbench.ml.data.texts import TextStore, described

_TEXT_NAMES = ("text", "sentence", "review", "content", "question", "comment", "tweet", "body", "message", "document", "utterance")
_LABEL_NAMES = ("label", "labels", "class", "category", "target", "sentiment", "intent", "topic", "coarse_label", "label_text")
_LABELLED = re.compile(r"(?P<label>\S+)\s+(?P<text>\S.*)")
_MOST_CLASSES = 1000
_TICK = 10_000


@dataclass(frozen=True)
class TextReading:
    """How to read: names of the columns ("": guessed), and whether of "DESC:manner" only the part before the colon is the label."""

    text_column: str = ""
    label_column: str = ""
    coarse: bool = True


@dataclass
class _Labels:
    """Labels as numbers, in the order in which they are met."""

    names: dict[str, int]
    numbers: "array[int]"

    def add(self, name: str) -> None:
        self.numbers.append(self.names.setdefault(name, len(self.names)))


Tick = Callable[[int], None]


def read_texts(
    path: Path, test: Path | None, folder: Path, reading: TextReading, how: Cut, label_map: str = "", tick: Tick | None = None
) -> DatasetArtifact:
    """The data set of a file, and of a second one for testing if there is one. `tick` is called with the sentences read so far.

    Sentences without text or label are left out and named in the preview.

    Raises:
        DataError: names file and line, or what cannot be told apart.
    """
    labels, notes = _Labels({}, array("q")), []
    broken: list[tuple[str, str]] = []
    with TextStore(folder) as store:
        own = None
        for file in (path, test) if test else (path,):
            own = len(store) if file is test else None
            notes += _fill(store, labels, broken, file, reading, tick)
            if len(store) == (own or 0):
                raise DataError(f"{file.name} has no sentence with a label.", "Choose the columns for text and label.")
        classes, order = _sorted_classes(labels.names)
        numbers = order[np.array(labels.numbers, dtype=np.int64)]
        made = described(folder, About("text", path.stem, classes, label_map=label_map), store, numbers, how, own, broken)
    if broken:
        notes.append(f"{len(broken)} {'line has' if len(broken) == 1 else 'lines have'} no text or no label and were left out.")
    return made.model_copy(update={"notes": (*dict.fromkeys(notes), *made.notes)})


def _fill(
    store: TextStore, labels: _Labels, broken: list[tuple[str, str]], path: Path, reading: TextReading, tick: Tick | None
) -> list[str]:
    """Adds the sentences of one file; returns what had to be assumed."""
    found = look(path)
    pairs = _lines(found.lines(), path) if found.form == LINES else _columns(records(found, (*_TEXT_NAMES, *_LABEL_NAMES)), reading)
    for place, label, text in pairs:
        if tick and len(store) % _TICK == 0:
            tick(len(store))
        plain, name = _words(text), _name(label, reading.coarse)
        if not plain or not name:
            broken.append((f"{path.name}, {place}", "no text" if not plain else "no label"))
            continue
        labels.add(name)
        store.add(plain)
        if len(labels.names) > _MOST_CLASSES:
            raise DataError(
                f"{path.name} has more than {_MOST_CLASSES} different labels, such as {_few(labels.names)}.",
                "Choose the column that holds the class.",
            )
    return [found.note] if found.note else []


def _lines(lines: Iterator[tuple[int, str]], path: Path) -> Iterator[tuple[str, Any, Any]]:
    """ "LABEL sentence" lines; fastText's "__label__LABEL" too."""
    for number, line in lines:
        parts = _LABELLED.fullmatch(line)
        if parts is None:
            yield f"line {number}", line.removeprefix("__label__"), ""
        else:
            yield f"line {number}", parts["label"].removeprefix("__label__"), parts["text"]


def _columns(found: Records, reading: TextReading) -> Iterator[tuple[str, Any, Any]]:
    sample = found.sample()
    text = found.place(reading.text_column, "text") if reading.text_column.strip() else _guess_text(found, sample)
    label = found.place(reading.label_column, "label") if reading.label_column.strip() else _guess_label(found, sample, text)
    if text == label:
        raise DataError(f'{found.file.path.name}: "{found.columns[text]}" cannot be both text and label.', "Choose two columns.")
    for place, values in found:
        yield place, values[label], values[text]


def _guess_text(found: Records, sample: Sequence[Sequence[Any]]) -> int:
    """The column called like a text, else the one whose cells are longest."""
    for name in _TEXT_NAMES:
        if name in [column.lower() for column in found.columns]:
            return found.place(name, "text")
    sizes = [sum(len(str(row[place] or "")) for row in sample) for place in range(len(found.columns))]
    return int(np.argmax(sizes))


def _guess_label(found: Records, sample: Sequence[Sequence[Any]], text: int) -> int:
    """The column called like a label, else the one with fewest different values."""
    for name in _LABEL_NAMES:
        if name in [column.lower() for column in found.columns] and found.place(name, "label") != text:
            return found.place(name, "label")
    others = [place for place in range(len(found.columns)) if place != text]
    if not others:
        raise DataError(f"{found.file.path.name} has one column only, no labels.", "Choose a file with a text and a label in each line.")
    return min(others, key=lambda place: len({str(row[place]) for row in sample}))


def _words(text: Any) -> str:
    return " ".join(str(text).split()) if text is not None else ""


def _name(label: Any, coarse: bool) -> str:
    """A label as a class name: whole floats as whole numbers, "DESC:manner" as "DESC"."""
    if label is None or label != label:
        return ""
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    name = str(label).strip()
    return name.partition(":")[0].strip() or name if coarse else name


def _sorted_classes(names: dict[str, int]) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes in order (numbers by value), and for each number given so far its place in it."""
    numeric = all(name.lstrip("-").isdecimal() for name in names)
    ordered = sorted(names, key=(lambda name: (int(name), name)) if numeric else (lambda name: (0, name)))
    places = np.zeros(len(names), dtype=np.int64)
    for place, name in enumerate(ordered):
        places[names[name]] = place
    return tuple(ordered), places


def _few(names: dict[str, int]) -> str:
    return ", ".join(f'"{name[:30]}"' for name in list(names)[:3])
