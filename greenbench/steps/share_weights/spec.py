"""Weight sharing: few values for many weights."""

from typing import Literal

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec, Trait


class SharingParams(Params):
    bits: int = parameter(4, "Bits, dense layers", "A dense layer keeps 2 to the power of this many values.", unit="bits", ge=1, le=8)
    conv_bits: int = parameter(
        4,
        "Bits, convolutions",
        "A convolution keeps 2 to the power of this many values; it needs more than a dense layer.",
        unit="bits",
        ge=1,
        le=8,
    )
    epochs: int = parameter(
        2,
        "Epochs",
        "How long the shared values are fine-tuned, where data is connected; 0 leaves them as found.",
        unit="epochs",
        ge=0,
        le=10_000,
    )
    learning_rate: float = parameter(
        0.003, "Learning rate", "How far each batch moves the shared values (AdamW). Too high: accuracy falls.", gt=0, le=1, advanced=True
    )
    batch: int = parameter(64, "Batch size", "Examples in one training step.", unit="examples", ge=2, le=65_536, advanced=True)
    start: Literal["linear", "random", "density"] = parameter(
        "linear",
        "First values",
        "Evenly from the smallest to the largest weight (keeps the rare large ones, which matter most), some of the weights, or evenly "
        "over the weights.",
        choices={"linear": "Linear", "random": "Random", "density": "Density"},
        advanced=True,
    )


SPEC = StepSpec(
    key="share.kmeans",
    version=3,
    title="Share weights",
    group=Group.COMPRESS,
    icon="squares-four",
    summary="Each layer keeps a few values that its weights share.",
    help=(
        "Groups the weights of each layer around a few values by k-means, so that a file needs only a short index for each weight. Weights "
        "that pruning removed stay zero. With data connected, the shared values are fine-tuned. What it buys: a smaller coded file. "
        "The runtime still computes with full numbers, so latency and energy stay as they are, and the plain file keeps its size."
    ),
    params=SharingParams,
    apply="greenbench.steps.share_weights.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, optional=True)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    splits=("train", "validation"),
    highlights=("bits", "conv_bits"),
    traits=(Trait.SHARES,),
    paper=Paper(
        "Han 2016",
        "Deep compression: compressing deep neural networks with pruning, trained quantization and Huffman coding",
        "https://arxiv.org/abs/1510.00149",
    ),
    aliases=("k-means", "kmeans", "clustering", "codebook", "palette", "deep compression"),
)
