"""OpenVINO on the processor: ONNX graphs, its own IR, and TorchScript; the graph that it compiles says which precision executes.

Fixed, so that a comparison of variants is one: latency as the goal, one stream, the threads that were asked for and no pinning of
its own; floating-point layers compute in fp32 unless the file holds another type (on some processors it would choose bf16 unasked).
"""

import time
from collections import Counter
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import ModelError
from greenbench.core.run import Execution
from greenbench.core.step import Stored
from greenbench.ml.runtimes.openvino_library import openvino
from greenbench.ml.runtimes.runtime import (
    Call,
    Session,
    cannot_answer,
    check_batch,
    constants,
    fallbacks,
    last_line,
    main_precision,
    precision_notes,
    shaped,
    zeros,
)

_HEAVY = frozenset(
    {
        "Convolution", "GroupConvolution", "Deconvolution", "FullyConnected", "MatMul", "MatMulCompressed", "FullyConnectedCompressed",
        "RNNSeq", "RNNCell", "LSTMSequence", "GRUSequence", "ScaledDotProductAttention", "MHA",
    }
)  # fmt: skip
_PRODUCTS = frozenset({"Convolution", "GroupConvolution", "ConvolutionBackpropData", "MatMul"})
_SILENT = frozenset({"Const", "Constant", "Input", "Output", "Parameter", "Result"})
_TYPES = {"f32": "fp32", "f16": "fp16", "bf16": "bf16", "u8": "int8", "i8": "int8", "u4": "int4", "i4": "int4", "f64": "fp64"}
# How the library begins lines about itself rather than about the model.
_OWN_WORDS = ("Exception from", "Check '", "FrontEnd API failed", "Model wasn't fully converted", "Errors during ONNX", "Summary:")


class OpenVino:
    """The runtime of Intel's processors."""

    name = "openvino"
    title = "OpenVINO"

    def prepare(self, stored: Stored, threads: int, device: str = "cpu", batch: int = 1) -> Session:
        """Reads a model and compiles it for calls of `batch` examples.

        Raises:
            ModelError: another format, the file is damaged, or an operator is unknown to it.
        """
        check_batch(stored, batch)
        ov = openvino()
        started = time.perf_counter()
        model = _read(ov, stored, batch)
        _fix_shapes(ov, model, stored, batch)
        loaded = time.perf_counter()
        try:
            compiled = ov.Core().compile_model(model, "CPU", _settings(threads))
        except RuntimeError as error:
            raise ModelError(
                f'OpenVINO cannot compile "{stored.title}": {_reason(error)}', "Choose another runtime, or export the model anew."
            ) from None
        compiled_at = time.perf_counter()
        call, dtype = _caller(compiled, stored, batch)
        try:
            outputs = call(zeros(stored.model.input, batch, dtype))
        except RuntimeError as error:
            raise cannot_answer(stored, self.title, _reason(error)) from None
        answered = time.perf_counter()
        times = {"load_s": loaded - started, "compile_s": compiled_at - loaded, "first_s": answered - compiled_at}
        products = {node.get_friendly_name() for node in model.get_ops() if node.get_type_name() in _PRODUCTS}
        done, notes = executed(ov, compiled, stored.model.precision, products)
        done = done.model_copy(update={**times, "threads": compiled.get_property("INFERENCE_NUM_THREADS")})
        return Session(shaped(call, outputs, stored.model), done, notes, dtype, batch, outputs.shape)


def _settings(threads: int) -> dict[str, Any]:
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": max(threads, 1),
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "f32",
    }


def _read(ov: Any, stored: Stored, batch: int) -> Any:
    """The model as OpenVINO holds it before it is compiled."""
    format, path = stored.model.format, stored.file("weights")
    if format not in ("onnx", "openvino", "torchscript"):
        raise ModelError(f'"{stored.title}" is neither an OpenVINO model, an ONNX graph nor a TorchScript file.', "Export it first.")
    try:
        if format == "torchscript":
            return _from_torchscript(stored, batch)
        if format == "openvino":
            return ov.Core().read_model(str(path), str(stored.file("bin")))
        return ov.Core().read_model(str(path))
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001 - each of its frontends raises its own kinds
        raise ModelError(
            f'OpenVINO cannot read "{stored.title}": {_reason(error)}', "Make the file anew, or choose another runtime."
        ) from None


def _from_torchscript(stored: Stored, batch: int) -> Any:
    """By the frontend itself: `openvino.convert_model` reports each use to the vendor."""
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    from greenbench.ml.runtimes.networks import load_torchscript

    example = torch.from_numpy(zeros(stored.model.input, batch))
    others = [torch.from_numpy(np.asarray(array)) for array in constants(stored.model, batch).values()]
    frontend = FrontEndManager().load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(load_torchscript(stored), example_input=(example, *others))
    return frontend.convert(frontend.load(decoder))


def _fix_shapes(ov: Any, model: Any, stored: Stored, batch: int) -> None:
    """Gives every input the one shape that will be asked: the compiler then chooses its kernels for that."""
    varying, others = _inputs(model, stored)
    wanted = {varying: ov.PartialShape([batch, *stored.model.input.array_shape])}
    held = {each.name: each for each in stored.model.constants}
    for name, port in others.items():
        wanted[port] = ov.PartialShape([batch if side == -1 else side for side in held[name].shape])
    if all(port.partial_shape == shape for port, shape in wanted.items()):
        return
    try:
        model.reshape(wanted)
    except RuntimeError as error:
        raise cannot_answer(stored, OpenVino.title, _reason(error)) from None


def _inputs(model: Any, stored: Stored) -> tuple[Any, dict[str, Any]]:
    """The one varying input, and the constant ones by name. Inputs of a converted TorchScript file may have no names: then by place."""
    held = [each.name for each in stored.model.constants]
    named = {name: port for port in model.inputs for name in port.get_names()}
    if all(name in named for name in held):
        others = {name: named[name] for name in held}
        left = [port for port in model.inputs if not any(port == other for other in others.values())]
    else:
        left, others = [model.inputs[0]], dict(zip(held, model.inputs[1:], strict=False))
        left += model.inputs[1 + len(held) :]
    if len(left) != 1:
        raise ModelError(
            f'"{stored.title}" must have one varying input, and has {len(left)}.', "Give the others constant values at the model's source."
        )
    return left[0], others


def _caller(compiled: Any, stored: Stored, batch: int) -> tuple[Call, np.dtype[Any]]:
    varying, others = _inputs(compiled, stored)
    dtype = np.dtype(varying.get_element_type().to_dtype())
    values = constants(stored.model, batch)
    held = {port.get_index(): values[name] for name, port in others.items()}
    place, output = varying.get_index(), compiled.outputs[0]
    infer = compiled.create_infer_request().infer

    def direct(batch: NDArray[Any]) -> NDArray[Any]:
        found: NDArray[Any] = infer({place: batch}, share_inputs=True)[output]
        return found

    def converting(batch: NDArray[Any]) -> NDArray[Any]:
        found: NDArray[Any] = infer({place: np.ascontiguousarray(batch, dtype=dtype), **held}, share_inputs=True)[output]
        return found.astype(np.float32) if found.dtype == np.float16 else found

    plain = not held and dtype == np.dtype(stored.model.input.dtype) and output.get_element_type().to_dtype() != np.float16
    return (direct if plain else converting), dtype


def executed(ov: Any, compiled: Any, promised: str, products: Collection[str] = ()) -> tuple[Execution, tuple[str, ...]]:
    """What the compiled graph says of itself, node by node, and notes on what is not as the file promised. `products` are the names that
    convolutions and matrix products have in the model: some are compiled into one kernel with all around them."""
    kinds: Counter[str] = Counter()
    heavy: Counter[str] = Counter()
    for node in compiled.get_runtime_model().get_ordered_ops():
        facts = node.get_rt_info()
        told = ("layerType", "runtimePrecision", "originalLayersNames")
        kind, precision, names = (facts[key].astype(str) if key in facts else "" for key in told)
        if kind in _SILENT:
            continue
        kinds[kind] += 1
        inside = len(set(products).intersection(names.split(","))) if kind == "Subgraph" else 0
        if count := 1 if kind in _HEAVY else inside:
            heavy[_TYPES.get(precision, precision)] += count
    done = Execution(
        runtime=OpenVino.name,
        version=f"OpenVINO {ov.get_version().partition('-')[0]}",
        precision=main_precision(heavy),
        by_precision=dict(heavy.most_common()),
        fallbacks=fallbacks(heavy, promised),
        qdq=kinds["FakeQuantize"] + kinds["Quantize"],
        kernels=tuple(kinds.most_common()),
    )
    return done, precision_notes(heavy, promised)


def _reason(error: BaseException) -> str:
    """What the library said: the operators it does not know, else its first line that is not about its own source files."""
    lines = [line.strip(" -") for line in str(error).splitlines() if line.strip(" -")]
    for start in ("No conversion rule found for operations: ", "Conversion is failed for: "):
        failed = next((line for line in lines if line.startswith(start)), None)
        if failed:
            return f"it cannot convert these operators: {failed.removeprefix(start)}."
    telling = [line for line in lines if not line.startswith(_OWN_WORDS)]
    return telling[0][:300] if telling else last_line(error)


RUNTIME = OpenVino()
