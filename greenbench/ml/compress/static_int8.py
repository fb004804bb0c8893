"""Static int8: weights and activations in 8 bits, with ranges found on calibration data (Jacob 2018, sections 2 and 3).

ONNX Runtime's quantiser inserts the rounding (QDQ form, one scale for each output channel of a weight, zero at zero) and
its graph optimiser turns what it can into integer kernels. What it could not turn is counted, not assumed.
"""

import contextlib
import io
import logging
import platform
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from greenbench.core.errors import Cancelled, GreenBenchError, StepError
from greenbench.ml.runtimes.onnx_runtime import open_session, operators

Floats = npt.NDArray[np.float32]
Method = Literal["minmax", "entropy", "percentile"]
Range = Literal["auto", "full", "reduced"]

# Operators of an optimised graph that multiply and add, by what they compute in.
INT8_OPERATORS = frozenset(
    {"QLinearConv", "QLinearMatMul", "QGemm", "ConvInteger", "MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "QAttention"}
)
FLOAT_OPERATORS = frozenset({"Conv", "FusedConv", "ConvTranspose", "Gemm", "FusedGemm", "MatMul", "FusedMatMul", "Attention"})
_METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}


@dataclass(frozen=True)
class Int8Settings:
    """How ranges are found: the extremes, the range that loses least information, or a percentile that cuts outliers.
    `per_channel`: a scale for each output channel. `range`: 8 bits for weights ("full"), 7 ("reduced"), or by processor."""

    method: Method = "minmax"
    percentile: float = 99.99
    per_channel: bool = True
    range: Range = "auto"


@dataclass(frozen=True)
class Executed:
    """What the runtime made of the graph on this machine: the heavy operators it runs in int8 and those left in floats."""

    int8: int
    floats: int
    left: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """How many of the convolutions and matrix products execute in int8, and which kinds do not."""
        total = self.int8 + self.floats
        text = f"{self.int8} of {total} convolutions and matrix products execute in int8 on this machine"
        return f"{text}; in floating point: {', '.join(self.left)}." if self.left else f"{text}."


class _Calibration(CalibrationDataReader):  # type: ignore[misc]
    """Hands out batches one by one; Stop is heard between them."""

    def __init__(self, batches: list[Floats], input: str, check: Callable[[], None], progress: Callable[[float], None]) -> None:
        self._batches, self._input, self._check, self._progress = batches, input, check, progress
        self._next = 0

    def get_next(self) -> dict[str, Floats] | None:
        self._check()
        self._progress(self._next / len(self._batches))
        if self._next == len(self._batches):
            return None
        self._next += 1
        return {self._input: self._batches[self._next - 1]}


def quantize(
    source: Path,
    target: Path,
    batches: list[Floats],
    settings: Int8Settings,
    check: Callable[[], None] = lambda: None,
    progress: Callable[[float], None] = lambda _fraction: None,
) -> str:
    """Writes the int8 form of the float ONNX file `source` to `target`; returns what the quantiser said, for the log.

    `batches` (N, …) are normalised examples, all of one size. Batch norms are folded into convolutions first.

    Raises:
        StepError: no calibration data, the graph is already quantised, or the quantiser cannot handle it.
        Cancelled: from `check`.
    """
    if not batches or not len(batches[0]):
        raise StepError("There are no calibration examples to find the ranges on.", "Connect a data set with a calibration split.")
    counts = operators(source)
    if counts["QuantizeLinear"] or counts["DequantizeLinear"] or any(counts[name] for name in INT8_OPERATORS):
        raise StepError("This model is already quantised.", "Quantise the model before that.")
    prepared = target.with_suffix(".prepared.onnx")
    try:
        with _quiet() as said:
            _prepare(source, prepared)
            check()
            reader = _Calibration(batches, onnx.load(str(prepared), load_external_data=False).graph.input[0].name, check, progress)
            _quantize(prepared, target, reader, settings)
    except (GreenBenchError, Cancelled, MemoryError, OSError):
        raise
    except Exception as error:  # the quantiser's exceptions have no base of their own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise StepError(f"ONNX Runtime cannot quantise this model: {reason}", "Try another calibration method.") from error
    finally:
        prepared.unlink(missing_ok=True)
    return said.getvalue().strip()


def executed(path: Path, scratch: Path, title: str = "The model") -> Executed:
    """Optimises a graph as the runtime does before it executes and counts the heavy operators; `scratch` is a free file name."""
    try:
        open_session(path, 1, title, scratch)
        counts = operators(scratch)
    finally:
        scratch.unlink(missing_ok=True)
    left = {name: counts[name] for name in sorted(FLOAT_OPERATORS) if counts[name]}
    int8 = sum(counts[name] for name in INT8_OPERATORS)
    return Executed(int8, sum(left.values()), tuple(f"{count} × {name}" for name, count in left.items()))


def reduced_range(range: Range) -> bool:
    """Whether weights get 7 bits: without VNNI, x86's 8-bit multiply-adds can overflow 16 bits and answer wrongly."""
    return range == "reduced" or (range == "auto" and _may_saturate())


def distinct_values(path: Path) -> int:
    """How many distinct numbers the weight tensors of a graph hold, each tensor counted by itself."""
    from greenbench.ml.compress.packed import onnx_arrays

    return sum(len(np.unique(array)) for array in onnx_arrays(path).values() if array.ndim > 1)


def _may_saturate() -> bool:
    if platform.machine().lower() not in ("x86_64", "amd64", "i386", "i686", "x86"):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True  # other systems do not say; 7 bits are right on every processor
    return "vnni" not in flags


def _prepare(source: Path, target: Path) -> None:
    """Folds batch norms and infers shapes; some graphs defeat the symbolic inference, for which ONNX's own then stands in."""
    try:
        quant_pre_process(str(source), str(target))
    except Exception as error:  # noqa: BLE001  (the symbolic inference raises bare Exception)
        logging.getLogger(__name__).info("symbolic shape inference gave up: %s", error)
        quant_pre_process(str(source), str(target), skip_symbolic_shape=True)


def _quantize(source: Path, target: Path, reader: _Calibration, settings: Int8Settings) -> None:
    # The percentile method would else take ranges around zero, half of which a rectified activation never uses.
    options: dict[str, Any] = {"WeightSymmetric": True, "ActivationSymmetric": False, "CalibTensorRangeSymmetric": False}
    if settings.method == "percentile":
        options["CalibPercentile"] = settings.percentile
    quantize_static(
        str(source),
        str(target),
        reader,
        quant_format=QuantFormat.QDQ,
        per_channel=settings.per_channel,
        reduce_range=reduced_range(settings.range),
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=_METHODS[settings.method],
        extra_options=options,
    )


@contextlib.contextmanager
def _quiet() -> Iterator[io.StringIO]:
    """Catches what the quantiser prints, warns and logs."""
    said = io.StringIO()
    root = logging.getLogger()
    level = root.level
    with contextlib.redirect_stdout(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root.setLevel(logging.ERROR)
        try:
            yield said
        finally:
            root.setLevel(level)
