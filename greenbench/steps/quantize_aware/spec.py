"""Quantisation-aware training."""

from typing import Literal

from greenbench.core.params import parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec, Trait
from greenbench.steps.fitting import EPOCHS_HELP, RATE_HELP, FitParams


class AwareParams(FitParams):
    epochs: int = parameter(3, "Epochs", EPOCHS_HELP, unit="epochs", ge=1, le=10_000)
    learning_rate: float = parameter(0.005, "Learning rate", RATE_HELP + " About a tenth of the rate of training.", gt=0, le=10)
    range: Literal["auto", "full", "reduced"] = parameter(
        "auto",
        "Bits of weights",
        "Older x86 processors overflow with 8 bits and answer wrongly; 7 avoid it. Automatic asks the processor.",
        choices={"auto": "Automatic", "full": "8 bits", "reduced": "7 bits"},
        advanced=True,
    )


def _obstacle(params: AwareParams) -> tuple[str, str] | None:
    if not params.mixed_precision:
        return None
    return "training as int8 computes in float32, and mixed precision in bf16.", "Switch mixed precision off."


SPEC = StepSpec(
    key="quantize.aware",
    version=2,
    title="Quantize-aware training",
    group=Group.COMPRESS,
    icon="graduation-cap",
    summary="Learns to live with 8 bits, then executes in int8.",
    help=(
        "Trains a finished network a little further while every weight and activation is rounded as int8 will round it, so that it learns "
        "to live with that; then writes the int8 graph. It buys the size and speed of int8 with less loss of accuracy than quantizing "
        "alone, for the price of training: worth it where Quantize int8 costs accuracy, as in small and mobile networks. Batch norms "
        "become part of the layer before them, with the statistics that training found. How many operators execute in int8 on this "
        "machine is counted, and what executes is compared with what was trained. Products of two activations, as in attention, stay in "
        "floating point. The result is an ONNX graph and cannot be trained any further."
    ),
    params=AwareParams,
    apply="greenbench.steps.quantize_aware.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    makes={"format": "onnx", "precision": "int8"},
    splits=("train", "validation"),
    highlights=("epochs", "learning_rate"),
    traits=(Trait.LEARNS,),
    obstacle=_obstacle,
    paper=Paper(
        "Jacob 2018",
        "Quantization and training of neural networks for efficient integer-arithmetic-only inference",
        "https://arxiv.org/abs/1712.05877",
    ),
    aliases=("QAT", "quantise", "8 bit", "fake quantization", "straight-through", "simulated quantization"),
)
