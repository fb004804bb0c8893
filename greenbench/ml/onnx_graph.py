"""What an ONNX graph weighs, read from the file itself: the graph as it executes, not the network it came from. No torch."""

import os
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, numpy_helper, shape_inference

from greenbench.core.artifact import Footprint
from greenbench.core.errors import ModelError
from greenbench.ml.compress.packed import EASILY_CODED, coded_size

_HEAVY = frozenset(
    {"Conv", "FusedConv", "ConvInteger", "QLinearConv", "ConvTranspose", "Gemm", "FusedGemm", "QGemm", "MatMul", "FusedMatMul",
     "MatMulInteger", "QLinearMatMul", "MatMulNBits"}
)  # fmt: skip
_RECURRENT = frozenset({"LSTM", "GRU", "RNN", "DynamicQuantizeLSTM"})
_LEARNING = frozenset({"BatchNormalization", "LayerNormalization", "Add", "Mul", "PRelu"}) | _RECURRENT
_PLAIN = {"MatMulNBits": "MatMul", "DynamicQuantizeLSTM": "LSTM"}
_PASSING = frozenset({"Identity", "Cast", "Unsqueeze", "Squeeze", "Transpose", "Reshape", "Concat", "Slice"})
# Where operators hold the scales and zero points of what they multiply.
_SCALES = {
    "DequantizeLinear": (1, 2), "QuantizeLinear": (1, 2), "QLinearConv": (1, 2, 4, 5, 6, 7), "QLinearMatMul": (1, 2, 4, 5, 6, 7),
    "QGemm": (1, 2, 4, 5, 7, 8), "ConvInteger": (2, 3), "MatMulInteger": (2, 3), "MatMulNBits": (2, 3),
    "DynamicQuantizeLSTM": (8, 9, 10, 11),
}  # fmt: skip


def onnx_footprint(path: Path, coded: bool = False) -> Footprint:
    """Parameters, non-zero parameters, multiply-adds and bytes of a graph, for one example.

    FLOPs are None where a shape cannot be inferred. The coded size, which takes seconds to count, is None for large graphs unless it is
    asked for (`coded`), and always where trained numbers lie outside the initialisers, which alone are coded.
    Parameters are the numbers of the trained tensors: scales and zero points of quantisation, shapes and other constants
    are not counted. Multiply-adds are those of convolutions and matrix products, from shape inference.

    Raises:
        ModelError: the file cannot be read.
    """
    model = _opened(path)
    weights = _weights(model.graph)
    count = sum(array.size for array in weights.values())
    external = sum(file.stat().st_size for file in _external(model, path.parent))
    return Footprint(
        parameters=count,
        nonzero_parameters=sum(_nonzero(name, array, model.graph) for name, array in weights.items()),
        flops=_flops(model),
        size_bytes=path.stat().st_size + external,
        size_coded_bytes=_coded_size(model) if coded or count <= EASILY_CODED else None,
        layers=sum(node.op_type in _HEAVY | _RECURRENT for graph in _graphs(model.graph) for node in graph.node),
    )


def onnx_coded_size(path: Path, check: Callable[[], None] | None = None) -> int | None:
    """The coded size of a graph of any size; None where trained numbers lie outside its initialisers, which alone are coded.

    Raises:
        ModelError: the file cannot be read.
    """
    return _coded_size(_opened(path), check)


def distinct_values(path: Path) -> int:
    """How many distinct numbers the weight tensors hold (those of two or more axes), each counted by itself; of rounded ones, their codes.

    Raises:
        ModelError: the file cannot be read.
    """
    return sum(len(np.unique(array)) for array in _weights(_opened(path).graph).values() if array.ndim > 1)


def _weights(graph: GraphProto) -> dict[str, np.ndarray[Any, Any]]:
    """The numbers of the trained tensors by name; where several share a byte, one by one."""
    packed = {node.input[1]: node for node in graph.node if node.op_type == "MatMulNBits"}
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in trained(graph)}
    return {name: codes(array, packed[name]) if name in packed else array for name, array in found.items()}


def codes(packed: np.ndarray[Any, Any], node: NodeProto) -> np.ndarray[Any, Any]:
    """The codes (N, K) in the second input of a MatMulNBits, the lower bits of a byte first; what only fills the last block is left out."""
    bits = _attribute(node, "bits") or 4
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    single = (packed[..., None] >> shifts) & np.uint8(2**bits - 1)
    return np.asarray(single.reshape(len(packed), -1)[:, : _attribute(node, "K")])


def _opened(path: Path) -> ModelProto:
    try:
        return onnx.load(os.fspath(path))
    except Exception as error:  # the parser's exceptions have no base of their own
        raise ModelError(f"{path.name} is not an ONNX file: {str(error).splitlines()[0]}", "Choose another file.") from error


def _coded_size(model: ModelProto, check: Callable[[], None] | None = None) -> int | None:
    initialisers = {tensor.name: tensor for tensor in model.graph.initializer}
    if any(tensor.name not in initialisers for tensor in trained(model.graph)):  # in constants and branches
        return None
    return coded_size({name: numpy_helper.to_array(tensor) for name, tensor in initialisers.items()}, check)


def _flops(model: ModelProto) -> int | None:
    try:
        return 2 * multiply_adds(model)
    except (ModelError, shape_inference.InferenceError):
        return None


def _external(model: ModelProto, folder: Path) -> set[Path]:
    names = {entry.value for tensor in model.graph.initializer for entry in tensor.external_data if entry.key == "location"}
    return {folder / name for name in names}


def trained(graph: GraphProto) -> Iterator[TensorProto]:
    """The tensors that hold numbers a network learned: initialisers and constants, in branches too."""
    auxiliary: set[str] = set()
    learned: set[str] = set()
    graphs = list(_graphs(graph))
    measured = {node.output[1] for each in graphs for node in each.node if node.op_type == "DynamicQuantizeLinear"}
    for node in (node for each in graphs for node in each.node):
        if node.op_type == "Mul" and measured.intersection(node.input):  # a measured scale times that of the weights
            auxiliary.update(node.input)
        if node.op_type in _SCALES:
            auxiliary.update(node.input[index] for index in _SCALES[node.op_type] if index < len(node.input))
        elif node.op_type not in _HEAVY | _LEARNING:
            auxiliary.update(node.input[1:])
        if node.op_type == "BatchNormalization":
            auxiliary.update(node.input[3:5])  # running statistics are measured, not trained
        if node.op_type in _HEAVY | _RECURRENT:
            learned.update(node.input[1:])
    for node in (node for each in reversed(graphs) for node in reversed(each.node)):
        if node.op_type in _PASSING and learned.intersection(node.output):
            learned.update(node.input if node.op_type == "Concat" else node.input[:1])
    for each in graphs:
        for tensor in each.initializer:
            if tensor.name not in auxiliary and tensor.data_type not in (TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING):
                yield tensor
        for node in each.node:
            # Some exporters write weights as constants; those of other operators are sizes and factors.
            if node.op_type == "Constant" and node.output[0] in learned - auxiliary:
                yield from (_named(attribute.t, node.output[0]) for attribute in node.attribute if attribute.name == "value")


def _graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """A graph and those inside its branches and loops."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from _graphs(inner)


def _named(tensor: TensorProto, name: str) -> TensorProto:
    copy = TensorProto()
    copy.CopyFrom(tensor)
    copy.name = name
    return copy


def _nonzero(name: str, array: np.ndarray[Any, Any], graph: GraphProto) -> int:
    """Entries that stand for something other than zero: in a quantised tensor, zero is its zero point."""
    points = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "MatMulNBits" and node.input[1] == name:
            return int(np.count_nonzero(array != _zero_codes(node, points)))
        if node.op_type in _SCALES and node.op_type.endswith("Integer") and node.input[1] == name and len(node.input) > 3:
            zero = points.get(node.input[3], np.zeros(1, array.dtype))
            if node.op_type == "ConvInteger" and zero.size > 1:
                zero = zero.reshape(-1, *[1] * (array.ndim - 1))
            return int(np.count_nonzero(array != zero))
        if node.op_type == "DequantizeLinear" and node.input[0] == name and len(node.input) > 2 and node.input[2] in points:
            zero = points[node.input[2]]
            axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 1)
            form = [1] * array.ndim
            if zero.ndim == 1 and zero.size > 1:
                form[axis] = zero.size
            return int(np.count_nonzero(array != zero.reshape(form if zero.size > 1 else ())))
    return int(np.count_nonzero(array))


def _zero_codes(node: NodeProto, points: dict[str, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """What stands for zero at each place (N, K) of a MatMulNBits; without zero points, the middle of the range."""
    bits, inner = _attribute(node, "bits") or 4, _attribute(node, "K")
    if len(node.input) < 4 or not node.input[3]:
        return np.asarray(2 ** (bits - 1))
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    rows = points[node.input[3]].reshape(_attribute(node, "N"), -1)
    single = ((rows[..., None] >> shifts) & np.uint8(2**bits - 1)).reshape(len(rows), -1)
    return np.asarray(np.repeat(single, _attribute(node, "block_size"), axis=1)[:, :inner])


def multiply_adds(model: ModelProto) -> int:
    """Multiply-adds of all convolutions and matrix products for one example.

    Raises:
        ModelError: a shape that is needed cannot be inferred.
    """
    graph, shapes = with_shapes(model)
    # In the order of execution: what ONNX cannot infer follows from the node before.
    return sum(node_multiply_adds(node, shapes) for node in graph.node if node.op_type in _HEAVY)


def with_shapes(model: ModelProto) -> tuple[GraphProto, dict[str, tuple[int, ...]]]:
    """The graph for one example, its nodes in the same order, and the shape of each tensor, as far as it can be inferred.

    Raises:
        ModelError: the input has an open size besides the batch.
    """
    one = ModelProto()
    one.CopyFrom(model)
    for value in one.graph.input:
        for position, dimension in enumerate(value.type.tensor_type.shape.dim):
            if not dimension.HasField("dim_value"):
                if position:
                    raise ModelError(
                        f'The graph leaves size {position} of its input "{value.name}" open.', "Export it for a fixed image size."
                    )
                dimension.dim_value = 1
    # Sizes noted at export are of another batch, or stale after surgery; they are inferred anew.
    del one.graph.value_info[:]
    for value in one.graph.output:
        value.type.tensor_type.ClearField("shape")
    own = {place: _plain(node, one.graph) for place, node in enumerate(one.graph.node) if node.op_type in _PLAIN}
    graph = shape_inference.infer_shapes(one, data_prop=True).graph
    for place, node in own.items():
        graph.node[place].CopyFrom(node)
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in [*graph.value_info, *graph.input, *graph.output]:
        if value.type.tensor_type.HasField("shape"):
            shapes[value.name] = tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)
    return graph, shapes


def _plain(node: NodeProto, graph: GraphProto) -> NodeProto:
    """Puts a standard operator of the same sizes in the place of ONNX Runtime's own, which shape inference does not know; returns the
    own one."""
    own = NodeProto()
    own.CopyFrom(node)
    node.op_type, node.domain = _PLAIN[own.op_type], ""
    if own.op_type == "MatMulNBits":
        name = f"{own.input[1]} (sizes)"
        graph.initializer.append(TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[_attribute(own, "K"), _attribute(own, "N")]))
        del node.input[1:], node.attribute[:]
        node.input.append(name)
    else:
        del node.input[1:]
    return own


def node_multiply_adds(node: NodeProto, shapes: dict[str, tuple[int, ...]]) -> int:
    """Those of one convolution or matrix product; 0 for any other operator. Notes in `shapes` what follows for its output.

    Raises:
        ModelError: a shape that is needed is not known.
    """
    if node.op_type not in _HEAVY:
        return 0
    second = 3 if node.op_type in ("QLinearConv", "QLinearMatMul", "QGemm") else 1
    if "Gemm" in node.op_type:
        # Shape inference does not know ONNX Runtime's own forms of Gemm; the result follows from the factors.
        shapes.setdefault(node.output[0], _gemm_shape(node, shapes.get(node.input[0], ()), shapes.get(node.input[second], ())))
    if node.op_type == "MatMulNBits":  # its second input is packed
        shapes[node.input[1]] = (_attribute(node, "K"), _attribute(node, "N"))
    sides = [shapes.get(name, ()) for name in (node.input[0], node.input[second], node.output[0])]
    if any(not side or 0 in side for side in sides):
        raise ModelError(f'The sizes at "{node.name or node.op_type}" cannot be inferred.', "Export the model anew.")
    left, right, out = sides
    if "ConvTranspose" in node.op_type:
        return prod(left) * prod(right[1:])
    if "Conv" in node.op_type:
        return prod(out) * prod(right[1:])  # each output needs kernel × input channels of its group
    inner = left[0] if "Gemm" in node.op_type and _attribute(node, "transA") else left[-1]
    return prod(out) * inner


def _gemm_shape(node: NodeProto, left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...]:
    if len(left) != 2 or len(right) != 2:
        return ()
    return (left[1 if _attribute(node, "transA") else 0], right[0 if _attribute(node, "transB") else 1])


def _attribute(node: NodeProto, name: str) -> int:
    return int(next((attribute.i for attribute in node.attribute if attribute.name == name), 0))
