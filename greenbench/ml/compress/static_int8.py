"""Static int8: weights and activations in 8 bits, with ranges found on calibration data (Jacob 2018, sections 2 and 3).

ONNX Runtime's quantiser inserts the rounding (QDQ form, one scale for each output channel of a weight, zero at zero) and
its graph optimiser turns what it can into integer kernels. What it could not turn is counted, not assumed. Ranges are found once;
any choice of layers can then be rounded with them, which is what a sensitivity scan does.
"""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType
from onnxruntime.quantization.calibrate import TensorsData, create_calibrator
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.quant_utils import load_model_with_shape_infer
from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

from greenbench.core.errors import StepError
from greenbench.ml.compress.onnx_layers import Watch, demand_floats, layers_of, prepared, quantising

Array = NDArray[Any]
Floats = NDArray[np.float32]
Method = Literal["minmax", "entropy", "percentile"]
Range = Literal["auto", "full", "reduced"]

_METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
_KINDS = sorted({*QLinearOpsRegistry, *QDQRegistry})
# The percentile method would else take ranges around zero, half of which a rectified activation never uses.
_SYMMETRY = {"WeightSymmetric": True, "ActivationSymmetric": False, "CalibTensorRangeSymmetric": False}


@dataclass(frozen=True)
class Int8Settings:
    """How ranges are found: the extremes, the range that loses least information, or a percentile that cuts outliers.
    `per_channel`: a scale for each output channel. `range`: 8 bits for weights ("full"), 7 ("reduced"), or by processor."""

    method: Method = "minmax"
    percentile: float = 99.99
    per_channel: bool = True
    range: Range = "auto"


@dataclass(frozen=True)
class Examples:
    """Calibration examples as a graph takes them: batches of one size (N, …), and the graph's other inputs, the same for each."""

    batches: Sequence[Array]
    held: Mapping[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(len(batch) for batch in self.batches)


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    """Hands out batches one by one; Stop is heard between them."""

    def __init__(self, examples: Examples, input: str, watch: Watch) -> None:
        self._examples, self._input, self._watch = examples, input, watch
        self._next = 0

    def get_next(self) -> dict[str, Array] | None:
        self._watch.check()
        self._watch.progress(self._next / len(self._examples.batches))
        if self._next == len(self._examples.batches):
            return None
        self._next += 1
        return {self._input: self._examples.batches[self._next - 1], **self._examples.held}


class Calibrated:
    """A float graph with the range of each of its activations: what can write its int8 forms."""

    def __init__(self, path: Path, ranges: TensorsData, settings: Int8Settings, input: str) -> None:
        self.path, self.input = path, input
        self._ranges, self._settings = ranges, settings
        self.layers: dict[str, tuple[str, ...]] = layers_of(onnx.load(str(path), load_external_data=False).graph)

    def write(self, target: Path, without: Sequence[str] = (), only: Sequence[str] = ()) -> None:
        """Writes the graph with its activations and weights rounded, but for those of the layers `without`; `only` rounds those alone.

        Raises:
            StepError: the quantiser cannot handle the graph.
        """
        with quantising("ONNX Runtime cannot quantise this model", "Try another calibration method."):
            # The quantiser changes the graph it is given, so each form starts from the file.
            quantizer = QDQQuantizer(
                load_model_with_shape_infer(self.path),
                self._settings.per_channel,
                reduced_range(self._settings.range),
                QuantType.QInt8,
                QuantType.QUInt8,
                self._ranges,
                self._nodes(only),
                self._nodes(without),
                _KINDS,
                dict(_SYMMETRY),
            )
            quantizer.quantize_model()
            _keep_floats(quantizer.model.model.graph, self._nodes(without))
            quantizer.model.save_model_to_file(str(target), False)

    def _nodes(self, layers: Sequence[str]) -> list[str]:
        return [node for layer in layers for node in self.layers[layer]]


def calibrate(source: Path, target: Path, examples: Examples, settings: Int8Settings, watch: Watch | None = None) -> Calibrated:
    """Finds the ranges of the float ONNX file `source`; `target` is where its prepared form (batch norms folded) may lie.

    Raises:
        StepError: no calibration data, the graph is already quantised, or the quantiser cannot handle it.
        Cancelled: from `watch`.
    """
    watch = watch or Watch()
    if not len(examples):
        raise StepError("There are no calibration examples to find the ranges on.", "Connect a data set with a calibration split.")
    demand_floats(source)
    with quantising("ONNX Runtime cannot calibrate this model", "Try another calibration method."):
        prepared(source, target)
        watch.check()
        graph = onnx.load(str(target), load_external_data=False).graph
        known = {tensor.name for tensor in graph.initializer} | set(examples.held)
        input = next(value.name for value in graph.input if value.name not in known)
        options: dict[str, Any] = {"symmetric": False}
        if settings.method == "percentile":
            options["percentile"] = settings.percentile
        with TemporaryDirectory(prefix="greenbench-") as scratch:
            calibrator = create_calibrator(
                target,
                _KINDS,
                augmented_model_path=str(Path(scratch) / "augmented.onnx"),
                calibrate_method=_METHODS[settings.method],
                extra_options=options,
            )
            calibrator.collect_data(_Reader(examples, input, watch))
            ranges = calibrator.compute_data()
            del calibrator  # it holds the file
    return Calibrated(target, ranges, settings, input)


def quantize(source: Path, target: Path, batches: Sequence[Array], settings: Int8Settings, watch: Watch | None = None) -> None:
    """Writes the int8 form of the float ONNX file `source`, every layer of it, to `target`. `batches` (N, …) are examples as the model
    takes them, all of one size.

    Raises:
        StepError: no calibration data, the graph is already quantised, or the quantiser cannot handle it.
        Cancelled: from `watch`.
    """
    scratch = target.with_suffix(".prepared.onnx")
    try:
        calibrate(source, scratch, Examples(batches), settings, watch).write(target)
    finally:
        scratch.unlink(missing_ok=True)


def _keep_floats(graph: onnx.GraphProto, nodes: list[str]) -> None:
    """Parts the layers that stay floats from the rounding before them by an operator that changes nothing, a sum of one.

    Their neighbours need it there; but where ONNX Runtime finds rounding on both sides of a convolution, it rounds the float weights in
    between as well, and the layer that was left out would execute in int8 all the same.
    """
    rounded = {name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    placed: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.name in nodes and node.input[0] in rounded:
            through = f"{node.input[0]}_to_{node.name}"
            placed.append(onnx.helper.make_node("Sum", [node.input[0]], [through], name=f"{node.name}_apart"))
            node.input[0] = through
        placed.append(node)
    ordered = [onnx.NodeProto.FromString(node.SerializeToString()) for node in placed]
    del graph.node[:]
    graph.node.extend(ordered)


def reduced_range(range: Range) -> bool:
    """Whether weights get 7 bits: without VNNI, x86's 8-bit multiply-adds can overflow 16 bits and answer wrongly."""
    return range == "reduced" or (range == "auto" and _may_saturate())


def _may_saturate() -> bool:
    if platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686", "x86"):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True  # other systems do not say; 7 bits are right on every processor
    return "vnni" not in flags
