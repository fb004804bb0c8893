"""Which images a folder holds and what each is: by subfolder, or by a table of labels beside them. Reads names only."""

import csv
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import DataError
from greenbench.ml.data.image_index import NameList, NameListBuilder

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
_ENDINGS = tuple(SUFFIXES)
FORM = "Choose a folder with one subfolder of images for each class, or with images and a labels.csv."
_TABLES = ("labels.csv", "labels.tsv")
_TABLE_FORM = "It needs a heading with a column file and a column label (or class_index), and one line for each image."
_FILE_COLUMNS = ("file", "filename", "file_name", "image", "path", "image_path")
_LABEL_COLUMNS = ("label", "class", "class_name", "category", "class_index", "label_index", "target")
_NAMED = 3


@dataclass(frozen=True)
class Listed:
    """File names relative to the folder, and the class number of each, by part: "pool", and where they are kept apart "test" and
    "validation"."""

    classes: tuple[str, ...]
    names: dict[str, NameList]
    labels: dict[str, NDArray[np.int64]]
    notes: tuple[str, ...] = ()


def listed(source: Path, table: str = "") -> Listed:
    """The images in `source`, labelled by `table` (a labels.csv beside them is found by itself) or by their subfolders.

    Raises:
        DataError: no folder, no images, one class, or a table that cannot be used.
    """
    if source.is_file():
        raise DataError(f'"{source}" is a file, not a folder.', FORM)
    if not source.is_dir():
        raise DataError(f'The folder "{source}" does not exist.', FORM)
    beside = next((source / name for name in _TABLES if (source / name).is_file()), None)
    chosen = Path(table).expanduser() if table.strip() else beside
    found = _by_table(chosen) if chosen is not None else _by_folders(source)
    present = {found.classes[int(label)] for labels in found.labels.values() for label in np.unique(labels)}
    if len(present) < 2:
        raise DataError(f'"{source}" has one class only, "{present.pop()}".', "Add images of at least one other class.")
    return found


def _by_folders(source: Path) -> Listed:
    folders = _folders(source)
    parts = {"pool": source}
    lower = {name.lower(): source / name for name in folders}
    if "train" in lower and any(_images(lower["train"] / child) for child in _folders(lower["train"])):
        validation = lower.get("val") or lower.get("validation") or lower.get("valid")
        # With two folders, the held-out one is what results are reported on.
        held = {"test": lower.get("test") or validation, "validation": validation if "test" in lower else None}
        parts = {"pool": lower["train"]} | {part: folder for part, folder in held.items() if folder is not None}
    found = {part: _counted(folder, "" if folder == source else f"{folder.name}/") for part, folder in parts.items()}
    classes = tuple(sorted({name for _, counts in found.values() for name, count in counts.items() if count}))
    if not classes:
        loose = len(_images(source))
        if loose:
            raise DataError(f'"{source}" holds {loose} images, but no subfolders that say what they are.', FORM)
        raise DataError(f'"{source}" has no images in subfolders.', FORM)
    numbers = {name: index for index, name in enumerate(classes)}
    labels = {
        part: np.repeat(np.array([numbers.get(child, 0) for child in counts], dtype=np.int64), list(counts.values()))
        for part, (_, counts) in found.items()
    }
    empty = sorted({name for _, counts in found.values() for name in counts} - set(classes))
    names = {part: every for part, (every, _) in found.items() if len(every) or part == "pool"}
    return Listed(classes, names, {part: labels[part] for part in names}, _empty_note(empty))


def _counted(folder: Path, prefix: str) -> tuple[NameList, dict[str, int]]:
    """The images in the subfolders of a folder, one subfolder after the other, and how many each has."""
    names, counts = NameListBuilder(), {}
    for child in _folders(folder):
        images = _images(folder / child)
        names.add(images, f"{prefix}{child}/")
        counts[child] = len(images)
    return names.list(), counts


def _empty_note(empty: list[str]) -> tuple[str, ...]:
    if not empty:
        return ()
    named = ", ".join(empty[:_NAMED]) + (", …" if len(empty) > _NAMED else "")
    noun = "subfolder has no images and is" if len(empty) == 1 else "subfolders have no images and are"
    return (f"{len(empty)} {noun} no class here: {named}.",)


def _folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.name[0] != "." and entry.is_dir())


def _images(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.name.lower().endswith(_ENDINGS) and entry.name[0] != "." and entry.is_file())


def _by_table(table: Path) -> Listed:
    names, labels, column = _rows(table)
    if not len(names):
        raise DataError(f"{table.name} names no images.", _TABLE_FORM)
    if column.endswith("_index"):
        for line, label in enumerate(labels, 2):
            if not label.isdecimal():
                raise DataError(f'{table.name}, line {line}: {column} is "{label}"; class numbers are 0, 1, 2 ….', "Mend the line.")
        labels = [str(int(label)) for label in labels]
    numeric = all(label.isdecimal() for label in labels)
    classes = tuple(sorted(set(labels), key=int) if numeric else sorted(set(labels)))
    numbers = {name: index for index, name in enumerate(classes)}
    return Listed(classes, {"pool": names}, {"pool": np.fromiter((numbers[label] for label in labels), dtype=np.int64)})


def _rows(table: Path) -> tuple[NameList, list[str], str]:
    """File names and labels of the table, and the name of the label column."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            delimiter = "\t" if "\t" in head else (";" if ";" in head and "," not in head else ",")
            heading = [cell.strip().lower() for cell in next(csv.reader([head], delimiter=delimiter), [])]
            where = next((heading.index(name) for name in _FILE_COLUMNS if name in heading), None)
            column = next((name for name in _LABEL_COLUMNS if name in heading), None)
            if where is None or column is None:
                has = ", ".join(heading) or "nothing"
                raise DataError(f"{table.name} has no column for the {'file' if where is None else 'label'}; it has {has}.", _TABLE_FORM)
            what = heading.index(column)
            names, labels = NameListBuilder(), []
            for line, row in enumerate(csv.reader(file, delimiter=delimiter), 2):
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) <= max(where, what) or not row[where].strip() or not row[what].strip():
                    raise DataError(f"{table.name}, line {line}: the file or the label is missing.", _TABLE_FORM)
                names.add((row[where].strip(),))
                labels.append(sys.intern(row[what].strip()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f'The table of labels "{table}" cannot be read: {reason}.', _TABLE_FORM) from None
    return names.list(), labels, column
