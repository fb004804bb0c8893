"""Teach a small model with the outputs of a large one."""

from greenbench.core.params import parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec
from greenbench.steps.fitting import FitParams


class SoftTargetParams(FitParams):
    temperature: float = parameter(
        4.0,
        "Temperature",
        "Softens the teacher's outputs: at 1 they are as sure as it is, higher shows more of which wrong classes it finds likely.",
        gt=0,
        le=100,
    )
    alpha: float = parameter(0.7, "Weight of the teacher", "The rest of the loss is the true label.", percent=True, ge=0, le=1)


SPEC = StepSpec(
    key="distil.soft",
    version=1,
    title="Distil",
    group=Group.DISTIL,
    icon="student",
    summary="Lets a small student learn from a large teacher.",
    help="Trains the student on the teacher's softened outputs and the true labels together. To know what the teacher is worth, train "
    "a second copy of the same student without one, with the same epochs, and measure both. The teacher's answers are computed once.",
    params=SoftTargetParams,
    apply="greenbench.steps.distil_soft.apply:apply",
    inputs=(Port("student", PortKind.MODEL), Port("teacher", PortKind.MODEL), Port("data", PortKind.DATASET)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    tasks=("classification",),
    splits=("train", "validation"),
    highlights=("temperature", "epochs"),
    paper=Paper("Hinton 2015", "Distilling the knowledge in a neural network", "https://arxiv.org/abs/1503.02531"),
    aliases=("knowledge distillation", "teacher", "student", "soft targets", "distill"),
)
