"""Teach a student whose weights take few values while it learns."""

from typing import Literal

from greenbench.core.params import parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec, Trait
from greenbench.steps.bucketing import BucketParams
from greenbench.steps.fitting import FitParams


class FewBitsParams(BucketParams, FitParams):
    method: Literal["weights", "points"] = parameter(
        "weights",
        "Method",
        "Quantised distillation: the network computes with rounded weights, the step is taken by the full ones underneath. "
        "Differentiable quantisation: the weights stay, and the values they are rounded to are learnt; start it from a trained student.",
        choices={"weights": "Quantised distillation", "points": "Differentiable quantisation"},
    )
    temperature: float = parameter(
        1.0, "Temperature", "Softens the teacher's outputs; the paper takes 1 here.", gt=0, le=100, advanced=True
    )
    alpha: float = parameter(
        0.7, "Weight of the teacher", "The rest of the loss is the true label.", percent=True, ge=0, le=1, advanced=True
    )
    points_rate: float = parameter(
        0.001,
        "Rate of the points",
        "How far each batch moves the values, as a share of a bucket's span (Adam). The paper uses SGD, whose rate must be found anew for "
        "every network.",
        gt=0,
        le=1,
        visible_when={"method": ("points",)},
        advanced=True,
    )
    start: Literal["quantiles", "uniform"] = parameter(
        "quantiles",
        "First values",
        "Evenly over the weights, as in the paper, or evenly over the bucket's span.",
        choices={"quantiles": "Quantiles", "uniform": "Even"},
        visible_when={"method": ("points",)},
        advanced=True,
    )


SPEC = StepSpec(
    key="distil.quantised",
    version=1,
    title="Distil into few bits",
    group=Group.DISTIL,
    icon="number-square-four",
    summary="Teaches a student that is stored in 2 to 8 bits.",
    help="Trains the student on a teacher while its weights take only a few values in each bucket, so that it learns to live with them. "
    "What it buys: a coded file of 2 to 8 bits a weight at less loss of accuracy than rounding afterwards. It is simulated: the runtime "
    "still computes in float, so latency and energy stay as they are. Compare it with Quantize in buckets, which only rounds.",
    params=FewBitsParams,
    apply="greenbench.steps.distil_quantised.apply:apply",
    inputs=(Port("student", PortKind.MODEL), Port("teacher", PortKind.MODEL), Port("data", PortKind.DATASET)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    tasks=("classification",),
    splits=("train", "validation"),
    highlights=("bits", "epochs"),
    paper=Paper("Polino 2018", "Model compression via distillation and quantization", "https://arxiv.org/abs/1802.05668"),
    aliases=("quantized distillation", "differentiable quantization", "low bit", "2 bit", "4 bit", "straight-through", "buckets"),
    traits=(Trait.LEARNS, Trait.SHARES),
)
