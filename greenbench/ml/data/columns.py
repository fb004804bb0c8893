"""Records with named columns, one at a time, from CSV, TSV, Parquet and JSON lines, with the place each comes from."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from greenbench.core.errors import DataError
from greenbench.ml.data.text_file import JSON_LINES, PARQUET, ROWS, TextFile

_BATCH = 8192
SAMPLE = 500
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Records:
    """A file as records. `columns` are its column names; `first` is the place where records begin (a header is not one)."""

    file: TextFile
    columns: tuple[str, ...]
    headed: bool = True

    def __iter__(self) -> Iterator[tuple[str, Sequence[Any]]]:
        """Each record's place ("line 12", "row 12") and its values in the order of the columns; None where one is missing.

        Raises:
            DataError: a line with another number of cells, or one that is no JSON object.
        """
        if self.file.form == PARQUET:
            return self._parquet()
        return self._json() if self.file.form == JSON_LINES else self._rows()

    def sample(self) -> list[Sequence[Any]]:
        """The first records."""
        return [values for _, values in islice(self, SAMPLE)]

    def place(self, name: str, what: str) -> int:
        """Where a column stands.

        Raises:
            DataError: there is none of that name.
        """
        for index, column in enumerate(self.columns):
            if column == name.strip():
                return index
        lower = [column.lower() for column in self.columns]
        if lower.count(name.strip().lower()) == 1:
            return lower.index(name.strip().lower())
        raise DataError(f'{self.file.path.name} has no column "{name}" for the {what}.', f"Its columns: {_some(self.columns)}.")

    def _rows(self) -> Iterator[tuple[str, Sequence[Any]]]:
        rows = self.file.rows()
        if self.headed:
            next(rows)
        for number, row in rows:
            if len(row) != len(self.columns):
                if len(row) > len(self.columns) and not any(cell.strip() for cell in row[len(self.columns) :]):
                    row = row[: len(self.columns)]
                else:
                    raise DataError(
                        f"{self.file.path.name}, line {number}: {len(row)} cells instead of {len(self.columns)}.",
                        "Mend the line; text that contains the delimiter must stand in quotation marks.",
                    )
            yield f"line {number}", [cell.strip() or None for cell in row]

    def _json(self) -> Iterator[tuple[str, Sequence[Any]]]:
        for number, line in self.file.lines():
            record = _object(self.file.path, number, line)
            yield f"line {number}", [record.get(column) for column in self.columns]

    def _parquet(self) -> Iterator[tuple[str, Sequence[Any]]]:
        with parquet(self.file.path) as table:
            number = 0
            for batch in table.iter_batches(_BATCH):
                for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield f"row {number}", values


def records(file: TextFile, known: Sequence[str] = (), header: bool | None = None) -> Records:
    """A file with its columns. `header` None: the first row is one if it names a `known` column, or is unlike the rows below it.

    Without a header columns are called "column 1", "column 2" …

    Raises:
        DataError: no columns can be told.
    """
    if file.form == PARQUET:
        with parquet(file.path) as table:
            return Records(file, _named(file.path, table.schema_arrow.names))
    if file.form == JSON_LINES:
        names: dict[str, None] = {}
        for number, line in islice(file.lines(), SAMPLE):
            names |= dict.fromkeys(_object(file.path, number, line))
        return Records(file, _named(file.path, list(names)))
    if file.form != ROWS:
        raise DataError(f"{file.path.name} has no columns: no delimiter cuts its lines alike.", "Choose a CSV, TSV or Parquet file.")
    rows = [row for _, row in islice(file.rows(), SAMPLE)]
    if not rows:
        raise DataError(f"{file.path.name} has no rows.", "Choose a file with examples.")
    first = [cell.strip() for cell in rows[0]]
    headed = _is_header(first, rows[1:], known) if header is None else header
    names_found = first if headed else [f"column {place}" for place in range(1, len(first) + 1)]
    return Records(file, _named(file.path, names_found), headed)


@contextmanager
def parquet(path: Path) -> Iterator[Any]:
    """An open Parquet file; what is wrong with it becomes a sentence."""
    import pyarrow as arrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            yield table
    except (arrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"{path.name} cannot be read as Parquet: {reason}.", "Write the file again; it may be cut off.") from None


def _is_header(first: list[str], below: list[list[str]], known: Sequence[str]) -> bool:
    """Whether a first row names the columns: it has a known name, or stands above numbers, or above names that recur without it."""
    if {cell.lower() for cell in first} & set(known):
        return True
    if any(_is_number(cell) for cell in first):
        return False
    for place, name in enumerate(first):
        cells = [row[place].strip() for row in below if len(row) > place]
        if cells and all(_is_number(cell) or not cell for cell in cells):
            return True
        if 2 * len(set(cells)) <= len(cells):
            return name not in cells
    return all(0 < len(cell) <= _LONGEST_NAME for cell in first)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _named(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    plain = [name.strip() or f"column {place}" for place, name in enumerate(names, 1)]
    twice = next((name for name in plain if plain.count(name) > 1), None)
    if twice is not None:
        raise DataError(f'{path.name} has two columns "{twice}".', "Give each column a name of its own.")
    return tuple(plain)


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name}, line {number}: no JSON: {error}.", "Write one JSON object in each line.") from None
    if not isinstance(found, dict):
        raise DataError(f"{path.name}, line {number}: no JSON object.", "Write one JSON object in each line.")
    return found


def _some(names: Sequence[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
