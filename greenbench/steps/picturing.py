"""The parameters by which every source of images makes pictures into arrays, for models that have no input of their own."""

from typing import Literal

from greenbench.core.params import Params, parameter


class NormaliseParams(Params):
    """What is taken off and divided by."""

    normalise: Literal["own", "imagenet", "none"] = parameter(
        "own",
        "Normalisation",
        "What is subtracted and divided by where the model does not say: mean and deviation of these examples, of ImageNet, or nothing.",
        choices={"own": "Of these examples", "imagenet": "Of ImageNet", "none": "None"},
        advanced=True,
    )


class PictureParams(NormaliseParams):
    """For sources whose images lie in files of any size."""

    size: int = parameter(
        64,
        "Image size",
        "For models built for this data: images are brought to this many pixels a side, of which the middle square is kept. "
        "A model with its own input size gets the images at that size.",
        unit="px",
        ge=8,
        le=1024,
    )
    colour: Literal["rgb", "grey"] = parameter(
        "rgb", "Colour", "Three channels or one.", choices={"rgb": "Colour", "grey": "Grey"}, advanced=True
    )
