"""Magnitude pruning: single weights become zero."""

from typing import Literal

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec


class MagnitudeParams(Params):
    sparsity: float = parameter(
        0.9,
        "Sparsity",
        "Share of the weights that is zero afterwards. About half is free; beyond that, fine-tune.",
        percent=True,
        step=0.05,
        gt=0,
        lt=1,
    )
    scope: Literal["global", "layer"] = parameter(
        "global",
        "Threshold",
        "One threshold for the whole model removes most where weights are small; one for each layer removes the same share everywhere.",
        choices={"global": "Whole model", "layer": "Each layer"},
    )
    keep_first: bool = parameter(
        False,
        "Keep the first layer",
        "It sees the image, is small and often sensitive. Sparsity then counts the other layers.",
        advanced=True,
    )
    keep_last: bool = parameter(
        False, "Keep the output layer", "The layer that makes the classes. Sparsity then counts the other layers.", advanced=True
    )


SPEC = StepSpec(
    key="prune.magnitude",
    version=1,
    title="Prune weights",
    group=Group.COMPRESS,
    icon="scissors",
    summary="Sets the smallest weights to zero.",
    help=(
        "Sets the weights nearest to zero to exactly zero and keeps them there in every later step. Biases and normalisation are left "
        "alone. What it buys: a smaller coded file. Zeros do not make dense kernels faster, so latency and energy stay as they are. "
        "Fine-tune afterwards."
    ),
    params=MagnitudeParams,
    apply="greenbench.steps.prune_magnitude.apply:apply",
    inputs=(Port("model", PortKind.MODEL),),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    highlights=("sparsity", "scope"),
    paper=Paper("Han 2015", "Learning both weights and connections for efficient neural networks", "https://arxiv.org/abs/1506.02626"),
    aliases=("magnitude pruning", "unstructured", "sparse", "zeros", "mask"),
)
