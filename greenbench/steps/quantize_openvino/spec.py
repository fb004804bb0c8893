"""Static int8 quantisation for OpenVINO."""

from importlib.util import find_spec
from typing import Literal

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.runtimes import unavailable
from greenbench.core.step import Group, Paper, StepSpec


class OpenVinoInt8Params(Params):
    preset: Literal["performance", "mixed"] = parameter(
        "performance",
        "Activations",
        "Rounded symmetrically around zero, which is fastest, or asymmetrically where they are not rectified, which loses less.",
        choices={"performance": "Symmetric", "mixed": "Mixed"},
    )
    examples: int = parameter(
        256,
        "Calibration examples",
        "Examples of the calibration split to find the ranges on; test examples are never used.",
        unit="examples",
        ge=1,
        le=100_000,
    )
    control: bool = parameter(
        False,
        "Keep the score",
        "Puts layers back into floating point, the most harmful first, until the score on the validation examples holds. Takes longer.",
    )
    loss: float = parameter(
        0.01,
        "Largest loss",
        "By how much the score on the validation examples may fall; in percentage points.",
        percent=True,
        ge=0,
        le=1,
        visible_when={"control": (True,)},
    )
    fast: bool = parameter(
        True,
        "Fast bias correction",
        "Corrects biases from statistics of the float network. The slow way goes layer by layer and may answer a little better.",
        advanced=True,
    )


def _missing(_params: OpenVinoInt8Params) -> tuple[str, str] | None:
    """What is not installed."""
    missing = unavailable("openvino", "cpu")
    if missing:
        return missing[0], 'Install it with pip install "greenbench[openvino]", or choose Quantize int8.'
    if find_spec("nncf") is None:
        return (
            "NNCF, which quantises for OpenVINO, is not installed.",
            'Install it with pip install "greenbench[openvino]", or choose Quantize int8.',
        )
    return None


SPEC = StepSpec(
    key="quantize.openvino",
    version=1,
    title="Quantize for OpenVINO",
    group=Group.COMPRESS,
    icon="cpu",
    summary="Int8 by Intel's own quantiser, for OpenVINO.",
    help=(
        "Weights and activations in 8 bits, with ranges found on calibration examples and biases corrected, by NNCF. The int8 for Intel "
        "processors; runs on AMD's too. How many operators OpenVINO executes in int8 on this machine is counted. The result is an OpenVINO "
        "model: set the benchmark's runtime to OpenVINO. It cannot be trained any further, so quantize last."
    ),
    params=OpenVinoInt8Params,
    apply="greenbench.steps.quantize_openvino.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, "Calibration data")),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch", "torchscript", "exported", "onnx", "openvino"),
    makes={"format": "openvino", "precision": "int8"},
    splits=("calibration",),
    highlights=("preset", "examples"),
    paper=Paper("Kozlov 2020", "Neural network compression framework for fast model inference", "https://arxiv.org/abs/2002.08679"),
    aliases=("quantise", "nncf", "intel", "8 bit", "ptq", "accuracy aware", "npu"),
    obstacle=_missing,
)
