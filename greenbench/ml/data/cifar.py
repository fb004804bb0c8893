"""CIFAR-10 and CIFAR-100 in the files their authors published: the Python version (pickles, of which arrays alone are let in) and the
binary one, as a folder or packed as .tar.gz (Krizhevsky 2009, Learning multiple layers of features from tiny images)."""

import io
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import DatasetArtifact
from greenbench.core.errors import DataError
from greenbench.ml.data.arrays import About, pack
from greenbench.ml.data.cuts import Cut
from greenbench.ml.files.archives import unpack

Kind = Literal["fine", "coarse"]
LICENCE = "no licence stated by its authors; cite Krizhevsky 2009"
_SHAPE = (3, 32, 32)
_PIXELS = 3072
_UNPACKED_LIMIT = 1_000_000_000
_FORM = "Choose cifar-10-python.tar.gz, cifar-100-binary.tar.gz …, or the folder that was unpacked from one."
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}

_Pair = tuple[NDArray[np.uint8], NDArray[np.int64]]


def cifar(source: Path, folder: Path, kind: Kind, how: Cut, label_map: str = "") -> DatasetArtifact:
    """The data set in `source`: its test file is the test split. `kind` chooses CIFAR-100's 100 classes or its 20 superclasses.

    Raises:
        DataError: names the file that is missing, damaged, or holds something else than arrays.
        FileFormatError: the archive is damaged or hostile.
    """
    if source.is_file():
        with tempfile.TemporaryDirectory(dir=folder) as place:
            unpack(source, Path(place), _UNPACKED_LIMIT)
            return _read(Path(place), source.name, folder, kind, how, label_map)
    if not source.is_dir():
        raise DataError(f'"{source}" does not exist.', _FORM)
    return _read(source, source.name, folder, kind, how, label_map)


def _read(place: Path, name: str, folder: Path, kind: Kind, how: Cut, label_map: str) -> DatasetArtifact:
    readers: tuple[tuple[str, str, Callable[[Path, Kind], tuple[tuple[str, ...], _Pair, _Pair]]], ...] = (
        ("batches.meta", "CIFAR-10", _python_10),
        ("batches.meta.txt", "CIFAR-10", _binary_10),
        ("meta", "CIFAR-100", _python_100),
        ("fine_label_names.txt", "CIFAR-100", _binary_100),
    )
    for folder_inside in (place, *sorted(child for child in place.iterdir() if child.is_dir())):
        for mark, title, read in readers:
            if (folder_inside / mark).is_file():
                classes, train, test = read(folder_inside, kind)
                for part, (_, labels) in (("training", train), ("test", test)):
                    _in_range(labels, len(classes), f"{name}, {part} images")
                about = About("cifar", f"{title}, 20 superclasses" if len(classes) == 20 else title, classes, LICENCE, label_map)
                return pack(folder, about, train, how, test)
    raise DataError(f'"{name}" holds none of the files of CIFAR-10 or CIFAR-100.', _FORM)


def _in_range(labels: NDArray[np.int64], classes: int, where: str) -> None:
    outside = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(outside):
        raise DataError(
            f"{where}: label {int(labels[outside[0]])} of image {int(outside[0])} is outside the {classes} classes.", "Download it again."
        )


def _python_10(place: Path, kind: Kind) -> tuple[tuple[str, ...], _Pair, _Pair]:
    classes = _names(_unpickled(place / "batches.meta"), b"label_names", place / "batches.meta")
    batches = [_batch(place / f"data_batch_{number}", b"labels") for number in range(1, 6)]
    train = np.concatenate([images for images, _ in batches]), np.concatenate([labels for _, labels in batches])
    return classes, train, _batch(place / "test_batch", b"labels")


def _python_100(place: Path, kind: Kind) -> tuple[tuple[str, ...], _Pair, _Pair]:
    classes = _names(_unpickled(place / "meta"), f"{kind}_label_names".encode(), place / "meta")
    key = f"{kind}_labels".encode()
    return classes, _batch(place / "train", key), _batch(place / "test", key)


def _binary_10(place: Path, kind: Kind) -> tuple[tuple[str, ...], _Pair, _Pair]:
    batches = [_records(place / f"data_batch_{number}.bin", 1, 0) for number in range(1, 6)]
    train = np.concatenate([images for images, _ in batches]), np.concatenate([labels for _, labels in batches])
    return _lines(place / "batches.meta.txt"), train, _records(place / "test_batch.bin", 1, 0)


def _binary_100(place: Path, kind: Kind) -> tuple[tuple[str, ...], _Pair, _Pair]:
    column = 0 if kind == "coarse" else 1
    train, test = (_records(place / f"{part}.bin", 2, column) for part in ("train", "test"))
    return _lines(place / f"{kind}_label_names.txt"), train, test


class _ArraysOnly(pickle.Unpickler):
    """Reads containers, text, numbers and NumPy arrays; anything else that a pickle could call is refused before it is called."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks to run {module}.{name}")
        return super().find_class(module, name)


def _unpickled(path: Path) -> dict[bytes, Any]:
    try:
        found = _ArraysOnly(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}.", _FORM) from None
    except Exception as error:  # noqa: BLE001 - a damaged pickle can raise anything that its opcodes and constructors raise
        raise DataError(f"{path.name} is not one of CIFAR's files, and was not loaded: {error}.", "Download it again.") from None
    if not isinstance(found, dict):
        raise DataError(f"{path.name} is not one of CIFAR's files.", "Download it again.")
    return found


def _names(found: dict[bytes, Any], key: bytes, path: Path) -> tuple[str, ...]:
    names = found.get(key)
    if not isinstance(names, list) or not all(isinstance(name, bytes | str) for name in names):
        raise DataError(f"{path.name} names no classes.", "Download it again.")
    return tuple(_plain(name.decode("utf-8", "replace") if isinstance(name, bytes) else name) for name in names)


def _batch(path: Path, key: bytes) -> _Pair:
    found = _unpickled(path)
    images, labels = found.get(b"data"), found.get(key)
    right = isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.ndim == 2 and images.shape[1] == _PIXELS
    if not right or not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise DataError(f"{path.name} has no images of 32×32 with {key.decode()}.", "Download it again.")
    assert isinstance(images, np.ndarray)
    return _pair(images, np.array(labels, dtype=np.int64), path)


def _records(path: Path, labels: int, column: int) -> _Pair:
    """Records of `labels` bytes and 3,072 pixels."""
    try:
        content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}.", _FORM) from None
    size = labels + _PIXELS
    if len(content) == 0 or len(content) % size:
        raise DataError(f"{path.name} has {len(content)} bytes, which is no multiple of {size}: it is cut short.", "Download it again.")
    rows = content.reshape(-1, size)
    return _pair(rows[:, labels:], rows[:, column].astype(np.int64), path)


def _pair(images: NDArray[np.uint8], labels: NDArray[np.int64], path: Path) -> _Pair:
    if len(images) != len(labels):
        raise DataError(f"{path.name} has {len(images)} images but {len(labels)} labels.", "Download it again.")
    return np.ascontiguousarray(images).reshape(-1, *_SHAPE), labels


def _lines(path: Path) -> tuple[str, ...]:
    try:
        return tuple(_plain(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip())
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{path.name} cannot be read.", "Download it again.") from None


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split())
