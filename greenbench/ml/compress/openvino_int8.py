"""Static int8 by Intel's own quantiser (NNCF), for OpenVINO on Intel processors: ranges from calibration data, weights rounded for each
channel, and the mean error of each layer taken out of its bias (Nagel 2019, Data-free quantization, section 4.2, on calibration data).

NNCF too would send usage statistics; it is imported only after the way to do so was taken away.
"""

import contextlib
import io
import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from greenbench.core.errors import StepError
from greenbench.core.step import Stored
from greenbench.ml.compress.onnx_layers import Watch, quantising
from greenbench.ml.compress.static_int8 import Examples
from greenbench.ml.files.openvino_file import read
from greenbench.ml.runtimes.openvino_library import openvino

Array = NDArray[Any]
Preset = Literal["performance", "mixed"]
Quality = Callable[[Callable[[Array], Array]], float]


@dataclass(frozen=True)
class OpenVinoSettings:
    """`preset`: all activations symmetric around zero ("performance"), or those that are not rectified asymmetric ("mixed").
    `fast`: biases are corrected from statistics of the float network alone; else layer after layer, which takes long."""

    preset: Preset = "performance"
    fast: bool = True


@dataclass(frozen=True)
class Control:
    """The score to keep: layers go back to floating point until it is at most `loss` lower than that of the float network."""

    quality: Quality
    loss: float


def nncf() -> ModuleType:
    """The package `nncf`, silent.

    Raises:
        StepError: it is not installed.
        ModelError: OpenVINO is not.
    """
    openvino()
    if find_spec("nncf") is None:
        raise StepError("NNCF, which quantises for OpenVINO, is not installed.", 'Install it with pip install "greenbench[openvino]".')
    with contextlib.redirect_stderr(io.StringIO()):
        import nncf as package
    package.set_log_level(logging.ERROR)
    found: ModuleType = package
    return found


def load(stored: Stored, source: Path | None) -> Any:
    """The float model as OpenVINO holds it: from the ONNX file `source`, or the artefact's own IR.

    Raises:
        StepError: it is quantised already.
        FileFormatError: the file is damaged.
        ModelError: OpenVINO is not installed.
    """
    model = openvino().Core().read_model(str(source)) if source else read(stored.file("weights"))
    kinds = {operator.get_type_name() for operator in model.get_ops()}
    if kinds & {"FakeQuantize", "QuantizeLinear", "FakeConvert"}:
        raise StepError("This model is already quantised.", "Quantise the model before that.")
    _fold(model)
    return model


def quantize(model: Any, examples: Examples, settings: OpenVinoSettings, control: Control | None = None, watch: Watch | None = None) -> Any:
    """The int8 form of an OpenVINO model, calibrated on the examples.

    Raises:
        StepError: no calibration data, or the quantiser cannot handle the model.
        Cancelled: from `watch`.
    """
    watch = watch or Watch()
    if not len(examples):
        raise StepError("There are no calibration examples to find the ranges on.", "Connect a data set with a calibration split.")
    library = nncf()
    name = _input(model, examples)
    options: dict[str, Any] = {
        "preset": library.QuantizationPreset(settings.preset),
        "target_device": library.TargetDevice.CPU,
        "subset_size": len(examples.batches),
        "fast_bias_correction": settings.fast,
        "model_type": library.ModelType.TRANSFORMER if attends(model) else None,
    }
    data = _dataset(library, examples, name, watch)
    with quantising("NNCF cannot quantise this model", "Choose static int8 by ONNX Runtime."), contextlib.redirect_stderr(io.StringIO()):
        if control is None:
            return library.quantize(model, data, **options)
        return library.quantize_with_accuracy_control(
            model, data, data, _judged(control, name, examples, watch), max_drop=control.loss, **options
        )


def save(model: Any, target: Path) -> None:
    """Writes the IR: `target` (.xml) and its numbers beside it (.bin), none of them halved."""
    openvino().save_model(model, target, compress_to_fp16=False)


def attends(model: Any) -> bool:
    """Whether a model has attention, which NNCF quantises in a way of its own: a softmax whose result is multiplied by a matrix."""
    for operator in model.get_ops():
        if operator.get_type_name() == "ScaledDotProductAttention":
            return True
        if operator.get_type_name() == "Softmax":
            takers = {target.get_node().get_type_name() for target in operator.output(0).get_target_inputs()}
            if "MatMul" in takers:
                return True
    return False


def _fold(model: Any) -> None:
    """Computes what depends on no input, so that the weights of grouped convolutions are seen as such."""
    from openvino.passes import ConstantFolding, Manager

    manager = Manager()
    manager.register_pass(ConstantFolding())
    manager.run_passes(model)


def _input(model: Any, examples: Examples) -> str:
    """The name of the input that varies."""
    names = [name for port in model.inputs for name in sorted(port.get_names()) if name not in examples.held]
    return str(names[0] if names else model.inputs[0].get_node().get_friendly_name())


def _dataset(library: ModuleType, examples: Examples, name: str, watch: Watch) -> Any:
    seen = [0]

    def given(batch: Array) -> dict[str, Array]:
        watch.check()
        seen[0] += 1
        watch.progress(min(1.0, seen[0] / (2 * len(examples.batches))))
        return {name: batch, **examples.held}

    return library.Dataset(list(examples.batches), given)


def _judged(control: Control, name: str, examples: Examples, watch: Watch) -> Callable[[Any, Any], tuple[float, None]]:
    """What NNCF asks for the score of a compiled model; the validation examples are the judge's own."""

    def judged(compiled: Any, _dataset: Any) -> tuple[float, None]:
        watch.check()
        output = compiled.output(0)
        return control.quality(lambda batch: np.asarray(compiled({name: batch, **examples.held})[output])), None

    return judged
