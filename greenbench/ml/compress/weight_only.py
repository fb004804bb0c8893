"""Weights alone in 4 or 8 bits, in blocks that have a scale each, executed from the small file (Frantar 2023, GPTQ, section 2: rounding
to nearest in groups is the baseline taken here).

By ONNX Runtime, whose MatMulNBits reads the packed weights as it multiplies. torchao has the same arithmetic, but unpacks in PyTorch on a
processor, which made the model slower many times over; a file of its own it has not.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.quantization.onnx_model import ONNXModel

from greenbench.core.errors import StepError
from greenbench.ml.compress.onnx_layers import IN_BLOCKS, Watch, demand_floats, prepared, quantising

Compute = Literal["int8", "float"]
_LEAST = 64  # numbers: a smaller kernel would not repay the scales and the extra operator


@dataclass(frozen=True)
class WeightSettings:
    """`bits` 4 or 8; `block`: how many weights of one output share a scale (16, 32, 64 or 128); `symmetric`: zero in the middle, no
    zero points stored. `compute`: what comes in is rounded to int8 in blocks and integers are multiplied, or weights become floats
    again. `convolutions`: their weights in 8 bits, made floats again at each call."""

    bits: int = 4
    block: int = 32
    symmetric: bool = True
    compute: Compute = "int8"
    convolutions: bool = True


@dataclass(frozen=True)
class Rounded:
    """How many matrix products and convolutions hold rounded weights, and the names of those whose weights stayed floats."""

    products: int
    convolutions: int
    left: tuple[str, ...] = ()


def quantize(source: Path, target: Path, settings: WeightSettings, watch: Watch | None = None) -> Rounded:
    """Writes the form of the float ONNX file `source` with rounded weights to `target`; batch norms are folded first.

    Raises:
        StepError: the graph is already quantised, nothing in it can be rounded, or the quantiser cannot handle it.
        Cancelled: from `watch`.
    """
    watch = watch or Watch()
    demand_floats(source)
    scratch = target.with_suffix(".prepared.onnx")
    try:
        with quantising("ONNX Runtime cannot round the weights of this model", "Try another block size."):
            model = onnx.load(str(prepared(source, scratch)))
            watch.check()
            watch.progress(0.3)
            done = _round(model, settings, watch)
            if done.products or done.convolutions:
                onnx.save(model, str(target))
    finally:
        scratch.unlink(missing_ok=True)
    if not done.products and not done.convolutions:
        raise StepError(
            "This model has no matrix product with weights of its own that could be rounded.",
            "Round the convolutions too, or choose static int8.",
        )
    return done


def _round(model: ModelProto, settings: WeightSettings, watch: Watch) -> Rounded:
    convolutions = [
        node.name or node.op_type for node in model.graph.node if settings.convolutions and _round_convolution(node, model.graph)
    ]
    if convolutions:
        _splice(model.graph)
    watch.check()
    watch.progress(0.5)
    ONNXModel(model).replace_gemm_with_matmul()
    quantizer = MatMulNBitsQuantizer(
        model,
        bits=settings.bits,
        block_size=settings.block,
        is_symmetric=settings.symmetric,
        accuracy_level=IN_BLOCKS if settings.compute == "int8" else None,
    )
    quantizer.process()
    rounded = quantizer.model.model
    if rounded is not model:
        model.CopyFrom(rounded)
    products = sum(node.op_type == "MatMulNBits" for node in model.graph.node)
    return Rounded(products, len(convolutions), _left(model.graph))


def _left(graph: GraphProto) -> tuple[str, ...]:
    floats = {tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}
    heavy = ("Conv", "ConvTranspose", "MatMul", "Gemm", "LSTM", "GRU", "RNN")
    return tuple(node.name or node.op_type for node in graph.node if node.op_type in heavy and node.input[1] in floats)


def rounded_rows(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights (O, …) in 8 bits with one scale for each output, the largest at ±127 and zero at zero (Jacob 2018, section 3)."""
    largest = np.abs(weight).reshape(len(weight), -1).max(axis=1)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    form = (-1, *[1] * (weight.ndim - 1))
    return np.clip(np.rint(weight / scale.reshape(form)), -127, 127).astype(np.int8), scale


def _round_convolution(node: NodeProto, graph: GraphProto) -> bool:
    """Puts 8-bit weights and a DequantizeLinear in the place of a convolution's float weights; whether it did."""
    if node.op_type != "Conv":
        return False
    tensor = next((each for each in graph.initializer if each.name == node.input[1]), None)
    if tensor is None or tensor.data_type != TensorProto.FLOAT:
        return False
    weight = numpy_helper.to_array(tensor)
    if weight.size < _LEAST:
        return False
    name = tensor.name
    if not any(each.name == f"{name}_int8" for each in graph.initializer):  # several convolutions may share one
        codes, scale = rounded_rows(weight)
        zero = np.zeros(len(scale), np.int8)
        for suffix, array in (("int8", codes), ("scale", scale), ("zero", zero)):
            graph.initializer.append(numpy_helper.from_array(array, f"{name}_{suffix}"))
        inputs = [f"{name}_{suffix}" for suffix in ("int8", "scale", "zero")]
        graph.node.append(helper.make_node("DequantizeLinear", inputs, [f"{name}_floats"], name=f"{name}_dequantize", axis=0))
    node.input[1] = f"{name}_floats"
    return True


def _splice(graph: GraphProto) -> None:
    """Brings the new operators to the front, where all that they need is given, and drops the weights that nothing takes any more."""
    nodes = sorted(graph.node, key=lambda node: not node.name.endswith("_dequantize"))
    del graph.node[:]
    graph.node.extend(nodes)
    taken = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in taken]
    del graph.initializer[:]
    graph.initializer.extend(kept)
