"""Our own lossless file of weights: each tensor coded in the smallest way that reads back bit for bit.

Its size answers "how few bytes could this model be shipped in": zeros and shared values only pay off in a format that
knows of them (Han 2016, Deep compression, sections 2 to 4). Reading gives back every bit, so the size is that of a working model.

    file = magic | length of header | deflated header (JSON) | streams … | CRC-32 of all before

greenbench.ml.compress.tensor_coding says what the streams of a tensor are.
"""

import json
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from greenbench.core.errors import FileFormatError, ModelError
from greenbench.ml.compress import streams, tensor_coding
from greenbench.ml.compress.tensor_coding import SMALLEST, Coding

Array = npt.NDArray[Any]
Tensors = Mapping[str, Array]

MAGIC = b"GBPACK\x02\n"
_FIRST = b"GBPACK\x01\n"  # knew no steps and no Huffman's code of our own; still read
_LENGTH = struct.Struct("<I")
EASILY_CODED = 2_000_000  # numbers: more take a second and longer
_EXTRA_DTYPES = {
    name: np.dtype(getattr(ml_dtypes, name))
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "int4", "uint4")
}


@dataclass(frozen=True)
class Ledger:
    """Where the bytes of a packed file go; the parts add up to the file. `positions` are the steps between non-zeros, `tables`
    those of Huffman's code, `header` names, shapes and the checksum."""

    weights: int = 0
    masks: int = 0
    positions: int = 0
    indices: int = 0
    codebooks: int = 0
    tables: int = 0
    header: int = 0

    @property
    def total(self) -> int:
        return sum(bytes for _, bytes in self.lines)

    @property
    def lines(self) -> tuple[tuple[str, int], ...]:
        """The parts that are there, by what a person calls them."""
        named = (
            ("positions of non-zeros", self.positions + self.masks),
            ("codebook indices", self.indices),
            ("codebooks", self.codebooks),
            ("Huffman tables", self.tables),
            ("plain values", self.weights),
            ("names and shapes", self.header),
        )
        return tuple(line for line in named if line[1])


def encode(tensors: Tensors, check: Callable[[], None] | None = None, coding: Coding = SMALLEST) -> bytes:
    """The packed file as bytes; the tensors by name, so that the same ones give the same bytes in whatever order they come. `check` is
    called before each of them, and may raise Cancelled. `coding` other than the smallest codes weights that are neither sparse nor
    shared, and all other tensors, as they are.

    Raises:
        ModelError: a tensor of Python objects or records, which has no bits of its own.
    """
    header: list[list[Any]] = []
    body: list[bytes] = []
    for name, tensor in sorted(tensors.items()):
        if check:
            check()
        array = np.asarray(tensor)
        coded = tensor_coding.code(_bits(array, name), coding.step_bits(array.ndim))
        parts = [[stream.part, stream.raw, len(stream.data), int(stream.deflated)] for stream in coded.streams]
        counts = (coded.width, coded.distinct, coded.kept, coded.step)
        header.append([name, _dtype_name(array.dtype), list(array.shape), coded.coding, *counts, parts])
        body.extend(stream.data for stream in coded.streams)
    text = zlib.compress(json.dumps(header, separators=(",", ":")).encode(), 9)
    whole = b"".join([MAGIC, _LENGTH.pack(len(text)), text, *body])
    return whole + _LENGTH.pack(zlib.crc32(whole))


def decode(data: bytes, name: str = "The packed file") -> dict[str, Array]:
    """The tensors of a packed file, bit for bit, by name.

    Raises:
        FileFormatError: it is damaged, cut short, or not a packed file.
    """
    found: dict[str, Array] = {}
    try:
        entries, offset = _header(data, name)
        for tensor, dtype_name, shape, coding, width, distinct, kept, *step, written in entries:
            parts: list[tensor_coding.Part] = []
            for part, raw, stored, deflated in written:
                chunk = data[offset : offset + stored]
                offset += stored
                parts.append((part, streams.inflate(chunk, raw) if deflated else chunk))
            dtype = _dtype(dtype_name)
            count = int(np.prod(shape, dtype=np.int64))
            counts = (width, distinct, kept, step[0] if step else 0)
            values = tensor_coding.restore(coding, parts, (count, dtype.itemsize), counts)
            found[tensor] = values.view(dtype).reshape(shape)
    except (ValueError, TypeError, KeyError, IndexError, struct.error, zlib.error) as error:
        raise FileFormatError(f"{name} is damaged: {error}.", "Run the step again to write it anew.") from None
    return found


def write(tensors: Tensors, path: Path, coding: Coding = SMALLEST) -> int:
    """Writes a packed file and returns its size in bytes; raises like `encode`."""
    data = encode(tensors, coding=coding)
    Path(path).write_bytes(data)
    return len(data)


def read(path: Path) -> dict[str, Array]:
    """Reads a packed file; raises like `decode`."""
    return decode(Path(path).read_bytes(), Path(path).name)


def ledger(data: bytes) -> Ledger:
    """The bytes of a packed file by part; raises FileFormatError like `decode`."""
    entries, _ = _header(data, "The packed file")
    parts = {"weights": 0, "masks": 0, "positions": 0, "indices": 0, "codebooks": 0, "tables": 0}
    for *_, written in entries:
        for part, _raw, stored, _deflated in written:
            parts[part] += stored
    return Ledger(**parts, header=len(data) - sum(parts.values()))


@dataclass(frozen=True)
class TensorBytes:
    """One tensor of a packed file: its bytes plain, in the file, and with every step and index at its fixed width, before any entropy
    coding (the middle column of Han 2016, tables 2 to 5)."""

    name: str
    plain: int
    coded: int
    fixed: int


def tensor_bytes(data: bytes) -> tuple[TensorBytes, ...]:
    """The tensors of a packed file by their bytes; raises FileFormatError like `decode`."""
    entries, _ = _header(data, "The packed file")
    found: list[TensorBytes] = []
    for name, dtype_name, shape, coding, width, distinct, kept, *step, written in entries:
        count, itemsize = int(np.prod(shape, dtype=np.int64)), _dtype(dtype_name).itemsize
        values = kept if coding.startswith(("sparse", "relative")) else count
        bits = values * (width if coding.endswith("codebook") else 8 * itemsize)
        bits += values * (step[0] if step else 0) + (count if coding.startswith("sparse") else 0)
        fixed = -(-bits // 8) + distinct * itemsize
        found.append(TensorBytes(name, count * itemsize, sum(stored for _part, _raw, stored, _deflated in written), fixed))
    return tuple(found)


def coded_size(model: Any, check: Callable[[], None] | None = None) -> int:
    """Bytes of the packed file of a torch module, a state dict, or a mapping of arrays; `check` as for `encode`."""
    state = model.state_dict() if hasattr(model, "state_dict") else model
    return len(encode(arrays(state), check))


def arrays(state: Mapping[str, Any]) -> dict[str, Array]:
    """NumPy views of a state dict's tensors, also of the types NumPy has no name for (bfloat16, float8)."""
    return {name: _from_tensor(value) if hasattr(value, "detach") else np.asarray(value) for name, value in state.items()}


def tensors(state: Mapping[str, Array]) -> dict[str, Any]:
    """The inverse of `arrays`: torch tensors with the same bits."""
    import torch

    found = {}
    for name, array in state.items():
        flat = torch.from_numpy(np.frombuffer(array.tobytes(), np.uint8).copy())
        found[name] = flat.view(getattr(torch, array.dtype.name)).reshape(array.shape)
    return found


def onnx_arrays(path: Path) -> dict[str, Array]:
    """The initialisers of an ONNX file by name."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    return {initializer.name: numpy_helper.to_array(initializer) for initializer in graph.initializer}


def _from_tensor(tensor: Any) -> Array:
    tensor = tensor.detach().cpu().contiguous()
    name = str(tensor.dtype).removeprefix("torch.")
    if name in _EXTRA_DTYPES:
        import torch

        flat = tensor.reshape(-1).view(torch.uint8).numpy()
        extra: Array = flat.view(_EXTRA_DTYPES[name]).reshape(tuple(tensor.shape))
        return extra
    array: Array = tensor.numpy()
    return array


def _dtype_name(dtype: np.dtype[Any]) -> str:
    return dtype.name if dtype.name in _EXTRA_DTYPES else dtype.str


def _dtype(name: str) -> np.dtype[Any]:
    dtype = _EXTRA_DTYPES.get(name) or np.dtype(name)
    if dtype.hasobject:
        raise ValueError(f"it holds {name}")
    return dtype


def _bits(array: Array, name: str) -> Array:
    """The tensor as rows of bytes, one row a value."""
    if array.dtype.hasobject or array.dtype.itemsize == 0 or (array.dtype.kind == "V" and array.dtype.name not in _EXTRA_DTYPES):
        raise ModelError(f'"{name}" cannot be packed: it holds {array.dtype}, not numbers.')
    flat = np.ascontiguousarray(array).reshape(-1)
    rows: Array = flat.view(np.uint8).reshape(flat.size, array.dtype.itemsize)
    return rows


def _header(data: bytes, name: str) -> tuple[list[Any], int]:
    """The entries and where the streams begin."""
    start = len(MAGIC) + _LENGTH.size
    if data[: len(MAGIC)] not in (MAGIC, _FIRST):
        raise FileFormatError(f"{name} is not a packed file of weights.", "Choose one that GreenBench wrote.")
    if len(data) < start + _LENGTH.size or _LENGTH.unpack(data[-_LENGTH.size :])[0] != zlib.crc32(data[: -_LENGTH.size]):
        raise FileFormatError(f"{name} is damaged: its checksum does not fit.", "Run the step again to write it anew.")
    (length,) = _LENGTH.unpack(data[len(MAGIC) : start])
    entries: list[Any] = json.loads(zlib.decompress(data[start : start + length]))
    return entries, start + length
