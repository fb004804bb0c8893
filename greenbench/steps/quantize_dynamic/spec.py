"""Dynamic int8 quantisation."""

from greenbench.core.params import parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec
from greenbench.steps.rounding import RoundingParams


class DynamicInt8Params(RoundingParams):
    convolutions: bool = parameter(
        False,
        "Convolutions too",
        "Rounds what goes into each convolution at each call. Fewer bytes, and slower than floating point: SqueezeNet and MobileNetV2 took "
        "7 and 13 times as long. Choose static int8 for convolutions.",
    )
    tables: bool = parameter(True, "Word vectors too", "Holds the table of word vectors in 8 bits: fewer bytes, no fewer joules.")


SPEC = StepSpec(
    key="quantize.dynamic",
    version=1,
    title="Quantize dynamic int8",
    group=Group.COMPRESS,
    icon="activity",
    summary="Dense and recurrent layers in int8, without calibration.",
    help=(
        "Stores the weights of dense and recurrent layers in 8 bits; what comes in is rounded at each call by the range it has then, so no "
        "calibration data is needed. For wide dense layers and language models, whose products take longer than the rounding; "
        "convolutions gain nothing or lose, and stay in floating point unless you say otherwise. How many operators execute in int8 is "
        "counted. The result is an ONNX graph and cannot be trained any further."
    ),
    params=DynamicInt8Params,
    apply="greenbench.steps.quantize_dynamic.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, "Data to judge on", optional=True)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch", "torchscript", "exported", "onnx"),
    makes={"format": "onnx", "precision": "int8"},
    highlights=("convolutions", "tables"),
    paper=Paper("Zafrir 2019", "Q8BERT: Quantized 8bit BERT", "https://arxiv.org/abs/1910.06188"),
    aliases=("quantise", "8 bit", "dynamic range", "lstm", "transformer", "bert", "linear"),
)
