"""Our own lossless file of weights: each tensor coded in the smallest of four ways, then deflated.

Its size answers "how few bytes could this model be shipped in": zeros and shared values only pay off in a format that
knows of them (Han 2016, sections 2 to 4). Reading gives back every bit, so the size is that of a working model.

    file   = magic | length of header | deflated header (JSON) | streams … | CRC-32 of all before
    tensor = dense             planes of bytes
           | sparse            mask, planes of bytes of the non-zeros
           | codebook          indices, planes of bytes of the distinct values
           | sparse codebook   mask, indices of the non-zeros, planes of bytes of their distinct values
"""

import json
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from greenbench.core.errors import FileFormatError, ModelError

Array = npt.NDArray[Any]
Tensors = Mapping[str, Array]

MAGIC = b"GBPACK\x01\n"
_LENGTH = struct.Struct("<I")
EASILY_CODED = 2_000_000  # numbers: more take a second and longer
_CODEBOOK_LIMIT = 1 << 16
_PROBE_BYTES = 1 << 16
_SAMPLE_BYTES = 1 << 14
_CHUNK = 1 << 20
_EXTRA_DTYPES = {
    name: np.dtype(getattr(ml_dtypes, name))
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "int4", "uint4")
}


@dataclass(frozen=True)
class Ledger:
    """Where the bytes of a packed file go; the parts add up to the file."""

    weights: int = 0
    masks: int = 0
    indices: int = 0
    codebooks: int = 0
    header: int = 0

    @property
    def total(self) -> int:
        return self.weights + self.masks + self.indices + self.codebooks + self.header


@dataclass(frozen=True)
class _Stream:
    """Some bytes as they stand in the file; `raw` is how many they become, `part` the line of the ledger."""

    part: str
    raw: int
    data: bytes
    deflated: bool


@dataclass(frozen=True)
class _Coded:
    """One tensor as it stands in the file. `width` is the bits of an index, `distinct` the entries of the codebook,
    `kept` how many values are not zero."""

    coding: str
    streams: tuple[_Stream, ...]
    width: int = 0
    distinct: int = 0
    kept: int = 0
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", sum(len(stream.data) for stream in self.streams))


def encode(tensors: Tensors, check: Callable[[], None] | None = None) -> bytes:
    """The packed file as bytes; the tensors by name, so that the same ones give the same bytes in whatever order they come. `check` is
    called before each of them, and may raise Cancelled.

    Raises:
        ModelError: a tensor of Python objects or records, which has no bits of its own.
    """
    header: list[list[Any]] = []
    body: list[bytes] = []
    for name, tensor in sorted(tensors.items()):
        if check:
            check()
        array = np.asarray(tensor)
        coded = _smallest(_bits(array, name))
        streams = [[stream.part, stream.raw, len(stream.data), int(stream.deflated)] for stream in coded.streams]
        header.append([name, _dtype_name(array.dtype), list(array.shape), coded.coding, coded.width, coded.distinct, coded.kept, streams])
        body.extend(stream.data for stream in coded.streams)
    text = zlib.compress(json.dumps(header, separators=(",", ":")).encode(), 9)
    whole = b"".join([MAGIC, _LENGTH.pack(len(text)), text, *body])
    return whole + _LENGTH.pack(zlib.crc32(whole))


def decode(data: bytes, name: str = "The packed file") -> dict[str, Array]:
    """The tensors of a packed file, bit for bit, by name.

    Raises:
        FileFormatError: it is damaged, cut short, or not a packed file.
    """
    tensors: dict[str, Array] = {}
    try:
        entries, offset = _header(data, name)
        for tensor, dtype_name, shape, coding, width, distinct, kept, streams in entries:
            parts: list[tuple[str, bytes]] = []
            for part, raw, stored, deflated in streams:
                chunk = data[offset : offset + stored]
                offset += stored
                parts.append((part, _inflate(chunk, raw) if deflated else chunk))
            dtype = _dtype(dtype_name)
            count = int(np.prod(shape, dtype=np.int64))
            values = _restore(coding, parts, (count, dtype.itemsize), (width, distinct, kept))
            tensors[tensor] = values.view(dtype).reshape(shape)
    except (ValueError, TypeError, KeyError, IndexError, struct.error, zlib.error) as error:
        raise FileFormatError(f"{name} is damaged: {error}.", "Run the step again to write it anew.") from None
    return tensors


def write(tensors: Tensors, path: Path) -> int:
    """Writes a packed file and returns its size in bytes; raises like `encode`."""
    data = encode(tensors)
    Path(path).write_bytes(data)
    return len(data)


def read(path: Path) -> dict[str, Array]:
    """Reads a packed file; raises like `decode`."""
    return decode(Path(path).read_bytes(), Path(path).name)


def ledger(data: bytes) -> Ledger:
    """The bytes of a packed file by part; raises FileFormatError like `decode`."""
    entries, _ = _header(data, "The packed file")
    parts = {"weights": 0, "masks": 0, "indices": 0, "codebooks": 0}
    for *_, streams in entries:
        for part, _raw, stored, _deflated in streams:
            parts[part] += stored
    return Ledger(**parts, header=len(data) - sum(parts.values()))


def coded_size(model: Any, check: Callable[[], None] | None = None) -> int:
    """Bytes of the packed file of a torch module, a state dict, or a mapping of arrays; `check` as for `encode`."""
    state = model.state_dict() if hasattr(model, "state_dict") else model
    return len(encode(arrays(state), check))


def arrays(state: Mapping[str, Any]) -> dict[str, Array]:
    """NumPy views of a state dict's tensors, also of the types NumPy has no name for (bfloat16, float8)."""
    return {name: _from_tensor(value) if hasattr(value, "detach") else np.asarray(value) for name, value in state.items()}


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


def _smallest(rows: Array) -> _Coded:
    """The smallest coding. What cannot win is not tried: deflating the zeros of a sparse tensor is what takes time."""
    used = _keys(rows) != 0 if rows.shape[1] <= 8 else rows.any(axis=1)
    kept = int(np.count_nonzero(used))
    if kept == len(rows):
        return _smaller(_plain(rows), _by_codebook(rows))
    mask = _stream("masks", np.packbits(used, bitorder="little").tobytes())
    inner = rows[used]
    book = _by_codebook(inner)
    best = _masked(_smaller(_plain(inner), book), mask, kept)
    if book:
        best = _smaller(best, _by_codebook(rows))
    return _smaller(best, _plain(rows)) if kept > 0.9 * len(rows) or len(rows) < _PROBE_BYTES else best


def _smaller(first: _Coded, second: _Coded | None) -> _Coded:
    return second if second and second.size < first.size else first


def _plain(rows: Array) -> _Coded:
    return _Coded("dense", tuple(_planes("weights", rows)))


def _masked(coded: _Coded, mask: _Stream, kept: int) -> _Coded:
    coding = "sparse" if coded.coding == "dense" else "sparse codebook"
    return _Coded(coding, (mask, *coded.streams), coded.width, coded.distinct, kept)


def _by_codebook(rows: Array) -> _Coded | None:
    """The rows as indices into their distinct values, or None where there are too many to help."""
    if not len(rows) or rows.shape[1] > 8:
        return None
    keys = _keys(rows)
    if len(keys) > _PROBE_BYTES:
        # A sort of millions for nothing is what takes time: distinct values in a sample bound what a codebook can do.
        sample = keys[:: max(1, len(keys) // 8192)]
        if len(np.unique(sample)) > 0.99 * len(sample):
            return None
    values, indices = np.unique(keys, return_inverse=True)
    if len(values) > _CODEBOOK_LIMIT or len(values) * rows.shape[1] > rows.size:
        return None
    bits = max(len(values) - 1, 0).bit_length()
    book = tuple(_planes("codebooks", _rows(values, rows.shape[1])))
    if bits == 0:
        return _Coded("codebook", book, 0, len(values))
    # Whole bytes deflate better than bits that straddle them where an index is not 1, 2, 4 or 8 bits wide.
    widths = {bits, 8 if bits <= 8 else 16}
    packed = {width: _stream("indices", pack_indices(indices.reshape(-1), width)) for width in widths}
    width = min(widths, key=lambda width: (len(packed[width].data), width))
    return _Coded("codebook", (packed[width], *book), width, len(values))


def _keys(rows: Array) -> Array:
    """Each row as one unsigned integer."""
    width = next(size for size in (1, 2, 4, 8) if size >= rows.shape[1])
    padded = rows if width == rows.shape[1] else np.pad(rows, ((0, 0), (0, width - rows.shape[1])))
    keys: Array = np.ascontiguousarray(padded).view(f"<u{width}").reshape(-1)
    return keys


def _rows(keys: Array, itemsize: int) -> Array:
    rows: Array = np.ascontiguousarray(keys).view(np.uint8).reshape(len(keys), keys.dtype.itemsize)[:, :itemsize]
    return rows


def _planes(part: str, rows: Array) -> Iterator[_Stream]:
    """The first bytes of all values, then the second …: signs and exponents repeat, the end of a mantissa does not."""
    for plane in range(rows.shape[1]):
        yield _stream(part, np.ascontiguousarray(rows[:, plane]).tobytes())


def _stream(part: str, raw: bytes) -> _Stream:
    deflated = _deflate(raw)
    return _Stream(part, len(raw), raw, False) if deflated is None else _Stream(part, len(raw), deflated, True)


def _deflate(raw: bytes) -> bytes | None:
    """The deflated bytes, or None where that saves nothing; a sample decides for long ones, also whether repetitions are worth the search:
    in the exponents of dense weights they are not, and bytes coded by their frequency alone take a tenth of the time."""
    search = True
    if len(raw) > 4 * _SAMPLE_BYTES:
        middle = len(raw) // 2
        probe = raw[:_SAMPLE_BYTES] + raw[middle : middle + _SAMPLE_BYTES]
        by_frequency = len(_by_frequency(probe))
        searched = len(zlib.compress(probe, 6))
        if min(by_frequency, searched) > 0.995 * len(probe):
            return None
        search = searched < 0.995 * by_frequency
    deflated = zlib.compress(raw, 6) if search else _by_frequency(raw)
    return deflated if len(deflated) < len(raw) else None


def _by_frequency(raw: bytes) -> bytes:
    """Deflated with Huffman's code alone."""
    coder = zlib.compressobj(6, strategy=zlib.Z_HUFFMAN_ONLY)
    return coder.compress(raw) + coder.flush()


def _inflate(data: bytes, length: int) -> bytes:
    stream = zlib.decompressobj()
    raw = stream.decompress(data, length + 1)
    if len(raw) != length or not stream.eof:
        raise ValueError("a part has the wrong length")
    return raw


def pack_indices(indices: Array, width: int) -> bytes:
    """Unsigned integers below 2^width, `width` (1 to 16) bits each, the lowest bit first."""
    if width in (8, 16):
        return indices.astype(f"<u{width // 8}").tobytes()
    places = np.arange(width, dtype=np.uint32)
    chunks: list[bytes] = []
    for start in range(0, len(indices), _CHUNK):
        bits = (indices[start : start + _CHUNK].astype(np.uint32)[:, None] >> places) & 1
        chunks.append(np.packbits(bits.astype(np.uint8), bitorder="little").tobytes())
    return b"".join(chunks)


def unpack_indices(data: bytes, width: int, count: int) -> Array:
    """The inverse of `pack_indices`: `count` integers.

    Raises:
        ValueError: the bytes are too few or too many.
    """
    if width in (8, 16):
        indices: Array = np.frombuffer(data, f"<u{width // 8}")
        if len(indices) != count:
            raise ValueError("a part has the wrong length")
        return indices
    if not 0 < width < 16 or len(data) != (count * width + 7) // 8:
        raise ValueError("a part has the wrong length")
    raw = np.frombuffer(data, np.uint8)
    weights = (1 << np.arange(width)).astype(np.uint16)
    step = _CHUNK * width // 8
    chunks = [np.zeros(0, np.uint16)]
    for start in range(0, len(raw), step):
        inside = min(_CHUNK, count - start * 8 // width)
        bits = np.unpackbits(raw[start : start + step], count=inside * width, bitorder="little")
        chunks.append(bits.reshape(inside, width) @ weights)
    return np.concatenate(chunks)


def _header(data: bytes, name: str) -> tuple[list[Any], int]:
    """The entries and where the streams begin."""
    start = len(MAGIC) + _LENGTH.size
    if data[: len(MAGIC)] != MAGIC:
        raise FileFormatError(f"{name} is not a packed file of weights.", "Choose one that GreenBench wrote.")
    if len(data) < start + _LENGTH.size or _LENGTH.unpack(data[-_LENGTH.size :])[0] != zlib.crc32(data[: -_LENGTH.size]):
        raise FileFormatError(f"{name} is damaged: its checksum does not fit.", "Run the step again to write it anew.")
    (length,) = _LENGTH.unpack(data[len(MAGIC) : start])
    entries: list[Any] = json.loads(zlib.decompress(data[start : start + length]))
    return entries, start + length


def _restore(coding: str, parts: Iterable[tuple[str, bytes]], shape: tuple[int, int], counts: tuple[int, int, int]) -> Array:
    """The rows of bytes of one tensor. `shape`: values, bytes of each; `counts`: index width, distinct, kept."""
    count, itemsize = shape
    width, distinct, kept = counts
    waiting = list(parts)
    used: Array | None = None
    if coding.startswith("sparse"):
        mask = np.frombuffer(waiting.pop(0)[1], np.uint8)
        used = np.unpackbits(mask, count=count, bitorder="little").astype(bool)
        if int(used.sum()) != kept:
            raise ValueError("a mask does not fit its values")
    inside = count if used is None else kept
    if coding.endswith("codebook"):
        indices = unpack_indices(waiting.pop(0)[1], width, inside) if width else np.zeros(inside, np.uint16)
        values = _join(waiting, distinct, itemsize)[indices]
    else:
        values = _join(waiting, inside, itemsize)
    if used is None:
        return np.ascontiguousarray(values)
    rows = np.zeros((count, itemsize), np.uint8)
    rows[used] = values
    return rows


def _join(planes: list[tuple[str, bytes]], count: int, itemsize: int) -> Array:
    if len(planes) != itemsize or any(len(raw) != count for _, raw in planes):
        raise ValueError("a part has the wrong length")
    rows = np.empty((count, itemsize), np.uint8)
    for column, (_, raw) in enumerate(planes):
        rows[:, column] = np.frombuffer(raw, np.uint8)
    return rows
