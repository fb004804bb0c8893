"""Data sets in Hugging Face's folder forms: what datasets.save_to_disk writes (Arrow), or Parquet shards as on the hub. Read by pyarrow."""

import json
import re
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from greenbench.core.artifact import DatasetArtifact
from greenbench.core.errors import DataError
from greenbench.ml.data.arrays import About
from greenbench.ml.data.cuts import Cut, Normalise
from greenbench.ml.data.framing import Framing
from greenbench.ml.data.packed_images import PictureStore, pack_pictures
from greenbench.ml.data.texts import pack_texts

_FORM = "Choose the folder that save_to_disk wrote, or one with train-….parquet files."
_SPLITS = {"train": "pool", "training": "pool", "test": "test", "validation": "validation", "valid": "validation", "val": "validation"}
_SPLITS |= {"dev": "validation"}
_LABELS = ("label", "labels", "fine_label", "coarse_label", "class", "category", "target")
_BATCH = 256
_CARD_CHARACTERS = 20_000
_DAMAGED = (pa.ArrowException, OSError, ValueError, KeyError)


@dataclass(frozen=True)
class Columns:
    """Which columns hold the input and the label, by name; "" finds them."""

    input: str = ""
    label: str = ""


@dataclass
class _Found:
    """The shards of each part, and what the files say about their columns."""

    parts: dict[str, list[Path]]
    schema: pa.Schema
    features: dict[str, Any] = field(default_factory=dict)
    licence: str = ""


def hugging_face(
    source: Path,
    folder: Path,
    columns: Columns,
    frame: tuple[Framing, Normalise],
    about: tuple[Cut, str],
    tick: Callable[[float], None],
) -> DatasetArtifact:
    """The data set in `source`: pictures (framed by `frame`) or sentences with a label. `about` is the cut and the path of a label map.

    Raises:
        DataError: no such folder, no column that can be used, or damaged files, which it names.
    """
    how, label_map = about
    found = _found(source)
    label = _label_column(found, columns.label)
    given, kind = _input_column(found, columns.input, label)
    if kind == "image":
        with closing(PictureStore(folder, frame[0])) as store:
            labels, classes, notes = _pictures(source, found, (given, label), store, tick)
            data = pack_pictures(About("images", source.name, classes, found.licence, label_map), store, labels, how, (folder, *frame))
    else:
        texts, labels, classes, notes = _texts(found, (given, label), tick)
        held = (texts["test"], labels["test"]) if "test" in texts else None
        pool = [*texts["pool"], *texts.get("validation", [])]
        truth = np.concatenate([labels[part] for part in ("pool", "validation") if part in labels])
        data = pack_texts(folder, About("text", source.name, classes, found.licence, label_map), (pool, truth), how, held)
    return data.model_copy(update={"notes": (*notes, *data.notes)})


def _found(source: Path) -> _Found:
    if not source.is_dir():
        what = "is a file, not a folder" if source.is_file() else "does not exist"
        raise DataError(f'"{source}" {what}.', _FORM)
    shards: dict[str, list[Path]] = {}
    for name, files in (_saved(source) or _parquet(source)).items():
        shards.setdefault(_SPLITS.get(name, name), []).extend(files)
    if not shards:
        raise DataError(f'"{source}" holds no Arrow or Parquet files.', _FORM)
    if "pool" not in shards:
        first = "validation" if "validation" in shards and len(shards) > 1 else next(iter(shards))
        shards["pool"] = shards.pop(first)
    if "test" not in shards and "validation" in shards:
        shards["test"] = shards.pop("validation")  # the held-out part is what results are reported on
    parts: dict[str, list[Path]] = {part: shards[part] for part in ("pool", "test", "validation") if part in shards}
    schema = _schema(parts["pool"][0])
    features, licence = _described(source, parts["pool"][0], schema)
    return _Found(parts, schema, features, licence)


def _saved(source: Path) -> dict[str, list[Path]]:
    """The Arrow files of save_to_disk, by split; empty if it is none."""
    outer = _json(source / "dataset_dict.json")
    folders = {str(name): source / str(name) for name in outer.get("splits", [])} if outer else {"train": source}
    found = {}
    for name, folder in folders.items():
        files = [folder / Path(str(entry.get("filename", ""))).name for entry in _json(folder / "state.json").get("_data_files", [])]
        missing = [file for file in files if not file.is_file()]
        if missing:
            raise DataError(f"{missing[0].name} of {name} is not there: the folder is not complete.", "Copy all of it.")
        if files:
            found[name] = files
        elif outer:
            raise DataError(f'The split "{name}" has no files: the folder is not complete.', "Copy all of it.")
    return found


def _parquet(source: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(source.rglob("*.parquet")):
        stem = re.split(r"[-_.]\d|-of-", path.stem)[0].lower()
        name = stem if stem in _SPLITS else (path.parent.name.lower() if path.parent != source else stem)
        found.setdefault(name if name in _SPLITS else (stem or "train"), []).append(path)
    return found


def _json(path: Path) -> dict[str, Any]:
    """A JSON object, empty where there is no such file.

    Raises:
        DataError: it is no JSON.
    """
    if not path.is_file():
        return {}
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path.name} cannot be read: {error}.", "Copy the folder again.") from None
    return read if isinstance(read, dict) else {}


def _schema(path: Path) -> pa.Schema:
    try:
        if path.suffix == ".parquet":
            return pq.read_schema(path)
        with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as reader:
            return reader.schema
    except _DAMAGED as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: BaseException) -> DataError:
    return DataError(
        f"{path.name} cannot be read: {str(error).splitlines()[0] if str(error) else 'damaged'}.", "Copy or download it again."
    )


def _described(source: Path, shard: Path, schema: pa.Schema) -> tuple[dict[str, Any], str]:
    """The features and the licence that the folder or the shard itself declares."""
    info = _json(shard.parent / "dataset_info.json") or _json(source / "dataset_info.json")
    inside: dict[str, Any] = {}
    try:
        inside = json.loads((schema.metadata or {}).get(b"huggingface", b"{}")).get("info", {})
    except (ValueError, AttributeError, RecursionError):
        pass  # a foreign note under that name: the columns are told from their types
    features = info.get("features") or inside.get("features") or {}
    licence = info.get("license") or inside.get("license") or _card_licence(source / "README.md")
    return (features if isinstance(features, dict) else {}), str(licence)


def _card_licence(card: Path) -> str:
    """The licence that a data card on the hub names in its first lines, as "license: mit" or as a list."""
    try:
        with card.open(encoding="utf-8", errors="replace") as file:
            head = file.read(_CARD_CHARACTERS)
    except OSError:
        return ""
    found = re.search(r"^license:[ \t]*(?:\n[ \t]*-[ \t]*)?([\w.+-]+)[ \t]*$", head, re.MULTILINE)
    return found.group(1) if found and head.startswith("---") else ""


def _label_column(found: _Found, asked: str) -> str:
    names: list[str] = list(found.schema.names)
    if asked.strip():
        if asked.strip() not in names:
            raise DataError(f'There is no column "{asked.strip()}"; there are {", ".join(names)}.', "Choose one of them.")
        return asked.strip()
    declared = [name for name in names if _feature(found, name).get("_type") == "ClassLabel"]
    guessed = declared or [name for name in _LABELS if name in names]
    if not guessed:
        raise DataError(f"No column looks like a label; there are {', '.join(names)}.", "Choose the column with the label.")
    return guessed[0]


def _input_column(found: _Found, asked: str, label: str) -> tuple[str, str]:
    """The column of the examples, and "image" or "text"."""
    kinds = {name: _kind(found, name) for name in found.schema.names if name != label}
    if asked.strip():
        kind = kinds.get(asked.strip(), "")
        if not kind:
            raise DataError(f'"{asked.strip()}" is no column of images or text; there are {", ".join(kinds)}.', "Choose one of them.")
        return asked.strip(), kind
    for wanted in ("image", "text"):
        found_one = next((name for name, kind in kinds.items() if kind == wanted), None)
        if found_one is not None:
            return found_one, wanted
    raise DataError(f"No column holds images or text; there are {', '.join(kinds) or 'none'}.", _FORM)


def _kind(found: _Found, name: str) -> str:
    type_ = found.schema.field(name).type
    if pa.types.is_struct(type_) and type_.get_field_index("bytes") >= 0:
        return "image"
    if pa.types.is_binary(type_) or pa.types.is_large_binary(type_):
        return "image"
    return "text" if pa.types.is_string(type_) or pa.types.is_large_string(type_) else ""


def _feature(found: _Found, name: str) -> dict[str, Any]:
    feature = found.features.get(name)
    return feature if isinstance(feature, dict) else {}


def _rows(shards: list[Path], columns: tuple[str, str]) -> Iterator[tuple[Path, int, Any, Any]]:
    """Shard, row number, input and label, a few hundred at a time in memory."""
    for path in shards:
        row = 0
        for batch in _batches(path, columns):
            values = [batch.column(batch.schema.get_field_index(name)) for name in columns]
            for given, label in zip(*values, strict=True):
                yield path, row, given.as_py(), label.as_py()
                row += 1


def _batches(path: Path, columns: tuple[str, str]) -> Iterator[pa.RecordBatch]:
    try:
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                yield from file.iter_batches(batch_size=_BATCH, columns=list(columns))
            return
        with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                for start in range(0, batch.num_rows, _BATCH):
                    yield batch.slice(start, _BATCH)
    except _DAMAGED as error:
        raise _damaged(path, error) from None


class _Truth:
    """The labels of all parts as they are met, and those that say nothing (−1, as the hub marks hidden ones)."""

    def __init__(self, names: list[str]) -> None:
        self._names = {name: number for number, name in enumerate(names)}
        self._declared = len(names)
        self._numbers: dict[str, array[int]] = {}
        self.hidden = 0

    def add(self, part: str, label: Any, where: str) -> None:
        """Appends a label that `known` let pass."""
        number = label if self._declared and isinstance(label, int) else self._names.setdefault(str(label), len(self._names))
        if self._declared and not 0 <= number < self._declared:
            raise DataError(f"{where}: label {label} is outside the {self._declared} classes.", "Mend the data set, or drop this row.")
        self._numbers.setdefault(part, array("q")).append(number)

    def known(self, label: Any) -> bool:
        """Whether it says anything; if not, it is counted."""
        if label is None or label == -1:
            self.hidden += 1
            return False
        return True

    def finish(self) -> tuple[dict[str, np.ndarray[Any, np.dtype[np.int64]]], tuple[str, ...], tuple[str, ...]]:
        """Labels by part, class names (numbers in their order, names sorted, unless they were declared), and notes."""
        names = list(self._names)
        whole = all(name.isdecimal() for name in names)
        order = names if self._declared else sorted(names, key=(lambda name: (int(name), name)) if whole else None)
        places = np.array([order.index(name) for name in names] or [0], dtype=np.int64)
        labels = {part: places[np.array(numbers, dtype=np.int64)] for part, numbers in self._numbers.items()}
        note = f"{self.hidden} {'row has' if self.hidden == 1 else 'rows have'} no label and were left out."
        return labels, tuple(order), (note,) if self.hidden else ()


_Labelled = tuple[dict[str, np.ndarray[Any, np.dtype[np.int64]]], tuple[str, ...], tuple[str, ...]]


def _pictures(source: Path, found: _Found, columns: tuple[str, str], store: PictureStore, tick: Callable[[float], None]) -> _Labelled:
    truth = _truth(found, columns[1])
    shards = sum(len(files) for files in found.parts.values())
    done: set[Path] = set()
    for part, files in found.parts.items():
        for path, row, given, label in _rows(files, columns):
            if row % 64 == 0:
                done.add(path)
                tick((len(done) - 1) / shards)
            if not truth.known(label):
                continue
            where = f"{path.name}, row {row}"
            if store.add(_content(source, given), where):
                truth.add(part, label, where)
    return _complete(truth, found)


def _content(source: Path, given: Any) -> bytes:
    """The encoded picture of a cell: its bytes, or those of the file inside the folder that it names."""
    if isinstance(given, dict):
        content, path = given.get("bytes"), given.get("path")
        if not content and path:
            inside = (source / str(path)).resolve()
            if inside.is_file() and inside.is_relative_to(source.resolve()):
                try:
                    return inside.read_bytes()
                except OSError:
                    return b""  # counted as broken
        given = content
    return given if isinstance(given, bytes) else b""


def _texts(found: _Found, columns: tuple[str, str], tick: Callable[[float], None]) -> tuple[dict[str, list[str]], *_Labelled]:
    truth = _truth(found, columns[1])
    texts: dict[str, list[str]] = {}
    for number, (part, files) in enumerate(found.parts.items()):
        for path, row, given, label in _rows(files, columns):
            if row % 4096 == 0:
                tick(number / len(found.parts))
            if truth.known(label if str(given or "").strip() else None):
                truth.add(part, label, f"{path.name}, row {row}")
                texts.setdefault(part, []).append(str(given))
    return texts, *_complete(truth, found)


def _truth(found: _Found, column: str) -> _Truth:
    names = _feature(found, column).get("names")
    return _Truth([str(name) for name in names] if isinstance(names, list) else [])


def _complete(truth: _Truth, found: _Found) -> _Labelled:
    labels, classes, notes = truth.finish()
    if "pool" not in labels:
        raise DataError(f"No row of {found.parts['pool'][0].name} has an example with a label.", "Choose another column for the label.")
    return labels, classes, notes
