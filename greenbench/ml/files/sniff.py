"""What a model file is, by its content and never by its name. Reads heads and tables of contents only; no torch, no onnx."""

import json
import tarfile
import zipfile
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from greenbench.core.errors import FileFormatError
from greenbench.ml.files.archives import safe_members
from greenbench.ml.files.protobuf import top_fields

LARGEST_BYTES = 500 * 10**9
_HEAD_BYTES = 4096
_TABLE_END_BYTES = 22 + 65535  # the end of a zip's table of contents, with the longest comment
_HEADER_LIMIT_BYTES = 100_000_000  # the limit of safetensors itself
_GET_IT_AGAIN = "Download it again, and compare its size with the one given at its source."
_MODEL_FILES = "Choose a model: safetensors, a PyTorch state dict, TorchScript, .pt2, ONNX or OpenVINO (.xml)."


class Kind(StrEnum):
    """The forms of files that are told apart."""

    SAFETENSORS = "safetensors"
    CHECKPOINT = "PyTorch checkpoint"
    OLD_CHECKPOINT = "old PyTorch checkpoint"
    TAR_CHECKPOINT = "very old PyTorch checkpoint"
    TORCHSCRIPT = "TorchScript"
    EXPORTED = "torch.export"
    ONNX = "ONNX"
    OPENVINO = "OpenVINO"
    PICKLE = "pickle"


@dataclass(frozen=True)
class Sniffed:
    """`entries` are the names inside a zip archive; `tensors`, `dtypes` and `metadata` what the header of a safetensors file says."""

    kind: Kind
    size_bytes: int
    entries: tuple[str, ...] = ()
    tensors: dict[str, tuple[int, ...]] = field(default_factory=dict)
    dtypes: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)

    def entry(self, ending: str) -> str:
        """The name of the one entry that ends so, whatever folder the archive wraps around it; "" if there is none."""
        return next((name for name in self.entries if name == ending or name.endswith(f"/{ending}")), "")


# What starts a file that is surely not a model that can be read here.
_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras)"),
    (4, b"TFL3", "a TensorFlow Lite model"),
    (0, b"GGUF", "a GGUF file of a language model"),
    (0, b"\x93NUMPY", "a NumPy array, not a network"),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x1f\x8b", "packed with gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (0, b"\xfd7zXZ", "packed with xz"),
    (0, b"BZh", "packed with bzip2"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
)
_OLD_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


def sniff(path: Path) -> Sniffed:
    """What a file is.

    Raises:
        FileFormatError: it is not there, empty, cut short, or nothing that holds a model; says what it is instead.
    """
    try:
        if path.is_dir():
            raise FileFormatError(f"{path} is a folder, not a file.", _MODEL_FILES)
        size = path.stat().st_size
        with open(path, "rb") as stream:
            head = stream.read(_HEAD_BYTES)
            if not size:
                raise FileFormatError(f"{path.name} is empty: it has 0 bytes.", _GET_IT_AGAIN)
            _refuse_text(path, head)
            if head.startswith(b"PK\x03\x04"):
                return _zip(path, size)
            if _looks_like_safetensors(head):
                return _safetensors(path, stream, size)
            found = _other(path, stream, head, size)
    except FileNotFoundError:
        raise FileFormatError(f"The file {path} does not exist.", "Check the path.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise FileFormatError(f"{path.name} cannot be read: {reason}.", "Check the path and its permissions.") from None
    if found is None:
        raise FileFormatError(f"{path.name} is no kind of model file that is known here.", _MODEL_FILES)
    return Sniffed(found, size)


def _refuse_text(path: Path, head: bytes) -> None:
    """Pages and pointers that a download left in the place of the file."""
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        raise FileFormatError(
            f"{path.name} is a Git LFS pointer, not the file itself: the repository was copied without its large files.",
            'Run "git lfs pull" there, or download the file by itself.',
        )
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        raise FileFormatError(
            f"{path.name} is a web page, not a model: the download brought a page in its place.",
            "Open the address in a browser, sign in if it asks, and download the file itself.",
        )


def _looks_like_safetensors(head: bytes) -> bool:
    return len(head) > 8 and head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= _HEADER_LIMIT_BYTES


def _safetensors(path: Path, stream: IO[bytes], size: int) -> Sniffed:
    """Reads the header (https://github.com/huggingface/safetensors#format): its length in 8 bytes, JSON, then the numbers."""
    stream.seek(0)
    length = int.from_bytes(stream.read(8), "little")
    if 8 + length > size:
        raise _cut_short(path, f"its header alone has {length:,} bytes, the file {size:,}")
    try:
        header: dict[str, Any] = json.loads(stream.read(length))
        metadata = {str(key): str(value) for key, value in header.pop("__metadata__", {}).items()}
        tensors = {name: tuple(int(side) for side in entry["shape"]) for name, entry in header.items()}
        dtypes = {name: str(entry["dtype"]) for name, entry in header.items()}
        end = 8 + length + max((int(entry["data_offsets"][1]) for entry in header.values()), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise FileFormatError(f"{path.name} looks like safetensors, but its header is damaged: {error}.", _GET_IT_AGAIN) from None
    if end > size:
        raise _cut_short(path, f"its tensors take {end:,} bytes, the file has {size:,}")
    return Sniffed(Kind.SAFETENSORS, size, tensors=tensors, dtypes=dtypes, metadata=metadata)


def _zip(path: Path, size: int) -> Sniffed:
    """torch writes checkpoints, TorchScript and exported programs alike as zip; what lies in it tells them apart."""
    if not zipfile.is_zipfile(path) or not _ends_as_zip(path, size):
        raise _cut_short(path, "its table of contents, which comes last, is missing")
    names = tuple(member.name for member in safe_members(path, LARGEST_BYTES))
    found = Sniffed(Kind.CHECKPOINT, size, entries=names)
    inner = {name.partition("/")[2] for name in names} | set(names)
    if any("data/aotinductor/" in name or name.endswith((".so", ".dll", ".dylib")) for name in names):
        raise FileFormatError(
            f"{path.name} is compiled machine code (AOTInductor), which cannot be looked into or moved.",
            "Give the network as torch.export wrote it, before it was compiled.",
        )
    if any(name.startswith("models/") and name.endswith(".json") for name in inner) or "serialized_exported_program.json" in inner:
        return Sniffed(Kind.EXPORTED, size, entries=names)
    if "constants.pkl" in inner or any(name.startswith("code/") for name in inner):
        return Sniffed(Kind.TORCHSCRIPT, size, entries=names)
    if "data.pkl" in inner:
        return found
    if names and all(name.endswith(".npy") for name in names):
        raise FileFormatError(f"{path.name} is a NumPy archive: arrays, not a network.", "Use it as a data set, or save a state dict.")
    if "model.weights.h5" in names:
        raise FileFormatError(f"{path.name} is a Keras model.", "Convert it to ONNX (tf2onnx), and choose that file.")
    raise FileFormatError(f"{path.name} is a zip archive without a model that is known here.", f"Unpack it first. {_MODEL_FILES}")


def _ends_as_zip(path: Path, size: int) -> bool:
    """Whether the last table of contents ends where the file does: an archive inside a torn one has a table too."""
    with open(path, "rb") as stream:
        stream.seek(max(0, size - _TABLE_END_BYTES))
        tail = stream.read()
    place = tail.rfind(b"PK\x05\x06")
    return place >= 0 and place + 22 + int.from_bytes(tail[place + 20 : place + 22], "little") == len(tail)


def _other(path: Path, stream: IO[bytes], head: bytes, size: int) -> Kind | None:
    if head.startswith(_OLD_MAGIC):
        return Kind.OLD_CHECKPOINT
    for offset, magic, words in _OTHERS:
        if head[offset : offset + len(magic)] == magic:
            raise FileFormatError(f"{path.name} is {words}.", _MODEL_FILES)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<net")):
        if b"<net" in head:
            return Kind.OPENVINO
        raise FileFormatError(f"{path.name} is an XML file, but not an OpenVINO model.", _MODEL_FILES)
    if len(head) > 257 + 5 and head[257:262] == b"ustar":
        return _tar(path)
    if head[:1] == b"\x80" and head[1:2] in b"\x01\x02\x03\x04\x05":
        return Kind.PICKLE
    fields, complete = top_fields(stream, size)
    if {1, 7} <= fields.keys() and all(number in _ONNX_FIELDS for number in fields):
        if not complete:
            raise _cut_short(path, "its graph goes on behind the end of the file")
        return Kind.ONNX
    return None


# Of ModelProto (onnx.proto): version, producer, domain, graph, opsets, metadata, functions …
_ONNX_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})


def _tar(path: Path) -> Kind:
    with tarfile.open(path) as bundle:
        names = {bundle_name.removeprefix("./") for bundle_name in bundle.getnames()[:100]}
    if {"pickle", "storages", "tensors"} <= names:
        return Kind.TAR_CHECKPOINT
    raise FileFormatError(f"{path.name} is a tar archive.", f"Unpack it first. {_MODEL_FILES}")


def _cut_short(path: Path, how: str) -> FileFormatError:
    return FileFormatError(f"{path.name} is cut short, perhaps half a download: {how}.", _GET_IT_AGAIN)
