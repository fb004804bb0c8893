"""Static int8 quantisation."""

from typing import Literal

from greenbench.core.params import parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec
from greenbench.steps.rounding import RoundingParams


class StaticInt8Params(RoundingParams):
    method: Literal["minmax", "entropy", "percentile"] = parameter(
        "minmax",
        "Calibration",
        "How the range of each activation is chosen: its extremes, the range that loses least information, or a percentile that cuts "
        "off outliers.",
        choices={"minmax": "Min–max", "entropy": "Entropy", "percentile": "Percentile"},
    )
    examples: int = parameter(
        256,
        "Calibration examples",
        "Examples of the calibration split to find the ranges on; test examples are never used.",
        unit="examples",
        ge=1,
        le=100_000,
    )
    skip: Literal["none", "named", "worst", "enough"] = parameter(
        "none",
        "Left in floating point",
        "Layers that 8 bits hurt can stay as they are: those you name, the most sensitive ones, or as many of these as it takes until the "
        "validation score holds. Each costs speed and bytes.",
        choices={"none": "No layer", "named": "Named layers", "worst": "The most sensitive", "enough": "Until the score holds"},
    )
    names: str = parameter(
        "",
        "Layer names",
        "As the network calls them, separated by commas; * stands for anything: stem.*, classifier.",
        visible_when={"skip": ("named",)},
    )
    count: int = parameter(
        1, "How many", "So many of the most sensitive layers.", unit="layers", ge=1, le=1000, visible_when={"skip": ("worst",)}
    )
    loss: float = parameter(
        0.005,
        "Largest loss",
        "By how much the score on the validation examples may fall; in percentage points.",
        percent=True,
        ge=0,
        le=1,
        visible_when={"skip": ("enough",)},
    )
    scan: bool = parameter(
        False,
        "Sensitivity scan",
        "Rounds one layer at a time and lists what each does to the answers, worst first. One pass over the scan examples for each layer.",
        visible_when={"skip": ("none", "named")},
    )
    scan_examples: int = parameter(
        128,
        "Scan examples",
        "Calibration examples that the float and the rounded answers are compared on.",
        unit="examples",
        ge=1,
        le=100_000,
        advanced=True,
    )
    percentile: float = parameter(
        99.99,
        "Percentile",
        "Share of the values that must fit into the range.",
        unit="%",
        ge=90,
        le=100,
        visible_when={"method": ("percentile",)},
        advanced=True,
    )


SPEC = StepSpec(
    key="quantize.static",
    version=2,
    title="Quantize int8",
    group=Group.COMPRESS,
    icon="number-circle-eight",
    summary="Weights and activations in 8 bits, executed in int8.",
    help=(
        "Stores weights in 8 bits and computes in 8 bits, with ranges found on calibration examples. The file shrinks to about a quarter; "
        "many models run faster, some slower: the benchmark tells. How many operators really execute in int8 on this machine is counted. "
        "The result is an ONNX graph and cannot be trained any further, so quantize last."
    ),
    params=StaticInt8Params,
    apply="greenbench.steps.quantize_static.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, "Calibration data")),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch", "torchscript", "exported", "onnx"),
    makes={"format": "onnx", "precision": "int8"},
    splits=("calibration",),
    highlights=("method", "examples"),
    paper=Paper(
        "Jacob 2018",
        "Quantization and training of neural networks for efficient integer-arithmetic-only inference",
        "https://arxiv.org/abs/1712.05877",
    ),
    aliases=("quantise", "ptq", "8 bit", "qdq", "post-training", "calibration", "sensitivity", "mixed precision"),
)
