"""What an ONNX file takes, gives and holds, and why it could not run here. Imports onnx, runs nothing."""

import ast
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, numpy_helper

from greenbench.core.errors import FileFormatError, ModelError
from greenbench.core.jobs import TensorFound
from greenbench.ml.files.archives import check_name
from greenbench.ml.files.contents import Contents, precision_of

_STANDARD = ("", "ai.onnx")
# Operators of other domains that ONNX Runtime brings along.
_BUILT_IN = frozenset({"ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc", "ai.onnx.preview.training", "com.ms.internal.nhwc"})
_QUANTISED = frozenset(
    {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "QGemm"}
)
_FLOATS: dict[int, str] = {TensorProto.FLOAT: "float32", TensorProto.FLOAT16: "float16", TensorProto.BFLOAT16: "bfloat16"}
_EXPORT_ANEW = "Export the model anew with standard operators."
_EMBEDDED_BYTES = 18 * 10**8  # protobuf ends at 2 GB


def read(path: Path, external: bool = False) -> ModelProto:
    """The graph; with `external`, also the numbers that it keeps in files beside it.

    Raises:
        FileFormatError: it cannot be parsed, or a file beside it is missing or lies elsewhere.
    """
    try:
        model = onnx.load(os.fspath(path), load_external_data=False)
    except Exception as error:  # the parser's exceptions have no base of their own
        raise FileFormatError(f"{path.name} cannot be read as ONNX: {_line(error)}.", "Get the file again.") from error
    for name in external_files(model, path):
        if not (path.parent / name).is_file():
            raise FileFormatError(
                f"{path.name} keeps its numbers in {name}, which is not beside it.", "Put that file into the same folder."
            )
    if external:
        try:
            onnx.load_external_data_for_model(model, os.fspath(path.parent))
        except Exception as error:
            raise FileFormatError(f"{path.name}: the numbers beside it cannot be read: {_line(error)}.", "Get them again.") from error
    return model


def external_files(model: ModelProto, path: Path) -> tuple[str, ...]:
    """The files beside a graph that hold its numbers.

    Raises:
        FileFormatError: a name leads out of the folder of the graph.
    """
    names = {
        entry.value
        for tensor in all_tensors(model)
        if tensor.data_location == TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    }
    root = path.parent.resolve()
    for name in names:
        check_name(name, path.name)
        if not (root / name).resolve().is_relative_to(root):
            raise FileFormatError(f'{path.name} wants to read "{name}", which is a link out of its folder.', "Get the file again.")
    return tuple(sorted(names))


def write_whole(target: Path, model: ModelProto) -> str:
    """Writes a graph whose numbers lie beside it as one file, or, above 1.8 GB, as two; returns the name of the second ("" if none).

    `model` must have been read with `external`.
    """
    size = sum(tensor.ByteSize() for tensor in model.graph.initializer)
    if size < _EMBEDDED_BYTES:
        onnx.save_model(model, os.fspath(target), save_as_external_data=False)
        return ""
    data = f"{target.name}.data"
    onnx.save_model(model, os.fspath(target), save_as_external_data=True, all_tensors_to_one_file=True, location=data)
    return data


def look(path: Path) -> Contents:
    """What is in a file.

    Raises:
        FileFormatError: see `read`.
    """
    from greenbench.ml.onnx_graph import onnx_footprint

    model = read(path, external=True)
    held = {tensor.name for tensor in model.graph.initializer}
    try:
        parameters = None if _made_when_run(model) else onnx_footprint(path).parameters
    except ModelError:
        parameters = None
    refusals = (*_without_ends(model), *_too_new(model), *_unknown(model), *_not_numbers(model, path.name))
    opset = next((entry.version for entry in model.opset_import if entry.domain in _STANDARD), None)
    return Contents(
        title="ONNX",
        inputs=tuple(_found(value) for value in model.graph.input if value.name not in held),
        outputs=tuple(_found(value) for value in model.graph.output),
        parameters=parameters,
        opset=opset,
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        precision=_precision(model),
        notes=_notes(model),
        refusals=refusals,
        classes=_classes(model),
    )


def all_graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """A graph and those inside its branches and loops."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node or inner.initializer:
                    yield from all_graphs(inner)


def all_tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Every tensor that a file holds: initialisers and constants, in branches too."""
    for graph in all_graphs(model.graph):
        yield from graph.initializer
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield attribute.t


def _all_nodes(model: ModelProto) -> Iterator[NodeProto]:
    for graph in all_graphs(model.graph):
        yield from graph.node
    for function in model.functions:
        yield from function.node


def _found(value: ValueInfoProto) -> TensorFound:
    kind = value.type.tensor_type
    sides = tuple(
        side.dim_value if side.HasField("dim_value") and side.dim_value > 0 else (side.dim_param or "?") for side in kind.shape.dim
    )
    try:
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)).name if kind.elem_type else "sequence"
    except (KeyError, TypeError):
        dtype = "?"
    return TensorFound(name=value.name, shape=sides, dtype=dtype)


def _without_ends(model: ModelProto) -> Iterator[tuple[str, str]]:
    if not model.graph.output:
        yield "it gives nothing: its graph has no output.", _EXPORT_ANEW


def _too_new(model: ModelProto) -> Iterator[tuple[str, str]]:
    """A set of operators that is newer than any that is known here."""
    newest = onnx.defs.onnx_opset_version()
    asked = max((entry.version for entry in model.opset_import if entry.domain in _STANDARD), default=0)
    if asked > newest:
        yield f"it is made for opset {asked}; the newest known here is {newest}.", f"Export the model for opset {newest} or older."


def _unknown(model: ModelProto) -> Iterator[tuple[str, str]]:
    """The operators that no runtime here can know."""
    versions = {entry.domain: entry.version for entry in model.opset_import}
    own = {(function.domain, function.name) for function in model.functions}
    foreign: Counter[str] = Counter()
    for node in _all_nodes(model):
        if (node.domain, node.op_type) in own or node.domain in _BUILT_IN:
            continue
        if node.domain not in _STANDARD:
            foreign[f"{node.domain}.{node.op_type}"] += 1
        elif not onnx.defs.has(node.op_type, versions.get(node.domain, versions.get("", 1)), ""):
            foreign[node.op_type] += 1
    if foreign:
        named = ", ".join(f"{name} ({count}×)" for name, count in foreign.most_common(5)) + (", …" if len(foreign) > 5 else "")
        yield f"it uses operators that are not known here: {named}.", _EXPORT_ANEW


def _not_numbers(model: ModelProto, name: str) -> Iterator[tuple[str, str]]:
    for tensor in all_tensors(model):
        if tensor.data_type not in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16):
            continue
        count = int(np.count_nonzero(np.isnan(numpy_helper.to_array(tensor).astype(np.float32))))
        if count:
            remedy = "The training that made it came apart; export an earlier checkpoint."
            yield f'{count:,} values of "{tensor.name}" are not numbers (NaN).', remedy
            return


def _precision(model: ModelProto) -> str:
    if any(node.op_type in _QUANTISED for node in _all_nodes(model)):
        return "int8"
    sizes: Counter[str] = Counter()
    for tensor in all_tensors(model):
        if tensor.data_type in _FLOATS:
            sizes[_FLOATS[tensor.data_type]] += int(np.prod(tensor.dims, dtype=np.int64))
    return precision_of(dict(sizes))


def _notes(model: ModelProto) -> tuple[str, ...]:
    notes = []
    last = {output: node for node in model.graph.node for output in node.output}
    end = last.get(model.graph.output[0].name) if model.graph.output else None
    if end is not None and end.op_type == "Softmax":
        notes.append("Its first output is a softmax: probabilities, not logits.")
    if len(model.graph.output) > 1:
        notes.append(f"It has {len(model.graph.output)} outputs; the first counts.")
    if model.functions:
        notes.append(f"It defines {len(model.functions)} operators of its own.")
    if made := _made_when_run(model):
        notes.append(
            f"{made} of its weights are made when it runs (ConstantOfShape): they are not counted, and it cannot have learned them."
        )
    return tuple(notes)


def _made_when_run(model: ModelProto) -> int:
    """How many weights of a graph are not in the file but made anew at each start, if that is most of them; else 0."""
    made = sum(node.op_type == "ConstantOfShape" for node in model.graph.node)
    return made if len(model.graph.initializer) <= made * 2 else 0


def _classes(model: ModelProto) -> tuple[str, ...]:
    """The names of the outputs where an exporter wrote them down: a list, or a dictionary by number."""
    for entry in model.metadata_props:
        if entry.key not in ("names", "classes", "labels", "class_names"):
            continue
        try:
            value: Any = ast.literal_eval(entry.value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(value, dict) and all(isinstance(key, int) for key in value):
            value = [value[key] for key in sorted(value)]
        if isinstance(value, list | tuple) and value and all(isinstance(each, str) for each in value):
            return tuple(value)
    return ()


def _line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:300].rstrip(".") if str(error).strip() else type(error).__name__
