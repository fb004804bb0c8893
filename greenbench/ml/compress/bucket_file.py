"""The file of a network whose weights lie in buckets: a short index for each weight, two numbers for each bucket, the points of each layer.

It is written into our packed file, so that what entropy coding still finds is taken too, and read back to the same bits.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from greenbench.core.errors import ModelError
from greenbench.ml.compress import packed
from greenbench.ml.compress.buckets import Coding, parameter_name

_BITS, _SHAPE, _POINTS, _LOW, _SPAN, _INDICES, _KEPT = (
    f"#{part}" for part in ("bits", "shape", "points", "low", "span", "indices", "kept")
)


def write(state: Mapping[str, Tensor], codings: Mapping[str, Coding], path: Path) -> int:
    """Writes the state of a network, its coded layers as indices, and returns the bytes of the file.

    Raises:
        ModelError: what is read back differs in a bit, or the file cannot be written.
    """
    coded = {parameter_name(layer): each for layer, each in codings.items()}
    plain = {name: tensor.detach().cpu() for name, tensor in state.items()}
    arrays = packed.arrays({name: tensor for name, tensor in plain.items() if name not in coded})
    for name, each in coded.items():
        arrays |= {name + part: array for part, array in _parts(each).items()}
    try:
        size = packed.write(arrays, path)
    except OSError as error:
        raise ModelError(f"{path.name} cannot be written: {error}.", "Make room on the disk, or choose another data folder.") from None
    again = read(path)
    unlike = [name for name, tensor in plain.items() if name not in again or not _same(tensor, again[name])]
    if unlike or len(again) != len(plain):
        raise ModelError(f"{path.name} does not give back {', '.join(unlike[:3]) or 'the network'} bit for bit.", "Please report this.")
    return size


def read(path: Path) -> dict[str, Tensor]:
    """The state of a network from such a file.

    Raises:
        FileFormatError: it is damaged, or no such file.
    """
    return restored(packed.read(path))


def restored(arrays: Mapping[str, packed.Array]) -> dict[str, Tensor]:
    """The state of a network from the arrays of such a file."""
    coded = [name.removesuffix(_BITS) for name in arrays if name.endswith(_BITS)]
    state: dict[str, Tensor] = packed.tensors({name: array for name, array in arrays.items() if "#" not in name})
    for name in coded:
        state[name] = _restored({part: arrays[name + part] for part in _ALL if name + part in arrays})
    return state


_ALL = (_BITS, _SHAPE, _POINTS, _LOW, _SPAN, _INDICES, _KEPT)


def _parts(each: Coding) -> dict[str, NDArray[np.generic]]:
    count = each.shape.numel()
    indices = each.indices.flatten()[:count].cpu().numpy().astype(np.uint8)
    parts: dict[str, NDArray[np.generic]] = {
        _BITS: np.array([each.bits, each.indices.shape[1]], np.int32),
        _SHAPE: np.array(each.shape, np.int32),
        _POINTS: each.points.cpu().numpy(),
        _LOW: each.low.flatten().cpu().numpy(),
        _SPAN: each.span.flatten().cpu().numpy(),
        _INDICES: np.packbits(np.unpackbits(indices[:, None], axis=1)[:, 8 - each.bits :]),
    }
    if each.kept is not None:
        parts[_KEPT] = np.packbits(each.kept.cpu().numpy())
    return parts


def _restored(parts: Mapping[str, NDArray[np.generic]]) -> Tensor:
    bits, size = (int(number) for number in parts[_BITS])
    shape = torch.Size(int(side) for side in parts[_SHAPE])
    count = shape.numel()
    planes = np.unpackbits(parts[_INDICES].view(np.uint8), count=count * bits).reshape(count, bits)
    flat = np.packbits(planes, axis=1)[:, 0] >> (8 - bits)
    filled = torch.from_numpy(np.pad(flat, (0, -count % size)).astype(np.int64)).view(-1, size)
    numbers = [torch.from_numpy(np.array(parts[part])) for part in (_POINTS, _LOW, _SPAN)]
    kept = None
    if _KEPT in parts:
        kept = torch.from_numpy(np.unpackbits(parts[_KEPT].view(np.uint8), count=count).astype(bool)).view(shape)
    return Coding(bits, filled, numbers[0], numbers[1][:, None], numbers[2][:, None], shape, kept).weight()


def _same(one: Tensor, other: Tensor) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.numpy().tobytes() == other.numpy().tobytes()
