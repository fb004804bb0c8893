"""TensorRT on an NVIDIA GPU: an ONNX graph built into an engine for one batch size. Buffers are tensors of PyTorch on the same GPU."""

import json
import time
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import ModelError
from greenbench.core.run import Execution
from greenbench.core.runtimes import unavailable
from greenbench.core.step import Stored
from greenbench.ml.runtimes.runtime import (
    Session,
    cannot_answer,
    check_batch,
    constants,
    fallbacks,
    first_line,
    main_precision,
    precision_notes,
    shaped,
    zeros,
)

_HEAVY = ("conv", "gemm", "matmul", "matrix", "deconv", "attention", "fullyconnected", "rnn")
# Searched in this order: "BFloat16" must be found before "Float".
_TYPES = {
    "BFloat16": "bf16", "BF16": "bf16", "Float": "fp32", "FP32": "fp32", "Half": "fp16", "FP16": "fp16", "Int8": "int8", "INT8": "int8",
}  # fmt: skip


class TensorRt:
    """The runtime of NVIDIA's GPUs."""

    name = "tensorrt"
    title = "TensorRT"

    def prepare(self, stored: Stored, threads: int, device: str = "cuda:0", batch: int = 1) -> Session:
        """Builds an engine for calls of `batch` examples; the types of the graph hold, and TF32 is off, so fp32 means fp32.

        Raises:
            ModelError: not an ONNX graph, TensorRT or the GPU is missing, or an operator is unknown to it.
        """
        if stored.model.format != "onnx":
            raise ModelError(f'"{stored.title}" is not an ONNX graph.', "Export it first.")
        check_batch(stored, batch)
        missing = unavailable(self.name, device)
        if missing:
            raise ModelError(*missing)
        import tensorrt as trt

        logger = _Listener(trt)
        started = time.perf_counter()
        builder = trt.Builder(logger.handle)
        network = _parsed(trt, builder, logger, stored)
        loaded = time.perf_counter()
        engine = _built(trt, builder, network, logger, stored, batch)
        compiled = time.perf_counter()
        try:
            calls = _Calls(trt, engine, stored, device, batch)
            outputs = calls.run(zeros(stored.model.input, batch, calls.dtype))
        except (RuntimeError, ValueError, KeyError) as error:
            raise cannot_answer(stored, self.title, first_line(error)) from error
        times = {"load_s": loaded - started, "compile_s": compiled - loaded, "first_s": time.perf_counter() - compiled}
        done = _execution(trt, engine, stored.model.precision).model_copy(
            update={**times, "device": calls.device_words, "threads": threads}
        )
        notes = precision_notes(done.by_precision, stored.model.precision)
        return Session(shaped(calls.run, outputs, stored.model), done, notes, calls.dtype, batch, outputs.shape)


class _Listener:
    """TensorRT's log: what it calls an error is kept, because its calls give None and say the reason there."""

    def __init__(self, trt: Any) -> None:
        self.said: list[str] = []
        said = self.said

        class Listener(trt.ILogger):  # type: ignore[misc]  # the base is known only once the library is there
            def __init__(self) -> None:
                trt.ILogger.__init__(self)

            def log(self, severity: Any, text: str) -> None:
                if severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR):
                    said.append(text)

        self.handle = Listener()

    @property
    def reason(self) -> str:
        return self.said[-1].splitlines()[0][:300] if self.said else "no reason given"


def _parsed(trt: Any, builder: Any, logger: _Listener, stored: Stored) -> Any:
    """The graph as TensorRT's network; its types are taken as they are written, Q and DQ included."""
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger.handle)
    path = stored.file("weights")
    if not parser.parse_from_file(str(path)):
        said = parser.get_error(0).desc() if parser.num_errors else logger.reason
        raise ModelError(
            f'TensorRT cannot read "{stored.title}": {said}', "Export the model with standard operators, or choose another runtime."
        )
    return network


def _built(trt: Any, builder: Any, network: Any, logger: _Listener, stored: Stored, batch: int) -> Any:
    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    held = {name: array.shape for name, array in constants(stored.model, batch).items()}
    profile = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        tensor = network.get_input(index)
        if -1 in tuple(tensor.shape):
            shape = held.get(tensor.name, (batch, *stored.model.input.array_shape))
            profile.set_shape(tensor.name, shape, shape, shape)
    config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    engine = trt.Runtime(logger.handle).deserialize_cuda_engine(plan) if plan is not None else None
    if engine is None:
        raise ModelError(f'TensorRT cannot build "{stored.title}": {logger.reason}', "Choose another runtime, or export the model anew.")
    return engine


class _Calls:
    """One execution context with its buffers on the GPU. A call ends when the numbers are back in memory."""

    def __init__(self, trt: Any, engine: Any, stored: Stored, device: str, batch: int) -> None:
        import torch

        self._torch = torch
        self._device = torch.device(device)
        self._context = engine.create_execution_context()
        self._stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        inputs = [name for name in names if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT]
        held = constants(stored.model, batch)
        varying = [name for name in inputs if name not in held]
        if len(varying) != 1:
            raise ModelError(
                f'"{stored.title}" must have one varying input, and has {len(varying)}.',
                "Give the others constant values at the model's source.",
            )
        self.dtype: np.dtype[Any] = np.dtype(trt.nptype(engine.get_tensor_dtype(varying[0])))
        values = {**held, varying[0]: zeros(stored.model.input, batch, self.dtype)}
        self._buffers = {name: torch.from_numpy(values[name]).to(self._device) for name in inputs}
        for name, buffer in self._buffers.items():
            self._context.set_input_shape(name, tuple(buffer.shape))
        self._input = self._buffers[varying[0]]
        outputs = [name for name in names if name not in inputs]
        for name in outputs:
            dtype = torch.from_numpy(np.empty(0, trt.nptype(engine.get_tensor_dtype(name)))).dtype
            self._buffers[name] = torch.empty(tuple(self._context.get_tensor_shape(name)), dtype=dtype, device=self._device)
        self._output = self._buffers[outputs[0]]
        for name, buffer in self._buffers.items():
            self._context.set_tensor_address(name, buffer.data_ptr())

    @property
    def device_words(self) -> str:
        return f"{self._device} ({self._torch.cuda.get_device_name(self._device)})"

    def run(self, batch: NDArray[Any]) -> NDArray[Any]:
        with self._torch.cuda.stream(self._stream):
            self._input.copy_(self._torch.from_numpy(np.ascontiguousarray(batch, dtype=self.dtype)), non_blocking=True)
            self._context.execute_async_v3(self._stream.cuda_stream)
            found = self._output.to("cpu", non_blocking=False)
        self._stream.synchronize()
        array: NDArray[Any] = found.float().numpy() if found.dtype == self._torch.float16 else found.numpy()
        return array


def _execution(trt: Any, engine: Any, promised: str) -> Execution:
    """What the engine's inspector says of each layer."""
    layers = json.loads(engine.create_engine_inspector().get_engine_information(trt.LayerInformationFormat.JSON)).get("Layers", [])
    return described([each for each in layers if isinstance(each, dict)], f"TensorRT {trt.__version__}", promised)


def described(layers: list[dict[str, Any]], version: str, promised: str) -> Execution:
    """What layers that an inspector lists say: kinds, and the precision of the heavy ones by the type of their first input."""
    kinds: Counter[str] = Counter(str(each.get("LayerType", "?")) for each in layers)
    heavy: Counter[str] = Counter()
    for each in layers:
        words = f"{each.get('LayerType', '')} {each.get('ParameterType', '')}".lower()
        if any(word in words for word in _HEAVY):
            first = next(iter(each.get("Inputs") or [{}]))
            said = str(first.get("Format/Datatype", first.get("Datatype", ""))) if isinstance(first, dict) else ""
            heavy[next((word for name, word in _TYPES.items() if name in said), "?")] += 1
    return Execution(
        runtime=TensorRt.name,
        version=version,
        precision=main_precision(heavy, promised),
        by_precision=dict(heavy.most_common()),
        fallbacks=fallbacks(heavy, promised),
        kernels=tuple(kinds.most_common()),
    )


RUNTIME = TensorRt()
