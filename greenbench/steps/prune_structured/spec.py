"""Structured pruning: whole channels go."""

from collections.abc import Mapping
from typing import Literal

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec, Trait
from greenbench.steps.fitting import RATE_HELP


class StructuredParams(Params):
    ratio: float = parameter(
        0.5,
        "Ratio",
        "Share of the channels that goes. Half of the channels is about a quarter of the multiply-adds.",
        percent=True,
        step=0.05,
        gt=0,
        lt=1,
    )
    importance: Literal["l1", "l2", "bn", "taylor"] = parameter(
        "l2",
        "Importance",
        "What a channel is ranked by: the size of its weights, the scale its batch normalisation gives it, or how much the loss would "
        "change without it, to first order (Taylor; needs data).",
        choices={"l1": "L1 norm", "l2": "L2 norm", "bn": "Batch-norm scale", "taylor": "Taylor"},
    )
    scope: Literal["uniform", "global"] = parameter(
        "uniform",
        "Ranking",
        "Each layer loses the same share, or all channels of the model are ranked together.",
        choices={"uniform": "Each layer", "global": "Whole model"},
    )
    layer_limit: float = parameter(
        0.9,
        "At most in one layer",
        "No layer loses a larger share than this when the whole model is ranked together.",
        percent=True,
        step=0.05,
        gt=0,
        le=1,
        visible_when={"scope": ("global",)},
        advanced=True,
    )
    multiple: int = parameter(
        8, "Channel multiple", "What stays is rounded up to a multiple of this; kernels run best on 8 or 16.", ge=1, le=128, advanced=True
    )
    cuts: int = parameter(
        1,
        "Cuts",
        "In how many equal cuts the channels go; each ranks what the one before left.",
        ge=1,
        le=50,
        advanced=True,
    )
    epochs: int = parameter(
        0,
        "Epochs between cuts",
        "How long the model is fine-tuned after each cut but the last, where data is connected. After the last, connect Fine-tune.",
        unit="epochs",
        ge=0,
        le=1000,
        advanced=True,
    )
    learning_rate: float = parameter(0.01, "Learning rate between cuts", RATE_HELP, gt=0, le=10, advanced=True)
    keep: str = parameter(
        "",
        "Leave alone",
        "Layers or blocks that keep their width, by their names in the model, separated by commas. The output always keeps its own.",
        advanced=True,
    )
    examples: int = parameter(
        1024,
        "Examples to look at",
        "Training examples (calibration examples, if there are none) for batch-norm statistics and Taylor scores, where data is connected.",
        unit="examples",
        ge=1,
        le=100_000,
        advanced=True,
    )


def _needs(params: StructuredParams) -> Mapping[str, str]:
    return {"data": "Taylor scores look at examples"} if params.importance == "taylor" else {}


SPEC = StepSpec(
    key="prune.structured",
    version=2,
    title="Prune channels",
    group=Group.COMPRESS,
    icon="columns",
    summary="Removes whole channels; the model gets really smaller.",
    help=(
        "Removes the least important channels together with everything in other layers that belongs to them. File, multiply-adds and "
        "memory really shrink, and usually the latency with them. Accuracy drops at first: fine-tune afterwards. With data connected, "
        "batch-norm statistics are made anew. Where channels are shuffled or attention is fused, only the blocks around can be cut."
    ),
    params=StructuredParams,
    apply="greenbench.steps.prune_structured.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, optional=True)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    needs=_needs,
    traits=(Trait.CUTS,),
    highlights=("ratio", "importance"),
    paper=Paper("Fang 2023", "DepGraph: towards any structural pruning", "https://arxiv.org/abs/2301.12900"),
    aliases=("structured pruning", "filter", "channel", "depgraph", "slim", "taylor"),
)
