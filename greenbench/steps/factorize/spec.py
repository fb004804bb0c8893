"""Low-rank factorisation: one layer becomes two or three thin ones."""

from typing import Literal

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec


class FactorizeParams(Params):
    by: Literal["energy", "ratio"] = parameter(
        "energy",
        "Rank by",
        "Each layer keeps the rank that holds a share of its energy (the sum of its squared singular values), or a share of its full rank.",
        choices={"energy": "Energy", "ratio": "Share of the rank"},
    )
    energy: float = parameter(
        0.9,
        "Energy kept",
        "In each layer; of a convolution, in its input channels and in its output channels. Less makes the model smaller and less exact.",
        percent=True,
        step=0.01,
        gt=0,
        le=1,
        visible_when={"by": ("energy",)},
    )
    ratio: float = parameter(
        0.25,
        "Rank kept",
        "Share of the full rank. A square dense layer gets cheaper below one half.",
        percent=True,
        step=0.05,
        gt=0,
        le=1,
        visible_when={"by": ("ratio",)},
    )
    keep_last: bool = parameter(True, "Output layer whole", "The layer that makes the output is left as it is.", advanced=True)
    keep: str = parameter(
        "", "Leave alone", "Layers or blocks that stay whole, by their names in the model, separated by commas.", advanced=True
    )


SPEC = StepSpec(
    key="factorize.low_rank",
    version=1,
    title="Factorize",
    group=Group.COMPRESS,
    icon="divide",
    summary="Splits layers into thin ones of low rank.",
    help=(
        "Replaces a dense layer by two thin ones (truncated SVD) and a convolution by three (Tucker-2), where that saves multiply-adds; "
        "other layers stay as they are. File and multiply-adds shrink. Latency shrinks on wide layers; on small ones more layers can cost "
        "more time than they save. Accuracy drops at first: fine-tune afterwards. Factorise before pruning single weights."
    ),
    params=FactorizeParams,
    apply="greenbench.steps.factorize.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, optional=True)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    highlights=("by", "energy"),
    paper=Paper(
        "Kim 2016",
        "Compression of deep convolutional neural networks for fast and low power mobile applications",
        "https://arxiv.org/abs/1511.06530",
    ),
    aliases=("low rank", "factorise", "svd", "tucker", "decomposition", "decompose"),
)
