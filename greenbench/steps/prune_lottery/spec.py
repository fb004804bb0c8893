"""The lottery ticket: train, prune, go back to the start, again."""

from typing import Literal

from greenbench.core.params import parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec, Trait
from greenbench.steps.fitting import EPOCHS_HELP, RATE_HELP, FitParams


class LotteryParams(FitParams):
    rounds: int = parameter(
        5,
        "Rounds",
        "How often the network is trained, pruned and set back. At 20 % a round, 5 rounds keep 33 % of the weights, 7 keep 21 %, 15 keep "
        "3.6 %.",
        ge=1,
        le=50,
    )
    rate: float = parameter(
        0.2, "Removed each round", "Share of the weights still left, smallest first.", percent=True, step=0.05, gt=0, lt=1
    )
    output_rate: float = parameter(
        0.1,
        "Removed each round, output layer",
        "The layer that makes the classes has few weights; the paper prunes it at half the rate.",
        percent=True,
        step=0.05,
        ge=0,
        lt=1,
        advanced=True,
    )
    scope: Literal["layer", "global"] = parameter(
        "layer",
        "Ranking",
        "Each layer loses its own smallest weights, or all layers but the last are ranked together, which suits deep networks.",
        choices={"layer": "Each layer", "global": "Whole model"},
        advanced=True,
    )
    rewind: int = parameter(
        0,
        "Back to batch",
        "The weights go back to those after so many batches of the first training; 0: to the first weights. Deep networks need a few "
        "hundred (Frankle 2019, arXiv 1903.01611).",
        unit="batches",
        ge=0,
        le=1_000_000,
        advanced=True,
    )
    epochs: int = parameter(4, "Epochs a round", EPOCHS_HELP, unit="epochs", ge=1, le=10_000)
    learning_rate: float = parameter(0.0012, "Learning rate", RATE_HELP, gt=0, le=10)
    batch: int = parameter(60, "Batch size", "Examples in one training step.", unit="examples", ge=2, le=65_536, advanced=True)
    optimizer: Literal["sgd", "adam", "adamw"] = parameter(
        "adam",
        "Optimizer",
        "The paper trains LeNet with Adam at 0.0012. Train the ticket afterwards with the same settings.",
        choices={"sgd": "SGD with momentum", "adam": "Adam", "adamw": "AdamW"},
        advanced=True,
    )
    weight_decay: float = parameter(0.0, "Weight decay", "Pulls weights towards zero; the paper trains without.", ge=0, le=1, advanced=True)


SPEC = StepSpec(
    key="prune.lottery",
    version=1,
    title="Find ticket",
    group=Group.COMPRESS,
    icon="ticket",
    summary="Finds few weights that learn alone as well as all.",
    help=(
        "Takes a network that is not trained yet. Trains it, removes the smallest weights, sets the others back to their first values, and "
        "does so again. Gives the untrained ticket: train it after this step, as long as the whole network. What it buys: knowledge of how "
        "few weights learning needs, and a smaller coded file. It costs one training for each round, and zeros make no dense kernel "
        "faster. Compare with the same ticket after Re-initialise. A second Find ticket goes on from the first."
    ),
    params=LotteryParams,
    apply="greenbench.steps.prune_lottery.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    traits=(Trait.LEARNS,),
    splits=("train", "validation"),
    highlights=("rounds", "rate"),
    paper=Paper(
        "Frankle 2019", "The lottery ticket hypothesis: finding sparse, trainable neural networks", "https://arxiv.org/abs/1803.03635"
    ),
    aliases=("lottery ticket", "winning ticket", "rewind", "iterative magnitude pruning", "imp", "frankle"),
)
