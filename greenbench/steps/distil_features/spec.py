"""Teach a small model with what a large one sees inside."""

from typing import Literal

from greenbench.core.params import parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec, Trait
from greenbench.steps import teaching
from greenbench.steps.fitting import FitParams


class FeatureParams(FitParams):
    method: Literal["attention", "hints"] = parameter(
        "attention",
        "Method",
        "Attention transfer: the student learns where the teacher looks, at every stage. Hints (FitNets): a middle layer of the student "
        "learns to say what the teacher's says, through a small layer that is left behind afterwards.",
        choices={"attention": "Attention transfer", "hints": "Hints (FitNets)"},
    )
    attention_weight: float = parameter(
        1000.0, "Weight of attention", "The paper takes 1000.", ge=0, le=1e6, visible_when={"method": ("attention",)}
    )
    hint_weight: float = parameter(
        10.0,
        "Weight of hints",
        "Of the squared difference to the teacher's layer, as a share of what that layer gives.",
        ge=0,
        le=1e6,
        visible_when={"method": ("hints",)},
    )
    hints_first: float = parameter(
        0.3,
        "Hints alone",
        "Share of all batches that learn the hints alone, before the rest learns from the outputs as well. 0: both from the start.",
        percent=True,
        ge=0,
        lt=1,
        visible_when={"method": ("hints",)},
        advanced=True,
    )
    layers: str = parameter(
        "",
        "Layers",
        "Which layer of the student follows which of the teacher: student layer = teacher layer, several with commas. Empty: the last "
        "layer of every stage for attention, the middle one for hints.",
        advanced=True,
    )
    temperature: float = parameter(4.0, "Temperature", "Softens the teacher's outputs.", gt=0, le=100, advanced=True)
    alpha: float = parameter(
        0.7,
        "Weight of the teacher's outputs",
        "The rest is the true label. 0 leaves the teacher's outputs out.",
        percent=True,
        ge=0,
        le=1,
        advanced=True,
    )


SPEC = StepSpec(
    key="distil.features",
    version=1,
    title="Distil features",
    group=Group.DISTIL,
    icon="eye",
    summary="Lets a student see what its teacher sees.",
    help="Trains the student on inner layers of the teacher together with its outputs and the true labels. It buys accuracy for a student "
    "that is small already; the student keeps its size and speed. Plain soft targets are often as good: compare with Distil, and with a "
    "student that has no teacher, trained as long. The teacher runs along with every batch, which takes time and energy.",
    params=FeatureParams,
    apply="greenbench.steps.distil_features.apply:apply",
    inputs=teaching.PORTS,
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    tasks=("classification",),
    splits=("train", "validation"),
    highlights=("method", "epochs"),
    paper=Paper(
        "Zagoruyko 2017",
        "Paying more attention to attention: improving the performance of convolutional neural networks via attention transfer",
        "https://arxiv.org/abs/1612.03928",
    ),
    aliases=(
        "attention transfer",
        "FitNets",
        "hints",
        "Romero 2015",
        "intermediate layers",
        "feature distillation",
        "knowledge distillation",
    ),
    traits=(Trait.LEARNS,),
)
