"""Re-initialise: fresh first weights under the same masks."""

from typing import Literal

from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec, Trait


class ReinitialiseParams(Params):
    initialisation: Literal["own", "glorot", "he"] = parameter(
        "own",
        "Initialisation",
        "From which distribution the weights are drawn: as the network's builder does, or normally with Glorot's or He's variance, biases "
        "zero.",
        choices={"own": "As built", "glorot": "Glorot normal", "he": "He normal"},
    )
    draw: int = parameter(1, "Draw", "Another number gives other weights. The seed of the run changes them too.", ge=1, le=1_000_000)


SPEC = StepSpec(
    key="prune.reinitialise",
    version=1,
    title="Re-initialise",
    group=Group.COMPRESS,
    icon="dice-five",
    summary="Draws new first weights; pruned ones stay zero.",
    help=(
        "Gives the network new random first weights and keeps what pruning removed at zero. It is the control of Find ticket: if the same "
        "mask learns worse from other weights, the ticket's first weights mattered. Before Find ticket it sets the initialisation of a "
        "paper. What was learnt is lost; it buys nothing by itself."
    ),
    params=ReinitialiseParams,
    apply="greenbench.steps.reinitialise.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET, optional=True)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    traits=(Trait.LEARNS,),
    highlights=("initialisation", "draw"),
    paper=Paper(
        "Frankle 2019", "The lottery ticket hypothesis: finding sparse, trainable neural networks", "https://arxiv.org/abs/1803.03635"
    ),
    aliases=("reinitialize", "reset", "random weights", "control", "glorot", "xavier", "kaiming", "initialise"),
)
