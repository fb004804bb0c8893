"""Folders in MNIST's IDX format (LeCun, "The MNIST database", file formats), plain or gzipped."""

import gzip
import struct
import zlib
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import DatasetArtifact
from greenbench.core.errors import DataError
from greenbench.ml.data.arrays import About, pack
from greenbench.ml.data.cuts import Cut

_BYTES_MAGIC = 0x0800
_CHUNK_BYTES = 1 << 24
_NAMES = "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte"


def idx_folder(source: Path, folder: Path, how: Cut, label_map: str = "", about: About | None = None) -> DatasetArtifact:
    """The data set in `source`: "train" files are cut into train, validation and calibration, "t10k" files are the test split.

    `about` names the classes of a well-known set; without it they are numbers.

    Raises:
        DataError: names the file that is missing, damaged, or does not fit its labels.
    """
    if not source.is_dir():
        raise DataError(f'The folder "{source}" does not exist.', f"Choose the folder that holds {_NAMES}.")
    train = _pair(source, "train")
    test = _pair(source, "t10k")
    if train[0].shape[1:] != test[0].shape[1:]:
        raise DataError(
            f"{source.name}: training images are {_size(train[0])}, test images {_size(test[0])}.", "Take both from one data set."
        )
    count = int(max(train[1].max(initial=0), test[1].max(initial=0))) + 1
    if about is not None and count > len(about.classes):
        raise DataError(
            f"{source.name}: label {count - 1} occurs, but {about.name} has {len(about.classes)} classes.", "Download it again."
        )
    known = about or About("idx", source.name, tuple(str(label) for label in range(count)), label_map=label_map)
    return pack(folder, known, train, how, test)


def _size(images: NDArray[np.uint8]) -> str:
    return "×".join(str(side) for side in images.shape[2:])


def _pair(source: Path, part: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images = read_idx(_find(source, f"{part}-images", "idx3-ubyte"), 3)
    labels = read_idx(_find(source, f"{part}-labels", "idx1-ubyte"), 1)
    if len(images) != len(labels):
        raise DataError(f"{source.name}: {len(images)} {part} images but {len(labels)} labels.", "Take both files from one data set.")
    return images[:, None], labels.astype(np.int64)


def _find(source: Path, stem: str, kind: str) -> Path:
    for name in (f"{stem}-{kind}", f"{stem}.{kind}"):
        for suffix in ("", ".gz"):
            if (source / (name + suffix)).is_file():
                return source / (name + suffix)
    raise DataError(f'"{source}" has no file {stem}-{kind} (or .gz).', f"The folder must hold {_NAMES}.")


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The unsigned bytes of an IDX file.

    Raises:
        DataError: not such a file, cut short, or damaged.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(4 + 4 * dimensions)
            if len(head) < 4 + 4 * dimensions or struct.unpack(">I", head[:4])[0] != _BYTES_MAGIC + dimensions:
                raise DataError(
                    f"{path.name} is not an IDX file of bytes with {dimensions} dimensions.", "Check the file, or download it again."
                )
            shape = struct.unpack(f">{dimensions}I", head[4:])
            expected = int(np.prod(shape, dtype=object))
            data = _at_most(file, expected + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} cannot be read: {error}.", "Download it again.") from None
    if len(data) != expected:
        has = f"{len(head) + len(data)}" if len(data) < expected else f"more than {len(head) + expected}"
        raise DataError(
            f"{path.name} has {has} bytes; its header asks for {len(head) + expected}.", "It is cut short or damaged: download it again."
        )
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)


def _at_most(file: BufferedIOBase, count: int) -> bytes:
    """What is left of a stream, but no more than `count` bytes: neither a header nor a packed file that lies fills the memory."""
    parts: list[bytes] = []
    while count > 0 and (part := file.read(min(count, _CHUNK_BYTES))):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
