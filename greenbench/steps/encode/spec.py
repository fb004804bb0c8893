"""Encode: the smallest lossless file of a model, written and proved."""

from typing import Literal

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec, Trait


class EncodeParams(Params):
    coding: Literal["smallest", "paper"] = parameter(
        "smallest",
        "Coding",
        "Whichever way is smallest for each tensor, or the paper's way for all weights: steps between non-zeros of a fixed width, codebook "
        "indices, both in Huffman's code.",
        choices={"smallest": "Smallest", "paper": "As in the paper"},
    )
    dense_bits: int = parameter(
        5,
        "Bits of a step, dense layers",
        "A step of so many bits leads from one weight that is not zero to the next; where it is too short, a zero is kept on the way.",
        unit="bits",
        ge=1,
        le=10,
        visible_when={"coding": ("paper",)},
        advanced=True,
    )
    conv_bits: int = parameter(
        8,
        "Bits of a step, convolutions",
        "The same for convolutions.",
        unit="bits",
        ge=1,
        le=10,
        visible_when={"coding": ("paper",)},
        advanced=True,
    )


SPEC = StepSpec(
    key="encode.deep",
    version=1,
    title="Encode",
    group=Group.COMPRESS,
    icon="package",
    summary="Writes the smallest lossless file and proves that it reads back.",
    help=(
        "Writes the model as one packed file: where the weights that are not zero stand, which of the shared values each takes, and "
        "Huffman's code for both. The file is read back: every number must have the same bits and every answer must be identical; what "
        "leaves this step is the model read back. The ledger says where each byte goes. Prune and share weights first: weights that are "
        "neither zero nor shared hardly shrink. What it buys: bytes of the file, for storing and sending. Never latency or energy: the "
        "file is unpacked before the model runs."
    ),
    params=EncodeParams,
    apply="greenbench.steps.encode.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, optional=True)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch", "onnx"),
    highlights=("coding", "dense_bits"),
    traits=(Trait.CODES,),
    paper=Paper(
        "Han 2016",
        "Deep compression: compressing deep neural networks with pruning, trained quantization and Huffman coding",
        "https://arxiv.org/abs/1510.00149",
    ),
    aliases=("Huffman", "deep compression", "entropy coding", "packed", "zip", "sparse indices", "gbpack"),
)
