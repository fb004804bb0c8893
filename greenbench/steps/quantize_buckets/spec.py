"""Round to few levels after training: the control of quantised distillation."""

from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec, Trait
from greenbench.steps.bucketing import BucketParams

SPEC = StepSpec(
    key="quantize.buckets",
    version=1,
    title="Quantize in buckets",
    group=Group.COMPRESS,
    icon="grid-four",
    summary="Rounds weights to few levels, without training.",
    help="Cuts each layer's weights into buckets and moves every weight to the nearest of a few evenly spaced levels between the smallest "
    "and the largest of its bucket. What it buys: a smaller coded file. It is simulated: the runtime still computes in float, so latency "
    "and energy stay as they are, and the plain file keeps its size. At 2 and 3 bits accuracy falls; Distil into few bits repairs it.",
    params=BucketParams,
    apply="greenbench.steps.quantize_buckets.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, optional=True)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    highlights=("bits", "bucket"),
    paper=Paper("Polino 2018", "Model compression via distillation and quantization", "https://arxiv.org/abs/1802.05668"),
    aliases=("uniform quantization", "bucketing", "low bit", "2 bit", "4 bit", "post-training", "rounding"),
    traits=(Trait.SHARES,),
)
