"""The parameters by which every source of a foreign model says what the model takes: size, normalisation, crop, channels.

"As the model says" keeps what the file, the library or the network's own configuration knows; anything else overrules it.
"""

import re
from typing import Literal, Self

from pydantic import model_validator

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ParameterError
from greenbench.core.params import Params, parameter

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# Mean pixel of the training images of Caffe's published networks, blue first, in bytes; the deviation is left as it is.
_CAFFE_MEAN = (104.00698793, 116.66876762, 122.67891434)
_AS_IS = "As the model says"
_LARGEST_EXAMPLE = 2**28


class PreprocessingParams(Params):
    """What one example looks like to the model; every default means: as the model itself says."""

    input: str = parameter(
        "",
        "Input size",
        "One example without the batch: 3x224x224 for an image (channels, height, width), 13 for a row of numbers. "
        "Empty: as the model says.",
    )
    normalise: Literal["auto", "imagenet", "none", "values", "caffe"] = parameter(
        "auto",
        "Normalisation",
        "What is subtracted from pixels (as fractions of 255) and what they are divided by. It must be what the model was trained with.",
        choices={
            "auto": _AS_IS,
            "imagenet": "Of ImageNet",
            "none": "None (0 to 1)",
            "values": "My own values",
            "caffe": "Caffe (bytes, blue first)",
        },
        advanced=True,
    )
    mean: str = parameter(
        "",
        "Mean",
        "One number, or one for each channel: 0.485, 0.456, 0.406.",
        visible_when={"normalise": ("values",)},
        advanced=True,
    )
    std: str = parameter(
        "",
        "Standard deviation",
        "One number, or one for each channel: 0.229, 0.224, 0.225.",
        visible_when={"normalise": ("values",)},
        advanced=True,
    )
    interpolation: Literal["auto", "bilinear", "bicubic", "nearest"] = parameter(
        "auto",
        "Interpolation",
        "How images are brought to the input size.",
        choices={"auto": _AS_IS, "bilinear": "Bilinear", "bicubic": "Bicubic", "nearest": "Nearest"},
        advanced=True,
    )
    crop: float = parameter(
        0.0,
        "Crop",
        "The part of the shorter side that is kept, from the middle: 224 of 256 pixels is 87.5 %. 0: as the model says.",
        percent=True,
        ge=0,
        le=1,
        advanced=True,
    )
    channel_order: Literal["auto", "rgb", "bgr"] = parameter(
        "auto",
        "Channel order",
        "Red first or blue first.",
        choices={"auto": _AS_IS, "rgb": "Red, green, blue", "bgr": "Blue, green, red"},
        advanced=True,
    )
    layout: Literal["auto", "channels first", "channels last"] = parameter(
        "auto",
        "Layout",
        "Where the model has the channels: before or after height and width.",
        choices={"auto": _AS_IS, "channels first": "Channels first", "channels last": "Channels last"},
        advanced=True,
    )
    constants: str = parameter(
        "",
        "Other inputs",
        "Values for further inputs of the model that stay the same at every call: sr=16000, threshold=0.5.",
        advanced=True,
    )

    @model_validator(mode="after")
    def _readable(self) -> Self:
        """What is typed as text is read here already, so that a slip is shown in the form and not in the run."""
        try:
            if self.input.strip():
                parse_shape(self.input)
            parse_constants(self.constants)
            if self.normalise == "values":
                parse_numbers(self.mean, "The mean")
                if any(value <= 0 for value in parse_numbers(self.std, "The standard deviation")):
                    raise ValueError("The standard deviation must be greater than 0.")
        except ParameterError as error:
            raise ValueError(str(error)) from None
        return self


def parse_shape(text: str) -> tuple[int, ...]:
    """The shape of one example from typed text: "3x224x224", "3 × 224 × 224", "3, 224, 224", "13".

    Raises:
        ParameterError: it is no such list of whole numbers above 0, or it is absurdly large.
    """
    sides = re.split(r"\s*[x×X*,;]\s*|\s+", text.strip().strip("()[]").strip())
    remedy = "Write it like 3x224x224: channels, height, width. One number for a row of numbers."
    if not all(re.fullmatch(r"0*[1-9][0-9]{0,8}", side) for side in sides):
        raise ParameterError(f'"{text}" is not an input size.', remedy)
    shape = tuple(int(side) for side in sides)
    total = 1
    for side in shape:
        total *= side
    if len(shape) > 8 or total > _LARGEST_EXAMPLE:
        raise ParameterError(f'An input of "{text}" is larger than any example can be.', remedy)
    return shape


def parse_numbers(text: str, what: str = "The list") -> tuple[float, ...]:
    """Numbers from typed text: "0.485, 0.456, 0.406", "0.5".

    Raises:
        ParameterError: it is empty, or something in it is not a finite number.
    """
    parts = [part for part in re.split(r"[\s,;]+", text.strip().strip("()[]")) if part]
    remedy = "Write numbers with commas between them: 0.485, 0.456, 0.406."
    if not parts:
        raise ParameterError(f"{what} is empty.", remedy)
    try:
        numbers = tuple(float(part) for part in parts)
    except ValueError:
        raise ParameterError(f'{what} "{text}" has something that is not a number.', remedy) from None
    if not all(abs(number) < float("inf") for number in numbers):  # NaN fails this too
        raise ParameterError(f'{what} "{text}" has a value that is not finite.', remedy)
    return numbers


def parse_constants(text: str) -> dict[str, float]:
    """Values of further inputs by name: "sr=16000, h=0".

    Raises:
        ParameterError: a part is not NAME=NUMBER, or a name comes twice.
    """
    found: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in re.split(r"[,;\n]", text))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals) or name in found:
            twice = " comes twice" if name in found else " is not NAME=NUMBER"
            raise ParameterError(f'"{part}" in the other inputs{twice}.', "Write them like sr=16000.")
        found[name] = parse_numbers(value, f"The value of {name}")[0]
    return found


def input_spec(params: PreprocessingParams, default: InputSpec) -> InputSpec:
    """What the model takes: `default`, overruled by what the user set.

    Raises:
        ParameterError: there are more or fewer means or deviations than channels.
    """
    shape = parse_shape(params.input) if params.input.strip() else default.shape
    spec = default
    if shape != default.shape:
        same_form = len(shape) == len(default.shape)
        kept = default.model_dump(exclude={"shape", "mean", "std"} | (set() if same_form else {"kind", "crop", "tokens"}))
        mean, std = _for_channels(default.mean, shape), _for_channels(default.std, shape)
        whole = {"mean": mean, "std": std} if mean and std else {}
        spec = InputSpec.model_validate({**kept, "shape": shape, **whole})
    mean, std = _normalisation(params, spec)
    chosen: dict[str, object] = {"mean": mean, "std": std}
    if params.normalise == "caffe":
        chosen["channel_order"] = "bgr"
    for name in ("interpolation", "channel_order", "layout"):
        if getattr(params, name) != "auto":
            chosen[name] = getattr(params, name)
    if params.crop:
        chosen["crop"] = params.crop
    return spec.model_copy(update=chosen)


def _normalisation(params: PreprocessingParams, spec: InputSpec) -> tuple[tuple[float, ...], tuple[float, ...]]:
    match params.normalise:
        case "imagenet":
            return _published(IMAGENET_MEAN, spec.shape), _published(IMAGENET_STD, spec.shape)
        case "caffe":
            return _published(tuple(value / 255 for value in _CAFFE_MEAN), spec.shape), (1 / 255,)
        case "none":
            return (0.0,), (1.0,)
        case "values":
            mean, std = parse_numbers(params.mean, "The mean"), parse_numbers(params.std, "The standard deviation")
            for what, values in (("means", mean), ("standard deviations", std)):
                if not _for_channels(values, spec.shape):
                    raise ParameterError(
                        f"There are {len(values)} {what} for {spec.shape[0]} channels.", "Give one for each channel, or one for all."
                    )
            return mean, std
        case _:
            return spec.mean, spec.std


def _for_channels(values: tuple[float, ...], shape: tuple[int, ...]) -> tuple[float, ...]:
    """The values if there is one for all channels or one for each; else none."""
    return values if len(values) == 1 or (shape and len(values) == shape[0]) else ()


def _published(values: tuple[float, ...], shape: tuple[int, ...]) -> tuple[float, ...]:
    """Values that were published for three channels; images of another number of channels get their average."""
    return values if len(shape) == 3 and shape[0] == 3 else (sum(values) / len(values),)
