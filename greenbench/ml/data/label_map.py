"""Class names replaced by others before a data set is cut, so that they agree with the classes a model knows; two may become one."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import DataError

_FORM = 'Give a CSV file with two columns (label, class), or a JSON file {"label": "class"}.'


def read_label_map(path: Path) -> dict[str, str]:
    """From each name in the data to the class it means.

    Raises:
        DataError: no such file, not of this form, or a name that is mapped to two classes.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise DataError(f'The label map "{path}" cannot be read: {reason}.', _FORM) from None
    pairs = _from_json(path, text) if path.suffix.lower() == ".json" or text.lstrip().startswith("{") else _from_csv(path, text)
    found: dict[str, str] = {}
    for label, name in pairs:
        if found.setdefault(label, name) != name:
            raise DataError(f'The label map {path.name} gives "{label}" two classes, "{found[label]}" and "{name}".', "Keep one of them.")
    if not found:
        raise DataError(f"The label map {path.name} is empty.", _FORM)
    return found


def relabelled(classes: tuple[str, ...], labels: NDArray[Any], path: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The classes and labels after the map at `path`; unchanged without one. Classes that the map does not name stay.

    Raises:
        DataError: the map cannot be read, or names none of the classes.
    """
    if not path.strip():
        return classes, np.asarray(labels, dtype=np.int64)
    file = Path(path).expanduser()
    known = read_label_map(file)
    if not set(known) & set(classes):
        named = ", ".join(list(known)[:3])
        raise DataError(
            f"The label map {file.name} names none of the {len(classes)} classes of the data; it has {named}, ….",
            f"Its left column must hold names such as {', '.join(classes[:3])}.",
        )
    renamed = [known.get(name, name) for name in classes]
    merged = tuple(dict.fromkeys(renamed))
    places = np.array([merged.index(name) for name in renamed], dtype=np.int64)
    return merged, places[np.asarray(labels, dtype=np.int64)]


def _from_json(path: Path, text: str) -> list[tuple[str, str]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"The label map {path.name} is no JSON: {error}.", _FORM) from None
    if not isinstance(found, dict) or not all(isinstance(value, str | int) for value in found.values()):
        raise DataError(f"The label map {path.name} is no object of names.", _FORM)
    return [(str(label), str(name)) for label, name in found.items()]


def _from_csv(path: Path, text: str) -> list[tuple[str, str]]:
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter="\t" if "\t" in text else ",")]
    rows = [row for row in rows if any(row)]
    for number, row in enumerate(rows, 1):
        if len(row) < 2 or not row[0] or not row[1]:
            raise DataError(f"The label map {path.name} has no two names in line {number}.", _FORM)
    headed = bool(rows) and rows[0][0].lower() in ("label", "from", "name") and rows[0][1].lower() in ("class", "to", "class_name")
    return [(row[0], row[1]) for row in rows[headed:]]
