"""What is found out about the numbers of a layer, in the same way for every kind of file, so that two files can be compared."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.jobs import Layer

Array = NDArray[Any]

_WORDS = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16", "float64": "fp64", "int8": "int8", "uint8": "int8"}
_LEAST_CALLS, _MOST_CALLS = 5, 200
_TIMED_S = 0.7


@dataclass(frozen=True)
class Inside:
    """A model looked into. `seconds` is the median time of the whole network; None: it could not be run."""

    runtime: str
    layers: tuple[Layer, ...]
    seconds: float | None
    notes: tuple[str, ...] = ()


def precision_words(dtype: str) -> str:
    """ "fp32" for "float32"; other types by their own name."""
    return _WORDS.get(dtype, dtype)


def weight_facts(arrays: Sequence[Array], zero: Array | None = None) -> dict[str, Any]:
    """Fields of a `Layer` from its arrays, the weight first: shape, type, share of zeros and number of distinct values of the weight,
    and the digest of all. `zero` is the zero point of a quantised weight, broadcast to it."""
    if not arrays:
        return {}
    weight = arrays[0]
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.name}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    facts: dict[str, Any] = {
        "weight_shape": tuple(weight.shape),
        "dtype": precision_words(weight.dtype.name),
        "digest": digest.hexdigest()[:16],
    }
    if weight.size:
        used = np.count_nonzero(weight if zero is None else weight != zero)
        facts |= {"sparsity": 1.0 - used / weight.size, "distinct": _distinct(weight)}
    return facts


def _distinct(weight: Array) -> int:
    """How many different values there are; told by their bits, because some types cannot be sorted. −0 is 0."""
    plain = weight + 0 if weight.dtype.kind == "f" else weight
    bits = np.ascontiguousarray(plain).reshape(-1)
    return len(np.unique(bits.view(f"u{bits.dtype.itemsize}") if bits.dtype.itemsize in (1, 2, 4, 8) else bits))


def repeated(call: Callable[[], object], check: Callable[[], None]) -> list[float]:
    """The seconds of each of some calls, after three that warm up: as many as fit into 0.7 s, at least 5."""
    for _ in range(3):
        call()
    seconds: list[float] = []
    while len(seconds) < _LEAST_CALLS or (sum(seconds) < _TIMED_S and len(seconds) < _MOST_CALLS):
        check()
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return seconds


def middle(seconds: Sequence[float]) -> float | None:
    """The median, None of nothing."""
    return float(median(seconds)) if seconds else None


def layer_name(weight: str) -> str:
    """The layer that a weight's name belongs to, as PyTorch names both: "stem.0" of "stem.0.weight", quantised or not."""
    plain = weight
    for ending in ("_quantized", "_DequantizeLinear_Output", "_fused_bn"):
        plain = plain.removesuffix(ending)
    head, dot, leaf = plain.rpartition(".")
    return head if dot and leaf in ("weight", "bias", "in_proj_weight") else ""


def unique(layers: list[Layer]) -> list[Layer]:
    """The same layers, a name that occurs again with a number behind it: rows are told apart by name."""
    seen: dict[str, int] = {}
    made = []
    for layer in layers:
        seen[layer.name] = again = seen.get(layer.name, 0) + 1
        made.append(layer if again == 1 else layer.model_copy(update={"name": f"{layer.name} ({again})"}))
    return made
