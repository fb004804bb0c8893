"""Fine-tune: repair what compression broke."""

from greenbench.core.params import parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec, Trait
from greenbench.steps.fitting import EPOCHS_HELP, RATE_HELP
from greenbench.steps.train.spec import TrainParams


class FineTuneParams(TrainParams):
    epochs: int = parameter(3, "Epochs", EPOCHS_HELP, unit="epochs", ge=1, le=10_000)
    learning_rate: float = parameter(0.01, "Learning rate", RATE_HELP + " About a tenth of the rate of training.", gt=0, le=10)


SPEC = StepSpec(
    key="finetune",
    version=2,
    title="Fine-tune",
    group=Group.TRAIN,
    icon="graduation-cap",
    summary="Trains a little more after compression.",
    help="Trains a compressed model a little further at a lower rate, so that the remaining weights take over from the removed ones. "
    "Weights that pruning removed stay exactly zero.",
    params=FineTuneParams,
    apply="greenbench.steps.fine_tune.apply:apply",
    inputs=(Port("model", PortKind.MODEL), Port("data", PortKind.DATASET)),
    outputs=(Port("model", PortKind.MODEL),),
    takes=("torch",),
    splits=("train", "validation"),
    highlights=("epochs", "learning_rate"),
    traits=(Trait.LEARNS,),
    paper=Paper("Han 2015", "Learning both weights and connections for efficient neural networks", "https://arxiv.org/abs/1506.02626"),
    aliases=("retrain", "recover", "tune", "transfer"),
)
