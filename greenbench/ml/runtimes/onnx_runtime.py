"""ONNX Runtime on the CPU. Imports no torch; says which precision its optimised graph really executes in."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from greenbench.core.errors import ModelError
from greenbench.core.step import Stored

# Operators of the optimised graph that do the arithmetic. After fusion a quantised convolution is a QLinearConv; one that
# stayed Conv between DequantizeLinear and QuantizeLinear computes in floats, whatever the file promised.
_INT8 = frozenset(
    {
        "QLinearConv", "QLinearMatMul", "QGemm", "ConvInteger", "MatMulInteger", "QLinearAdd",
        "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QAttention", "QLinearSoftmax",
    }
)  # fmt: skip
_INT8_HEAVY = _INT8 - {"QLinearAdd", "QLinearSoftmax"}
_FLOAT_HEAVY = frozenset({"Conv", "FusedConv", "Gemm", "FusedGemm", "MatMul", "FusedMatMul", "ConvTranspose", "Attention", "LSTM", "GRU"})
_QUANTISED = frozenset({"QuantizeLinear", "DequantizeLinear"}) | _INT8


class OnnxSession:
    """A graph that is ready."""

    def __init__(self, session: onnxruntime.InferenceSession, precision: str, notes: tuple[str, ...]) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._outputs = [session.get_outputs()[0].name]
        self.precision, self.notes = precision, notes

    def run(self, batch: NDArray[np.float32]) -> NDArray[Any]:
        logits: NDArray[Any] = self._session.run(self._outputs, {self._input: batch})[0]
        return logits


class OnnxRuntime:
    """The runtime of ONNX graphs."""

    name = "onnxruntime"
    title = "ONNX Runtime"

    def prepare(self, stored: Stored, threads: int, device: str = "cpu") -> OnnxSession:
        """Loads a graph with that many threads inside an operator and one between operators; idle threads sleep.

        Raises:
            ModelError: it is not an ONNX graph, or the file is damaged.
        """
        if stored.model.format != "onnx":
            raise ModelError(f'"{stored.title}" is not an ONNX graph.', "Export it first.")
        path = stored.file("weights")
        session = open_session(path, threads, stored.title)
        if stored.model.precision == "fp32":
            return OnnxSession(session, "fp32", ())
        precision, note = executed(_look_from_outside(path, stored.title))
        return OnnxSession(session, precision, (note,) if note else ())


def open_session(path: Path, threads: int, title: str, optimised: Path | None = None) -> onnxruntime.InferenceSession:
    """A session on the CPU; with `optimised`, the graph as it will execute is written there.

    Raises:
        ModelError: the file cannot be loaded.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, threads)
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # A thread that spins between calls draws power and steals the time of what is measured next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3
    if optimised is not None:
        options.optimized_model_filepath = str(optimised)
    try:
        return onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the binding's exceptions have no base of their own
        reason = str(error).splitlines()[0][:300]
        raise ModelError(f'ONNX Runtime cannot load "{title}": {reason}', "Make the model anew, or choose another runtime.") from error


def optimised_operators(path: Path, title: str) -> Counter[str]:
    """How often each operator occurs in the graph that ONNX Runtime makes of a file for this processor.

    Raises:
        ModelError: the file cannot be loaded.
    """
    with tempfile.TemporaryDirectory(prefix="greenbench-") as folder:
        optimised = Path(folder) / "optimised.onnx"
        open_session(path, 1, title, optimised)
        return operators(optimised)


def _look_from_outside(path: Path, title: str) -> Counter[str]:
    """`optimised_operators` in a process of its own: what it loads must not count as memory of the model that is measured."""
    code = f"import sys; from {__name__} import main; main(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, os.fspath(path)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ModelError(f'"{title}": the graph that executes cannot be looked at: {last}', "Make the model anew.")
    return Counter(json.loads(done.stdout))


def main(path: str) -> None:
    """Prints the operators of the optimised graph as JSON."""
    sys.stdout.write(json.dumps(optimised_operators(Path(path), Path(path).name)))


def operators(path: Path) -> Counter[str]:
    """How often each operator occurs in a graph."""
    import onnx

    graph = onnx.load(os.fspath(path), load_external_data=False).graph
    return Counter(node.op_type for node in graph.node)


def executed(counts: Counter[str]) -> tuple[str, str]:
    """The precision in which the heavy operators of an optimised graph execute, and a note if they are not all the same."""
    int8 = sum(counts[name] for name in _INT8_HEAVY)
    floats = sum(counts[name] for name in _FLOAT_HEAVY)
    if int8 and floats:
        return "int8", f"{floats} of {int8 + floats} convolutions and matrix products run in fp32, the others in int8."
    if int8:
        return "int8", ""
    quantised = any(counts[name] for name in _QUANTISED)
    return "fp32", "The file is quantised, but everything runs in fp32 here." if quantised else ""


RUNTIME = OnnxRuntime()
