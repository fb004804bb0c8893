"""The parameters that every training step shares; each step sets its own defaults."""

from typing import Literal

from greenbench.core.params import Params, parameter

EPOCHS_HELP = "How often each training example is seen."
RATE_HELP = "How far each batch moves the weights. Too high: the loss jumps or becomes no number. Too low: nothing is learnt."


class FitParams(Params):
    """Epochs, rate and batch first; the rest seldom needs a change."""

    epochs: int = parameter(8, "Epochs", EPOCHS_HELP, unit="epochs", ge=1, le=10_000)
    learning_rate: float = parameter(0.05, "Learning rate", RATE_HELP, gt=0, le=10)
    batch: int = parameter(64, "Batch size", "Examples in one training step. Less memory with fewer.", unit="examples", ge=2, le=65_536)
    optimizer: Literal["sgd", "adamw"] = parameter(
        "sgd",
        "Optimizer",
        "SGD with momentum suits small convolutional networks; AdamW forgives a badly chosen rate.",
        choices={"sgd": "SGD with momentum", "adamw": "AdamW"},
        advanced=True,
    )
    schedule: Literal["cosine", "step", "constant"] = parameter(
        "cosine",
        "Learning rate schedule",
        "How the rate falls: along a cosine to zero, to a tenth at one half and three quarters, or not at all.",
        choices={"cosine": "Cosine", "step": "Steps", "constant": "Constant"},
        advanced=True,
    )
    warm_up: float = parameter(
        0.1, "Warm-up", "Share of all batches over which the rate rises from zero.", percent=True, ge=0, le=0.5, advanced=True
    )
    weight_decay: float = parameter(5e-4, "Weight decay", "Pulls weights towards zero, against overfitting.", ge=0, le=1, advanced=True)
