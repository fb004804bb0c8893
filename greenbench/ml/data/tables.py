"""Tables of numbers and names as data sets: numbers as they are, names as one feature for each, gaps filled or refused.

Two passes over the file: the first finds what every column holds, the second writes the features, a block of rows at a time. Only targets
and a hash of each row stay in memory.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import DatasetArtifact, InputSpec
from greenbench.core.errors import DataError
from greenbench.core.preview import Preview, Sample
from greenbench.core.task import TASKS
from greenbench.ml.data.columns import Records, records
from greenbench.ml.data.cuts import Cut, check_labels, gaps
from greenbench.ml.data.label_map import relabelled
from greenbench.ml.data.previews import class_counts, picked, target_words, write_preview
from greenbench.ml.data.table_columns import Block, Column, Kind, as_number, encode, value_name
from greenbench.ml.data.table_splits import Parts, Rows, split_rows
from greenbench.ml.data.text_file import look

_BLOCK = 8192
_CODED_CLASSES = 20  # so few different whole numbers in a target are rather classes than values
_MOST_CLASSES = 1000
_MOST_FEATURES = 20_000
_REASONS = 3
_SHOWN = 8

Tick = Callable[[int], None]


@dataclass(frozen=True)
class TableReading:
    """How to read: the target's column ("": the last), what it is, columns to leave out, what becomes of gaps, the target's unit."""

    target: str = ""
    task: Literal["auto", "classification", "regression"] = "auto"
    leave_out: tuple[str, ...] = ()
    missing: Literal["refuse", "fill"] = "refuse"
    standardise: bool = True
    unit: str = ""
    label_map: str = ""


@dataclass(frozen=True)
class _Plan:
    """What the first pass found: the columns that become features, the target, the task and its classes."""

    features: tuple[Column, ...]
    target: Column
    task: str
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def read_table(path: Path, test: Path | None, folder: Path, reading: TableReading, how: Cut, tick: Tick | None = None) -> DatasetArtifact:
    """The data set of a table, and of a second one with the same columns for testing if there is one.

    `tick` is called with the rows read so far.

    Raises:
        DataError: names file, row and column, or what is missing.
    """
    files = [records(look(file)) for file in ((path, test) if test else (path,))]
    plan = _planned(files, reading, tick)
    own = None
    with Rows(folder, sum(len(column.features) for column in plan.features)) as rows:
        for found in files:
            own = len(rows) if found is not files[0] else None
            for block in _blocks(found):
                if tick:
                    tick(len(rows))
                features = encode(block, plan.features, reading.missing == "fill", found.file.path.name)
                rows.add(features, _truth(block, plan))
        return _described(rows, plan, reading, (path.stem, tuple(file.file.note for file in files)), how, own)


def _blocks(found: Records) -> Iterator[Block]:
    rows = iter(found)
    while part := list(islice(rows, _BLOCK)):
        yield Block(tuple(place for place, _ in part), tuple(zip(*(values for _, values in part), strict=True)))


def _planned(files: Sequence[Records], reading: TableReading, tick: Tick | None) -> _Plan:
    """The first pass. What columns hold is told by the first file; of the test file only its classes are new."""
    first = files[0]
    target = first.place(reading.target, "target") if reading.target.strip() else len(first.columns) - 1
    left_out = {first.place(name, "columns to leave out") for name in reading.leave_out}
    if target in left_out:
        raise DataError(f'The target "{first.columns[target]}" is among the columns to leave out.', "Choose another target.")
    columns = [Column(name, place) for place, name in enumerate(first.columns)]
    for found in files:
        if found.columns != first.columns:
            raise _unlike(first, found)
        for block in _blocks(found):
            if tick:
                tick(0)
            for column in columns if found is first else columns[target : target + 1]:
                column.see(block)
        _check_target(columns[target], found)
    if columns[target].rows == 0:
        raise DataError(f"{first.file.path.name} has no rows.", "Choose a file with examples.")
    task = _task(columns[target], reading, first)
    features, notes = _features(first, columns, target, left_out, reading.missing)
    classes = _classes(columns[target], first) if task == "classification" else ()
    return _Plan(features, columns[target], task, classes, notes)


def _unlike(first: Records, other: Records) -> DataError:
    lacking = next((name for name in (*first.columns, *other.columns) if (name in first.columns) != (name in other.columns)), "")
    what = f'only one of them has the column "{lacking}"' if lacking else "their columns stand in another order"
    return DataError(f"{first.file.path.name} and {other.file.path.name} differ: {what}.", "Give both the same columns.")


def _check_target(target: Column, found: Records) -> None:
    if target.gaps:
        raise DataError(
            f'{found.file.path.name}, {target.first_gap}: the target "{target.name}" is missing ({target.gaps} of {target.rows} rows).',
            "Remove these rows, or choose another target.",
        )


def _task(target: Column, reading: TableReading, found: Records) -> str:
    """Classification of names, truths and few different whole numbers; regression of other numbers."""
    if reading.task == "regression" and target.kind is not Kind.NUMBER:
        place, word = target.first_word
        raise DataError(
            f'{found.file.path.name}, {place}: the target "{target.name}" is "{word[:40]}", no number.',
            "Choose classification, or another target.",
        )
    if reading.task != "auto":
        return reading.task
    few = target.whole and not target.overflown and len(target.values) <= _CODED_CLASSES
    return "classification" if target.kind is not Kind.NUMBER or few else "regression"


def _classes(target: Column, found: Records) -> tuple[str, ...]:
    if target.overflown or len(target.values) > _MOST_CLASSES:
        raise DataError(
            f'{found.file.path.name}: the target "{target.name}" has more than {_MOST_CLASSES} different values.',
            "Choose regression, or the column that holds the class.",
        )
    return target.sorted_values()


def _features(
    found: Records, columns: Sequence[Column], target: int, left_out: set[int], missing: str
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns that become features, and what a reader must know of the others."""
    used: list[Column] = []
    notes: list[str] = []
    useless: list[str] = []
    for place, column in enumerate(columns):
        if place == target or place in left_out:
            continue
        if reason := _useless(column):
            useless.append(f'"{column.name}": {reason}')
            notes.append(f'The column "{column.name}" was left out: {reason}.')
            continue
        _check_column(column, found.file.path.name, missing)
        if column.gaps:
            noun = "their mean" if column.kind is Kind.NUMBER else "the most frequent value"
            notes.append(f'{column.gaps} missing values of "{column.name}" were filled with {noun} in training.')
        if column.kind is Kind.NAME and len(column.names) < len(column.values):
            notes.append(f'"{column.name}" has {len(column.values)} different names; the rarer ones share one feature.')
        if column.fingerprint == columns[target].fingerprint:
            notes.append(f'The column "{column.name}" equals the target "{columns[target].name}" in every row: it gives the answer away.')
        used.append(column)
    if not used:
        why = f" ({'; '.join(useless[:_REASONS])}{'; …' if len(useless) > _REASONS else ''})" if useless else ""
        raise DataError(f"{found.file.path.name} has no column to learn from{why}.", "Leave fewer columns out, or choose another target.")
    if (width := sum(len(column.features) for column in used)) > _MOST_FEATURES:
        raise DataError(f"The table becomes {width} features, more than {_MOST_FEATURES}.", "Leave out columns with many different names.")
    return tuple(used), tuple(notes)


def _useless(column: Column) -> str:
    if not column.filled:
        return "it is empty"
    if column.constant:
        return "it has the same value in every row"
    if column.counting and column.rows > _CODED_CLASSES:
        return "it counts the rows"
    if column.unlike and not column.spoilt:
        return "its names hardly ever recur, as those of an identifier"
    return ""


def _check_column(column: Column, file: str, missing: str) -> None:
    if column.spoilt:
        place, word = column.first_word
        raise DataError(
            f'{file}, {place}: "{column.name}" is "{word[:40]}", no number as in nearly all other rows.',
            "Mend the value, empty the cell, or leave the column out.",
        )
    if column.gaps and missing == "refuse":
        raise DataError(
            f'{file}, {column.first_gap}: "{column.name}" is missing ({column.gaps} of {column.rows} rows).',
            "Fill the gaps, leave the column out, or let missing values be filled.",
        )


def _truth(block: Block, plan: _Plan) -> NDArray[Any]:
    cells = block.columns[plan.target.place]
    if plan.task == "regression":
        return np.array([as_number(cell.strip() if isinstance(cell, str) else cell) for cell in cells], dtype=np.float32)
    known = {name: number for number, name in enumerate(plan.classes)}
    return np.array([known[value_name(cell.strip() if isinstance(cell, str) else cell)] for cell in cells], dtype=np.int64)


def _described(
    rows: Rows, plan: _Plan, reading: TableReading, about: tuple[str, tuple[str, ...]], how: Cut, own: int | None
) -> DatasetArtifact:
    truth, classes = rows.truth(), plan.classes
    if TASKS[plan.task].has_classes:
        classes, truth = relabelled(classes, truth, reading.label_map)
        check_labels(truth[:own], classes)
    parts = split_rows(rows, plan.features, truth, how, own, reading.standardise)
    names = tuple(name for column in plan.features for name in column.features)
    unit = reading.unit if plan.task == "regression" else ""
    lacking = gaps(parts.truth, classes) if classes else ()
    name, encodings = about
    return DatasetArtifact(
        kind="table",
        name=name,
        files=parts.files | _preview(rows.folder, parts, plan, classes, unit),
        options={"features": list(names), "target": plan.target.name},
        input=InputSpec(shape=(len(names),), kind="features", mean=parts.mean, std=parts.std),
        task=plan.task,
        classes=classes,
        splits=parts.splits,
        notes=tuple(note for note in (*encodings, *plan.notes, *lacking, *parts.notes) if note),
        unit=unit,
    )


def _preview(folder: Path, parts: Parts, plan: _Plan, classes: tuple[str, ...], unit: str) -> dict[str, str]:
    samples = []
    for split, place in picked(parts.truth, len(classes)):
        row = np.load(folder / parts.files[f"{split}.x"], mmap_mode="r", allow_pickle=False)[place]
        value = parts.truth[split][place]
        label = classes[int(value)] if classes else f"{float(value):.4g} {unit}".strip()
        samples.append(Sample(split=split, label=label, text=_in_words(row, plan.features)))
    columns = len(plan.features)
    return write_preview(
        folder,
        Preview(
            samples=tuple(samples),
            counts=class_counts(parts.truth, len(classes)),
            sizes=f"{sum(len(column.features) for column in plan.features)} features from {columns} column{'' if columns == 1 else 's'}",
            target="" if classes else target_words(np.concatenate(list(parts.truth.values())), unit),
        ),
    )


def _in_words(row: NDArray[np.float32], columns: Sequence[Column]) -> str:
    """ "age 34, city Rome": the first columns of a row."""
    words, start = [], 0
    for column in columns[:_SHOWN]:
        values = row[start : start + len(column.features)]
        start += len(values)
        name = (column.names[int(np.argmax(values))] if values.any() else "—") if column.kind is Kind.NAME else f"{float(values[0]):.4g}"
        words.append(f"{column.name} {name}")
    return ", ".join(words) + (", …" if len(columns) > _SHOWN else "")
