"""N:M pruning: the pattern of zeros that some GPUs multiply faster."""

from typing import Literal

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec


class PatternParams(Params):
    pattern: Literal["2:4", "1:4", "4:8"] = parameter(
        "2:4",
        "Pattern",
        "2:4 keeps the two largest of every four weights along a layer's inputs. It is the only one that GPUs execute.",
        choices={"2:4": "2 of 4", "1:4": "1 of 4", "4:8": "4 of 8"},
    )
    keep_first: bool = parameter(False, "Keep the first layer", "It sees the image, is small and often sensitive.", advanced=True)
    keep_last: bool = parameter(False, "Keep the output layer", "The layer that makes the classes.")


SPEC = StepSpec(
    key="prune.nm",
    version=1,
    title="Prune N of M",
    group=Group.COMPRESS,
    icon="grid-four",
    summary="Keeps the 2 largest of every 4 weights.",
    help=(
        "Keeps the N largest of every M weights that follow each other along the inputs of linear layers and convolutions; the others are "
        "zero and stay so in every later step. Fine-tune afterwards. What it buys: a smaller coded file. Only NVIDIA GPUs since Ampere "
        "multiply the 2:4 pattern faster, in half precision and with sparse kernels; everywhere else there is no speed-up, and the result "
        "says so. Layers whose inputs M does not divide are left whole."
    ),
    params=PatternParams,
    apply="greenbench.steps.prune_nm.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, optional=True)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    highlights=("pattern", "keep_last"),
    paper=Paper("Mishra 2021", "Accelerating sparse deep neural networks", "https://arxiv.org/abs/2104.08378"),
    aliases=("2:4", "semi-structured", "n:m", "sparse tensor cores", "ampere", "structured sparsity"),
)
