"""Train a model from where it stands."""

from greenbench.core.params import parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec, Trait
from greenbench.steps.fitting import FitParams


class TrainParams(FitParams):
    label_smoothing: float = parameter(
        0.0,
        "Label smoothing",
        "Share of each label spread over all classes; keeps the model from being too sure.",
        ge=0,
        lt=1,
        advanced=True,
    )


SPEC = StepSpec(
    key="train",
    version=2,
    title="Train",
    group=Group.TRAIN,
    icon="graduation-cap",
    summary="Learns from labelled examples.",
    help="Trains the model on the training split and shows loss and validation accuracy on the way. The state after the last epoch is "
    "kept, or with early stopping the best one. The test split is never looked at. Weights that pruning removed stay zero.",
    params=TrainParams,
    apply="greenbench.steps.train.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    splits=("train", "validation"),
    highlights=("epochs", "learning_rate"),
    traits=(Trait.LEARNS,),
    aliases=("fit", "learn", "sgd", "adam", "optimizer", "augmentation", "early stopping", "mixed precision", "bf16"),
)
