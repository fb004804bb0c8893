"""The operators of an OpenVINO model, or of an ONNX graph that OpenVINO executes, with the time its own counters give each."""

import os
from collections import defaultdict
from collections.abc import Container
from math import prod
from typing import Any

from greenbench.core.errors import ModelError
from greenbench.core.jobs import Layer
from greenbench.core.step import StepContext, Stored
from greenbench.ml.answering import Array, runtime_words
from greenbench.ml.inside.found import Inside, layer_name, middle, repeated, unique, weight_facts
from greenbench.ml.runtimes.openvino_library import openvino
from greenbench.ml.runtimes.runtime import constants

_SILENT = frozenset({"Parameter", "Constant", "Result", "Convert", "FakeQuantize", "Subtract", "ShapeOf"})
_HEAVY = ("Convolution", "GroupConvolution", "MatMul")
_HEAVY_KERNELS = ("FullyConnected", "Convolution", "MatMul")
_CALLS = 30
_TYPES = {"i8": "int8", "u8": "int8"}


def view(stored: Stored, example: Array, threads: int, context: StepContext) -> Inside:
    """Looks into a model.

    Raises:
        ModelError: the file is damaged, or the model does not take the example.
    """
    settings = {"PERF_COUNT": True, "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    try:
        core = openvino().Core()
        model = core.read_model(os.fspath(stored.file("weights")))
        request = core.compile_model(model, "CPU", settings).create_infer_request()
        held = constants(stored.model, len(example))
        names = [next(iter(each.names), "") for each in model.inputs]
        inputs = [held.get(name, example) for name in names]
        context.progress(0.4, "timing the model")
        whole = middle(repeated(lambda: request.infer(inputs), context.check))
        spent, kernels = _profiled(request, inputs)
    except RuntimeError as error:
        raise ModelError(
            f'"{stored.title}" cannot be run by OpenVINO: {str(error).splitlines()[0][:300]}', "Give the file anew."
        ) from error
    model.reshape({each: _one(each, len(example)) for each in model.inputs})
    live, ops = _live(model), {op.get_friendly_name(): op for op in model.get_ordered_ops()}
    times: dict[str, float] = defaultdict(float)
    types = {}
    for (name, kind), seconds in spent.items():
        placed = _origin(ops, name, kind)
        times[placed] += middle(seconds) or 0.0
        types[placed] = kernels[name, kind]
    rows = [name for name in live if not _is_silent(ops[name])]
    layers = [_layer(ops[name], live, times.get(name), types.get(name, "")) for name in rows]
    other = sum(seconds for name, seconds in times.items() if name not in rows)
    total = sum(layer.seconds or 0.0 for layer in layers) + other
    notes = [
        f"The whole takes {(whole or 0.0) * 1e3:.3g} ms; the runtime's own counters add up to {total * 1e3:.3g} ms.",
        f"Rounding, conversions and changes of layout are not listed; they take {other * 1e3:.3g} ms.",
    ]
    return Inside(runtime_words("openvino"), tuple(unique(layers)), whole, tuple(notes))


def _one(port: Any, batch: int) -> list[Any]:
    shape = port.get_partial_shape()
    return [batch if index == 0 and side.is_dynamic else side for index, side in enumerate(shape)]


Kernel = tuple[str, str]


def _profiled(request: Any, inputs: list[Array]) -> tuple[dict[Kernel, list[float]], dict[Kernel, str]]:
    """Seconds of each executed operator (name and kind) in some calls, and in which type it computes."""
    spent: dict[Kernel, list[float]] = defaultdict(list)
    types = {}
    for _ in range(_CALLS):
        request.infer(inputs)
        for each in request.get_profiling_info():
            if str(each.status).endswith(".EXECUTED"):
                spent[each.node_name, each.node_type].append(each.real_time.total_seconds())
                types[each.node_name, each.node_type] = each.exec_type.rpartition("_")[2].lower()
    return spent, types


def _live(model: Any) -> dict[str, None]:
    """The names of the operators that work on examples, in order."""
    live: dict[str, None] = {}
    for op in model.get_ordered_ops():
        if op.get_type_name() == "Parameter" or any(_maker(value).get_friendly_name() in live for value in op.inputs()):
            live[op.get_friendly_name()] = None
    return live


def _maker(value: Any) -> Any:
    return value.get_source_output().get_node()


def _is_silent(op: Any) -> bool:
    return op.get_type_name() in _SILENT or "uantizeLinear" in op.get_friendly_name()


def _origin(ops: dict[str, Any], name: str, kind: str) -> str:
    """The name of the operator that an executed one came from: a product that was fused with what follows it stands at the product."""
    plain = name if name in ops else name.partition("/")[0]
    if plain not in ops or not kind.startswith(_HEAVY_KERNELS):
        return plain
    waiting: list[Any] = [ops[plain]]
    seen = {plain}
    while waiting:
        op = waiting.pop(0)
        if op.get_type_name() in _HEAVY:
            return str(op.get_friendly_name())
        for value in op.inputs():
            maker = _maker(value)
            if maker.get_friendly_name() not in seen:
                seen.add(maker.get_friendly_name())
                waiting.append(maker)
    return plain


def _layer(op: Any, live: Container[str], seconds: float | None, kernel: str) -> Layer:
    found = [constant for value in op.inputs() if (constant := _constant(_maker(value), live)) is not None]
    weights = [each for each in found if len(each.get_output_shape(0)) and each.get_element_type().to_string() != "i64"]
    arrays = [each.get_data() for each in weights]
    facts = weight_facts(arrays)
    if kernel in _TYPES:
        facts["dtype"] = _TYPES[kernel]
    shape = op.output(0).get_partial_shape()
    return Layer(
        name=next((own for each in weights if (own := layer_name(each.get_friendly_name()))), "") or op.get_friendly_name(),
        kind=op.get_type_name(),
        shape=tuple(shape.to_shape())[1:] if shape.is_static else (),
        parameters=sum(array.size for array in arrays),
        macs=_macs(op, shape),
        seconds=seconds,
        **facts,
    )


def _constant(node: Any, live: Container[str]) -> Any:
    """The numbers that an input is made of, the most where several are combined (a weight and its scale)."""
    if node.get_friendly_name() in live:
        return None
    if node.get_type_name() == "Constant":
        return node
    found = [each for value in node.inputs() if (each := _constant(_maker(value), live)) is not None]
    return max(found, key=lambda each: prod(each.get_output_shape(0)), default=None)


def _macs(op: Any, shape: Any) -> int | None:
    """Multiply-adds of a convolution or matrix product for one example; 0 for what has none."""
    kind = op.get_type_name()
    if kind not in _HEAVY:
        return 0
    weight = op.input(1).get_partial_shape()
    if not shape.is_static or not weight.is_static or not op.input(0).get_partial_shape().is_static:
        return None
    outputs = prod(int(side) for side in tuple(shape.to_shape())[1:])
    sides = tuple(int(side) for side in weight.to_shape())
    if kind == "Convolution":
        return outputs * prod(sides[1:])
    if kind == "GroupConvolution":
        return outputs * prod(sides[2:])
    return outputs * sides[-1 if op.get_attributes().get("transpose_b") else -2]
