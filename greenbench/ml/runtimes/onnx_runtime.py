"""ONNX Runtime on the processor or an NVIDIA GPU. Imports no torch; says which operators really executed, and in which precision."""

import json
import os
import re
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from greenbench.core.errors import ModelError
from greenbench.core.run import Execution
from greenbench.core.step import Stored
from greenbench.ml.runtimes.runtime import (
    Call,
    Session,
    cannot_answer,
    check_batch,
    constants_for,
    first_line,
    main_precision,
    precision_notes,
    shaped,
    zeros,
)

# Operators of the optimised graph that do the arithmetic. After fusion a quantised convolution is a QLinearConv; one that
# stayed Conv between DequantizeLinear and QuantizeLinear computes in floats, whatever the file promised.
_INT8 = frozenset(
    {
        "QLinearConv", "QLinearMatMul", "QGemm", "ConvInteger", "MatMulInteger", "QLinearAdd",
        "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "QAttention", "QLinearSoftmax",
    }
)  # fmt: skip
_INT8_HEAVY = _INT8 - {"QLinearAdd", "QLinearSoftmax"}
_FLOAT_HEAVY = frozenset(
    {
        "Conv", "FusedConv", "NhwcFusedConv", "Gemm", "FusedGemm", "MatMul", "FusedMatMul", "ConvTranspose", "Attention",
        "MultiHeadAttention", "LSTM", "GRU", "RNN", "MatMulNBits",
    }
)  # fmt: skip
_TYPES = {"float": "fp32", "float16": "fp16", "bfloat16": "bf16", "double": "fp64", "uint8": "int8", "int8": "int8"}
_ARRAYS = {
    "tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64", "tensor(int64)": "int64",
    "tensor(int32)": "int32", "tensor(uint8)": "uint8", "tensor(int8)": "int8", "tensor(bool)": "bool",
}  # fmt: skip


class OnnxRuntime:
    """The runtime of ONNX graphs."""

    name = "onnxruntime"
    title = "ONNX Runtime"

    def prepare(self, stored: Stored, threads: int, device: str = "cpu", batch: int = 1) -> Session:
        """Loads a graph with that many threads inside an operator and one between operators; idle threads sleep. The first call is
        profiled by the runtime itself: what it names is what executed.

        Raises:
            ModelError: it is not an ONNX graph, the file is damaged, or it does not take its input.
        """
        if stored.model.format != "onnx":
            raise ModelError(f'"{stored.title}" is not an ONNX graph.', "Export it first.")
        check_batch(stored, batch)
        with tempfile.TemporaryDirectory(prefix="greenbench-", ignore_cleanup_errors=True) as scratch:
            started = time.perf_counter()
            session = open_session(stored.file("weights"), threads, stored.title, device=device, profile=Path(scratch) / "profile")
            loaded = time.perf_counter()
            call, dtype = _caller(session, stored)
            try:
                outputs = call(zeros(stored.model.input, batch, dtype))
            except Exception as error:  # the binding's exceptions have no base of their own
                raise cannot_answer(stored, self.title, _plain(error)) from error
            answered = time.perf_counter()
            ran = ran_operators(Path(session.end_profiling()), stored.file("weights"))
        done = ran.execution(stored.model.precision).model_copy(
            update={"device": device, "threads": threads, "load_s": loaded - started, "first_s": answered - loaded}
        )
        return Session(
            shaped(call, outputs, stored.model), done, ran.notes(stored.model.precision, device), dtype, stored.model.batch, outputs.shape
        )


def _caller(session: onnxruntime.InferenceSession, stored: Stored) -> tuple[Call, np.dtype[Any]]:
    """What runs the graph on one array, and the type of array it takes.

    Raises:
        ModelError: an input is left without a value.
    """
    held = {each.name for each in stored.model.constants}
    free = [each for each in session.get_inputs() if each.name not in held]
    if len(free) != 1:
        named = ", ".join(each.name for each in free) or "none"
        raise ModelError(
            f'"{stored.title}" must have one varying input, and has {len(free)}: {named}.',
            "Give the others constant values at the model's source.",
        )
    name, output = free[0].name, session.get_outputs()[0]
    dtype = np.dtype(_ARRAYS.get(free[0].type, "float32"))
    others = constants_for(stored.model)
    run, outputs = session.run, [output.name]

    def direct(batch: NDArray[Any]) -> NDArray[Any]:
        found: NDArray[Any] = run(outputs, {name: batch})[0]
        return found

    def converting(batch: NDArray[Any]) -> NDArray[Any]:
        if batch.dtype != dtype:
            batch = batch.astype(dtype)
        found: NDArray[Any] = run(outputs, {name: batch, **others(len(batch))})[0]
        return found.astype(np.float32) if found.dtype == np.float16 else found

    plain = not held and dtype == np.dtype(stored.model.input.dtype) and output.type != "tensor(float16)"
    return (direct if plain else converting), dtype


def open_session(
    path: Path, threads: int, title: str, optimised: Path | None = None, device: str = "cpu", profile: Path | None = None
) -> onnxruntime.InferenceSession:
    """A session; with `optimised`, the graph as it will execute is written there; with `profile`, calls are profiled into files whose
    names begin so, until `end_profiling`.

    Raises:
        ModelError: the file cannot be loaded, or the device is not there.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # A thread that spins between calls draws power and steals the time of what is measured next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 4  # errors are raised, and told in words
    if optimised is not None:
        options.optimized_model_filepath = str(optimised)
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile)
    try:
        session = onnxruntime.InferenceSession(os.fspath(path), options, providers=_providers(device))
    except Exception as error:  # the binding's exceptions have no base of their own
        raise ModelError(f'ONNX Runtime cannot load "{title}": {_plain(error)}', _remedy(error)) from error
    if device.startswith("cuda") and "CUDAExecutionProvider" not in session.get_providers():
        raise ModelError(
            f'ONNX Runtime cannot run "{title}" on {device}: its CUDA part did not load.',
            "Install the CUDA and cuDNN libraries that onnxruntime-gpu was built for, or choose the processor.",
        )
    return session


def _providers(device: str) -> list[Any]:
    if not device.startswith("cuda"):
        return ["CPUExecutionProvider"]
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()  # takes CUDA's libraries from their packages where the system has none
    return [("CUDAExecutionProvider", {"device_id": int(device.partition(":")[2] or 0)}), "CPUExecutionProvider"]


def _plain(error: BaseException) -> str:
    """What the runtime said, without the codes and source lines around it."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : ", "", first_line(error))
    return re.sub(r"^(Load model from .*? failed:|Failed to load model because )", "", text).strip()[:300]


def _remedy(error: BaseException) -> str:
    text = str(error)
    if "is not a registered function/op" in text or "No opset import" in text:
        return "The graph has an operator that this runtime does not know; export the model with standard operators."
    if "Unsupported model IR version" in text or "opset" in text.lower():
        return "Export the model for an older opset, or install a newer onnxruntime."
    return "Make the model anew, or choose another runtime."


class Ran:
    """What a profile says of one call: operators by kind, the heavy ones by precision, and where they ran."""

    def __init__(self, nodes: list[dict[str, Any]]) -> None:
        self.kinds: Counter[str] = Counter(each["op_name"] for each in nodes)
        self.heavy: Counter[str] = Counter(
            _precision(each) for each in nodes if each["op_name"] in _INT8_HEAVY or each["op_name"] in _FLOAT_HEAVY
        )
        self.on_processor = sum(each.get("provider") == "CPUExecutionProvider" for each in nodes)

    def execution(self, promised: str) -> Execution:
        """`promised` is the precision the file was made for."""
        return Execution(
            runtime=OnnxRuntime.name,
            version=f"ONNX Runtime {onnxruntime.__version__}",
            precision=main_precision(self.heavy),
            by_precision=dict(self.heavy.most_common()),
            fallbacks=0
            if promised == "fp32"
            else sum(self.heavy.values()) - self.heavy[promised] - self.heavy["int8"] * (promised != "int8"),
            qdq=min(self.kinds["QuantizeLinear"], self.kinds["DequantizeLinear"]),
            kernels=tuple(self.kinds.most_common()),
        )

    def notes(self, promised: str, device: str) -> tuple[str, ...]:
        """Sentences on what is not as a reader would expect."""
        found = list(precision_notes(self.heavy, promised))
        if not device.startswith("cpu") and self.on_processor:
            verb = "operator runs" if self.on_processor == 1 else "operators run"
            found.append(f"{self.on_processor} {verb} on the processor, because the GPU part of ONNX Runtime does not have them.")
        return tuple(found)


def _precision(node: dict[str, Any]) -> str:
    if node["op_name"] in _INT8_HEAVY or node.get("in_blocks"):
        return "int8"
    first = next(iter(node.get("input_type_shape") or [{}]))
    name = next(iter(first), "float")
    return _TYPES.get(name, name)


def ran_operators(profile: Path, graph: Path) -> Ran:
    """What executed, from the runtime's own profile of one call of a graph."""
    events = json.loads(profile.read_text(encoding="utf-8"))
    calls = [each for each in events if each.get("cat") == "Node" and each.get("name", "").endswith("_kernel_time")]
    calls = [each for each in calls if "op_name" in each["args"]]
    in_blocks = _in_blocks(graph) if any(each["args"]["op_name"] == "MatMulNBits" for each in calls) else frozenset()
    return Ran([{**each["args"], "in_blocks": each["name"].removesuffix("_kernel_time") in in_blocks} for each in calls])


def _in_blocks(path: Path) -> frozenset[str]:
    """The MatMulNBits that round their input to int8 and multiply integers: of accuracy level 4. The others multiply floats."""
    import onnx

    nodes = onnx.load(os.fspath(path), load_external_data=False).graph.node
    return frozenset(node.name for node in nodes if any(each.name == "accuracy_level" and each.i == 4 for each in node.attribute))


def operators(path: Path) -> Counter[str]:
    """How often each operator occurs in a graph."""
    import onnx

    graph = onnx.load(os.fspath(path), load_external_data=False).graph
    return Counter(node.op_type for node in graph.node)


RUNTIME = OnnxRuntime()
