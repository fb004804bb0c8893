"""Teach a small model with the outputs of a large one."""

from typing import Literal

from greenbench.core.params import parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec, Trait
from greenbench.steps import teaching
from greenbench.steps.fitting import FitParams

WEIGHTINGS = {
    "none": "None: all alike",
    "entropy": "Teacher's entropy",
    "entropy and student": "Teacher's and student's entropy (EA-KD)",
    "entropy and error": "Teacher's entropy × student's error",
    "confidence": "Teacher's confidence",
}


class SoftTargetParams(FitParams):
    temperature: float = parameter(
        4.0,
        "Temperature",
        "Softens the teacher's outputs: at 1 they are as sure as it is, higher shows more of which wrong classes it finds likely.",
        gt=0,
        le=100,
    )
    alpha: float = parameter(
        0.7,
        "Weight of the teacher",
        "The rest of the loss is the true label.",
        percent=True,
        ge=0,
        le=1,
        visible_when={"method": ("soft",)},
    )
    method: Literal["soft", "decoupled"] = parameter(
        "soft",
        "Formula",
        "Soft targets (Hinton 2015), or decoupled (Zhao 2022): how sure to be of the true class, and how to share what is left among the "
        "others, each with a weight of its own beside the full weight of the label.",
        choices={"soft": "Soft targets", "decoupled": "Decoupled"},
    )
    true_class: float = parameter(
        1.0,
        "Weight, true class",
        "Of the part about the true class.",
        ge=0,
        le=100,
        visible_when={"method": ("decoupled",)},
        advanced=True,
    )
    other_classes: float = parameter(
        1.0,
        "Weight, other classes",
        "Of the part about the other classes. The paper takes 8 for most pairs on CIFAR-100 and 0.5 on ImageNet; more, the surer the "
        "teacher. A large one wants a lower learning rate.",
        ge=0,
        le=100,
        visible_when={"method": ("decoupled",)},
        advanced=True,
    )
    rise: float = parameter(
        0.08,
        "Rise",
        "Share of all batches over which the teacher's weight rises from zero; the paper takes 20 of 240 epochs.",
        percent=True,
        ge=0,
        le=1,
        visible_when={"method": ("decoupled",)},
        advanced=True,
    )
    weighting: Literal["none", "entropy", "entropy and student", "entropy and error", "confidence"] = parameter(
        "none",
        "Weight of each example",
        "Which examples the teacher's part of the loss counts more: those where the teacher is unsure (after EA-KD, Su 2023), where it and "
        "the student are (EA-KD in full), where it is unsure and the student wrong (our own), or where the teacher is sure (the opposite, "
        "as a control). The weights of a batch have the mean 1.",
        choices=WEIGHTINGS,
        advanced=True,
    )
    own_temperature: bool = parameter(
        False,
        "Temperature for each example",
        "Softens each example the less, the less sure the teacher is of it: the temperature above where it is sure, 1 where it finds all "
        "classes alike. A formula of our own, from no paper.",
        advanced=True,
    )


SPEC = StepSpec(
    key="distil.soft",
    version=2,
    title="Distil",
    group=Group.DISTIL,
    icon="student",
    summary="Lets a small student learn from a large teacher.",
    help="Trains the student on the teacher's softened outputs and the true labels together. It buys accuracy for a student that is small "
    "already; the student keeps its size and speed. To know what the teacher is worth, train a second copy of the same student without "
    "one, with the same epochs, and connect it as the control. The teacher's answers are computed once, and with augmentation for every "
    "batch, which costs its forward pass each time.",
    params=SoftTargetParams,
    apply="greenbench.steps.distil_soft.apply:apply",
    inputs=teaching.PORTS,
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    asks=("teacher", "control"),
    tasks=("classification",),
    splits=("train", "validation"),
    highlights=("temperature", "epochs"),
    traits=(Trait.LEARNS,),
    paper=Paper("Hinton 2015", "Distilling the knowledge in a neural network", "https://arxiv.org/abs/1503.02531"),
    aliases=(
        "knowledge distillation",
        "teacher",
        "student",
        "soft targets",
        "distill",
        "decoupled",
        "DKD",
        "adaptive",
        "entropy",
        "EA-KD",
    ),
)
