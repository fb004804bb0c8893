"""Weight-only quantisation."""

from typing import Literal

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec


class WeightParams(Params):
    bits: Literal[4, 8] = parameter(
        4,
        "Bits",
        "Bits of each weight of a dense layer. 8 hardly change an answer; 4 halve the file once more.",
        choices={4: "4 bits", 8: "8 bits"},
    )
    block: Literal[16, 32, 64, 128] = parameter(
        32,
        "Block",
        "So many weights of one output share a scale. Smaller blocks are more accurate and take more bytes.",
        choices={16: "16 weights", 32: "32 weights", 64: "64 weights", 128: "128 weights"},
    )
    compute: Literal["int8", "float"] = parameter(
        "int8",
        "Multiply in",
        "Integers: what comes in is rounded to 8 bits in blocks at each call, which is fast. Floating point: only weights are rounded, "
        "and made floats again at each call; with 8 bits that is many times slower.",
        choices={"int8": "Integers", "float": "Floating point"},
    )
    convolutions: bool = parameter(
        True,
        "Convolutions too",
        "Holds the weights of convolutions in 8 bits. They are unpacked at each call and computed in floating point: bytes alone, and "
        "slower; SqueezeNet and MobileNetV2 took 1.7 and 2.9 times as long.",
    )
    symmetric: bool = parameter(
        True, "Zero in the middle", "No zero point for each block: fewer bytes. Pruned weights stay zero either way.", advanced=True
    )


SPEC = StepSpec(
    key="quantize.weights",
    version=1,
    title="Quantize weights",
    group=Group.COMPRESS,
    icon="stack-simple",
    summary="Weights in 4 or 8 bits, executed from the small file.",
    help=(
        "Rounds the weights of dense layers in blocks, to 4 or 8 bits, and multiplies straight from the packed form: the file and what has "
        "to be read from memory shrink to about an eighth or a quarter. Pays where a layer is wide and examples come one by one, as in "
        "language models. Convolutions gain bytes alone and lose speed. Needs no data. The result is an ONNX graph for ONNX Runtime and "
        "cannot be trained any further."
    ),
    params=WeightParams,
    apply="greenbench.steps.quantize_weights.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, "Data to judge on", optional=True)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch", "torchscript", "exported", "onnx"),
    makes={"format": "onnx"},
    highlights=("bits", "block"),
    paper=Paper(
        "Frantar 2023",
        "GPTQ: accurate post-training quantization for generative pre-trained transformers",
        "https://arxiv.org/abs/2210.17323",
    ),
    aliases=("quantise", "int4", "4 bit", "weight-only", "w4a16", "blockwise", "llm", "linear"),
)
