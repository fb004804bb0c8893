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
    augmentation: Literal["none", "shift", "flip", "crop_flip"] = parameter(
        "none",
        "Augmentation",
        "Shows the training images a little changed in every epoch, against learning by heart. Do not mirror digits or letters.",
        choices={"none": "None", "shift": "Shift", "flip": "Mirror", "crop_flip": "Crop and mirror"},
        advanced=True,
    )
    shift: int = parameter(
        2,
        "Largest shift",
        "Each image is moved by up to so many pixels; what comes into sight is black. Usual: 2 for digits, 4 for 32×32 photographs.",
        unit="px",
        ge=1,
        le=64,
        visible_when={"augmentation": ("shift", "crop_flip")},
        advanced=True,
    )
    optimizer: Literal["sgd", "adam", "adamw"] = parameter(
        "sgd",
        "Optimizer",
        "SGD with momentum suits small convolutional networks; Adam and AdamW forgive a badly chosen rate and want one near 0.001.",
        choices={"sgd": "SGD with momentum", "adam": "Adam", "adamw": "AdamW"},
        advanced=True,
    )
    momentum: float = parameter(
        0.9,
        "Momentum",
        "Share of the last movement that goes on into the next.",
        ge=0,
        lt=1,
        visible_when={"optimizer": ("sgd",)},
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
    early_stopping: int = parameter(
        0,
        "Early stopping",
        "Ends training after so many epochs without a better validation result, and keeps the best state seen. That state is chosen by the "
        "validation images, so judge it on test images. 0: all epochs run and the last state is kept.",
        unit="epochs",
        ge=0,
        le=10_000,
        advanced=True,
    )
    mixed_precision: bool = parameter(
        False,
        "Mixed precision",
        "Computes the network in bf16 while it learns; weights and loss stay float32. Faster on recent GPUs and server CPUs, slower on "
        "most others. The finished model is float32.",
        advanced=True,
    )
    seed: int = parameter(
        0,
        "Seed",
        "Added to the seed of the run, for another order of the examples and other chance. Two trainings that are compared fairly take "
        "the same.",
        ge=0,
        le=1_000_000,
        advanced=True,
    )
