"""Magnitude pruning: single weights become zero, at once, in rounds, or while the network is trained."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import model_validator

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec
from greenbench.steps.fitting import RATE_HELP
from greenbench.steps.prune_magnitude.shares import parse_shares

_TRAINED = {"schedule": ("iterative", "gradual")}
_GRADUAL = {"schedule": ("gradual",)}


class MagnitudeParams(Params):
    sparsity: float = parameter(
        0.9,
        "Sparsity",
        "Share of the weights that is zero afterwards. About half is free; beyond that, train on.",
        percent=True,
        step=0.05,
        gt=0,
        lt=1,
        visible_when={"amount": ("sparsity",)},
    )
    schedule: Literal["once", "iterative", "gradual"] = parameter(
        "once",
        "Schedule",
        "At once; in rounds of pruning and retraining (Han 2015), which lose least; or a little after every few batches of one training "
        "(Zhu 2017). The last two need data.",
        choices={"once": "At once", "iterative": "Prune and retrain in rounds", "gradual": "Gradually during training"},
    )
    amount: Literal["sparsity", "quality", "shares"] = parameter(
        "sparsity",
        "How much",
        "A sparsity; a factor of each layer's standard deviation, below which weights go (Han 2015); or the share to keep of each layer.",
        choices={"sparsity": "Sparsity", "quality": "Quality factor", "shares": "Share kept of each layer"},
    )
    scope: Literal["global", "layer"] = parameter(
        "global",
        "Threshold",
        "One threshold for the whole model removes most where weights are small; one for each layer removes the same share everywhere.",
        choices={"global": "Whole model", "layer": "Each layer"},
        visible_when={"amount": ("sparsity",)},
    )
    quality: float = parameter(
        1.0,
        "Quality factor",
        "Weights smaller than this times the standard deviation of those left in their layer go; of normally distributed ones, a factor of "
        "1 removes 68 %. In rounds it is applied anew in each.",
        gt=0,
        le=10,
        visible_when={"amount": ("quality",)},
    )
    shares: str = parameter(
        "",
        "Share kept of each layer",
        'Layer names with the share that stays: "0: 66 %, 2: 12 %, 5: 8 %". A * stands for any letters; layers not named stay whole.',
        visible_when={"amount": ("shares",)},
    )
    rounds: int = parameter(
        3,
        "Rounds",
        "How often pruning and retraining alternate; each removes the same share of what is left.",
        ge=1,
        le=100,
        visible_when={"schedule": ("iterative",)},
    )
    epochs: int = parameter(
        2,
        "Epochs",
        "Of retraining after each round; with the gradual schedule, of the whole training.",
        unit="epochs",
        ge=1,
        le=10_000,
        visible_when=_TRAINED,
    )
    learning_rate: float = parameter(
        0.005, "Learning rate", RATE_HELP + " Han 2015 retrains at a tenth of the first rate.", gt=0, le=10, visible_when=_TRAINED
    )
    begin: float = parameter(
        0.0,
        "Begin pruning after",
        "Share of the batches before any weight goes.",
        percent=True,
        ge=0,
        lt=1,
        visible_when=_GRADUAL,
        advanced=True,
    )
    until: float = parameter(
        0.75,
        "End pruning after",
        "Share of the batches after which the sparsity is reached; the rest of the training repairs.",
        percent=True,
        gt=0,
        le=1,
        visible_when=_GRADUAL,
        advanced=True,
    )
    every: int = parameter(
        100, "Batches between prunings", "How often weights go.", unit="batches", ge=1, le=100_000, visible_when=_GRADUAL, advanced=True
    )
    batch: int = parameter(
        64, "Batch size", "Examples in one training step.", unit="examples", ge=2, le=65_536, visible_when=_TRAINED, advanced=True
    )
    optimizer: Literal["sgd", "adam", "adamw"] = parameter(
        "sgd",
        "Optimizer",
        "SGD with momentum; Adam and AdamW want a rate near 0.0003 here.",
        choices={"sgd": "SGD with momentum", "adam": "Adam", "adamw": "AdamW"},
        visible_when=_TRAINED,
        advanced=True,
    )
    weight_decay: float = parameter(
        1e-4,
        "Weight decay",
        "Pulls weights towards zero while they are retrained (L2, as Han 2015 found best).",
        ge=0,
        le=1,
        visible_when=_TRAINED,
        advanced=True,
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

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.amount == "shares":
            parse_shares(self.shares)
        if self.schedule == "gradual":
            if self.amount == "quality":
                raise ValueError("a quality factor has no gradual schedule: choose a sparsity, shares, or rounds.")
            if self.begin >= self.until:
                raise ValueError("gradual pruning must end after it begins.")
        return self


def _needs(params: MagnitudeParams) -> Mapping[str, str]:
    reasons = {"iterative": "pruning in rounds trains", "gradual": "gradual pruning trains"}
    return {"data": reasons[params.schedule]} if params.schedule in reasons else {}


SPEC = StepSpec(
    key="prune.magnitude",
    version=2,
    title="Prune weights",
    group=Group.COMPRESS,
    icon="scissors",
    summary="Sets the smallest weights to zero.",
    help=(
        "Sets the weights nearest to zero to exactly zero and keeps them there in every later step. Biases and normalisation are left "
        "alone. What it buys: a smaller coded file. Zeros do not make dense kernels faster, so latency and energy stay as they are. "
        "Pruned at once, fine-tune afterwards; in rounds or gradually, the step trains by itself and costs that training. The gradual "
        "schedule is that of Zhu and Gupta 2017 (To prune, or not to prune, arXiv 1710.01878)."
    ),
    params=MagnitudeParams,
    apply="greenbench.steps.prune_magnitude.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, optional=True)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    needs=_needs,
    highlights=("sparsity", "schedule"),
    paper=Paper("Han 2015", "Learning both weights and connections for efficient neural networks", "https://arxiv.org/abs/1506.02626"),
    aliases=("magnitude pruning", "unstructured", "sparse", "zeros", "mask", "iterative", "gradual", "cubic", "zhu", "quality"),
)
