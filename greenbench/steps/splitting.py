"""The parameters by which every labelled data source is cut into train, validation, calibration and test."""

from typing import Literal

from greenbench.core.params import FieldKind, Params, parameter


class HeldOutParams(Params):
    """For sources that bring their own test examples."""

    validation_share: float = parameter(
        0.1,
        "Validation share",
        "Examples that judge training on the way. They are never trained on.",
        percent=True,
        ge=0.01,
        le=0.5,
        advanced=True,
    )
    calibration_examples: int = parameter(
        128,
        "Calibration examples",
        "Examples from which quantization learns value ranges; at most a fifth of what is left for training.",
        ge=1,
        le=10_000,
        advanced=True,
    )
    training_examples: int = parameter(
        0,
        "Training examples",
        "At most this many are trained on, spread over the classes; 0 takes all. Fewer train faster and learn less.",
        unit="examples",
        ge=0,
        le=100_000_000,
        advanced=True,
    )
    split_seed: int = parameter(
        0,
        "Split seed",
        "Another number cuts the data differently. The seed of a run does not touch this: all runs share their test examples.",
        ge=0,
        le=2**31 - 1,
        advanced=True,
    )
    label_map: str = parameter(
        "",
        "Label map",
        "A CSV or JSON file from label to class, for data whose classes are called differently from the model's; two may become one.",
        kind=FieldKind.FILE,
        advanced=True,
    )


class SplitParams(HeldOutParams):
    """For sources whose test examples are cut off here."""

    use: Literal["all", "test"] = parameter(
        "all",
        "Use",
        "Testing only keeps no training examples: for a trained model that is judged on your data, however little there is.",
        choices={"all": "Training and testing", "test": "Testing only"},
    )
    test_share: float = parameter(
        0.2,
        "Test share",
        "Examples kept for the final accuracy. No step trains or calibrates on them.",
        percent=True,
        ge=0.01,
        le=0.8,
        visible_when={"use": ("all",)},
    )
