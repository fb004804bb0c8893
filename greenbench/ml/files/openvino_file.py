"""What an OpenVINO model takes, gives and holds. Needs the extra openvino; runs nothing."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from greenbench.core.artifact import Footprint
from greenbench.core.errors import FileFormatError
from greenbench.core.jobs import TensorFound
from greenbench.ml.files.contents import Contents, precision_of
from greenbench.ml.runtimes.openvino_library import openvino


def numbers_beside(path: Path) -> Path:
    """The file with the numbers of an .xml.

    Raises:
        FileFormatError: it is not there.
    """
    beside = path.with_suffix(".bin")
    if not beside.is_file():
        raise FileFormatError(f"{path.name} keeps its numbers in {beside.name}, which is not beside it.", "Put both into one folder.")
    return beside


def read(path: Path, name: str = "") -> Any:
    """The openvino.Model in a file. `name` is what to call it, where `path` is a copy.

    Raises:
        FileFormatError: it cannot be read.
        ModelError: OpenVINO is not installed.
    """
    numbers_beside(path)
    ov = openvino()
    try:
        return ov.Core().read_model(str(path))
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = (lines[-1] if lines else str(error)).rstrip(".!")
        raise FileFormatError(f"{name or path.name} cannot be read by OpenVINO: {reason}.", "Convert the model again.") from None


def look(model: Any) -> Contents:
    """What a model is."""
    sizes, parameters, refusals = _numbers(model)
    return Contents(
        title="OpenVINO",
        inputs=tuple(_found(port) for port in model.inputs),
        outputs=tuple(_found(port) for port in model.outputs),
        parameters=parameters,
        precision="int8" if any(node.get_type_name() == "FakeQuantize" for node in model.get_ops()) else precision_of(dict(sizes)),
        refusals=refusals,
        notes=(f"It has {len(model.outputs)} outputs; the first counts.",) if len(model.outputs) > 1 else (),
    )


def footprint(model: Any, path: Path) -> Footprint:
    """What a model weighs. Multiply-adds are not counted: OpenVINO does not say them."""
    total = nonzero = 0
    for _, data in _weights(model):
        total += data.size
        nonzero += int(np.count_nonzero(data))
    size = path.stat().st_size + path.with_suffix(".bin").stat().st_size
    return Footprint(parameters=total, nonzero_parameters=nonzero, size_bytes=size)


def _weights(model: Any) -> list[tuple[str, Any]]:
    """The constants that may have been learned: floats or codes, of more than one value; scales and ranges are not."""
    rounding = _rounding(model)
    found = []
    for node in model.get_ops():
        if (
            node.get_type_name() == "Constant"
            and node.get_element_type().to_string() in _LEARNED
            and node.get_friendly_name() not in rounding
        ):
            data = node.get_data()
            if data.size > 1:
                found.append((node.get_friendly_name(), data))
    return found


def _rounding(model: Any) -> set[str]:
    """The constants that say how values are rounded: the ends of a range, and what stretches codes to weights."""
    found: set[str] = set()
    for node in model.get_ops():
        kind = node.get_type_name()
        sources = [node.input_value(place).get_node() for place in range(len(node.inputs()))]
        if kind == "FakeQuantize":
            found.update(source.get_friendly_name() for source in sources[1:])
        elif kind in ("Multiply", "Subtract") and any(_is_codes(source) for source in sources[:1]):
            scale = sources[1]
            found.add((scale.input_value(0).get_node() if scale.get_type_name() == "Convert" else scale).get_friendly_name())
    return found


def _is_codes(node: Any) -> bool:
    """Whether it gives rounded weights as floats, or those less their zero point."""
    while node.get_type_name() in ("Subtract", "Convert"):
        inner = node.input_value(0).get_node()
        if node.get_type_name() == "Convert" and inner.get_type_name() == "Constant":
            return inner.get_element_type().to_string() in ("i8", "u8", "i4", "u4")
        node = inner
    return False


def _numbers(model: Any) -> tuple[Counter[str], int, tuple[tuple[str, str], ...]]:
    sizes: Counter[str] = Counter()
    refusals: tuple[tuple[str, str], ...] = ()
    for name, data in _weights(model):
        sizes[data.dtype.name] += data.size
        if not refusals and data.dtype.kind == "f" and (count := int(np.count_nonzero(np.isnan(data)))):
            refusals = (
                (f'{count:,} values of "{name}" are not numbers (NaN).', "Convert an earlier checkpoint: the training came apart."),
            )
    return sizes, sum(sizes.values()), refusals


_LEARNED = ("f32", "f16", "bf16", "f64", "i8", "u8")
_TYPES = {
    "f32": "float32",
    "f16": "float16",
    "bf16": "bfloat16",
    "f64": "float64",
    "i64": "int64",
    "i32": "int32",
    "u8": "uint8",
    "i8": "int8",
}


def _found(port: Any) -> TensorFound:
    shape = port.get_partial_shape()
    sides = tuple(side.get_length() if side.is_static else "?" for side in shape) if shape.rank.is_static else ("?",)
    name = port.get_any_name() if port.get_names() else port.get_node().get_friendly_name()
    kind = port.get_element_type().to_string()
    return TensorFound(name=name, shape=sides, dtype=_TYPES.get(kind, kind))
