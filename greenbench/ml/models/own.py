"""Our own networks by name: how each is built, what it takes, and one line about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from greenbench.core.artifact import InputKind, InputSpec, Tokens
from greenbench.ml.models import torchvision_networks
from greenbench.ml.models.dense import mlp
from greenbench.ml.models.efficientnet import efficientnet
from greenbench.ml.models.lenet import lenet5, lenet_300_100
from greenbench.ml.models.mobile import SmallMobileNet
from greenbench.ml.models.mobilenet_v1 import MobileNetV1
from greenbench.ml.models.plain_cnn import plain_cnn
from greenbench.ml.models.residual import SmallResNet
from greenbench.ml.models.shufflenet_v1 import ShuffleNetV1
from greenbench.ml.models.words import TextAverage, TextConvolution
from greenbench.ml.models.xception import Xception

_ARRAYS: tuple[InputKind, ...] = ("features", "image", "tensor")
TEXT = InputSpec(shape=(64,), dtype="int64", kind="text", tokens=Tokens(kind="hash", vocabulary=20_000))


@dataclass(frozen=True)
class OwnNetwork:
    """One of our networks: how to build it from (input, outputs, width, **options), its usual width (None: fixed), one line about it.

    `input` is what it takes where no data set says otherwise, `takes` the kinds of input it can be built for. `options` are its other
    arguments with their usual values; "small_images" is done by the registry.
    """

    build: Callable[..., nn.Module]
    width: int | None
    summary: str
    input: InputSpec
    takes: tuple[InputKind, ...] = ("image",)
    options: Mapping[str, Any] = field(default_factory=dict)


def _resnet(blocks: int) -> OwnNetwork:
    return OwnNetwork(
        lambda input, outputs, width: SmallResNet(input.shape[0], outputs, blocks, width),
        16,
        f"residual network for small images, {6 * blocks + 2} layers",
        InputSpec(shape=(1, 32, 32)),
    )


def _tokens(input: InputSpec) -> Tokens:
    return input.tokens or Tokens(kind="hash", vocabulary=20_000)


def _text_average(input: InputSpec, outputs: int, width: int) -> nn.Module:
    return TextAverage(outputs, width, _tokens(input).vocabulary, _tokens(input).padding)


def _text_convolution(input: InputSpec, outputs: int, width: int) -> nn.Module:
    return TextConvolution(outputs, width, _tokens(input).vocabulary, _tokens(input).padding, input.shape[0])


def _mobilenet_v1(input: InputSpec, outputs: int, _: int, width_multiplier: float) -> nn.Module:
    return MobileNetV1(input.shape[0], outputs, width_multiplier)


def _shufflenet_v1(input: InputSpec, outputs: int, _: int, width_multiplier: float, groups: int, shuffle: bool) -> nn.Module:
    return ShuffleNetV1(input.shape[0], outputs, groups, width_multiplier, shuffle)


def _efficientnet(input: InputSpec, outputs: int, _: int, width_multiplier: float, depth_multiplier: float, dropout: float) -> nn.Module:
    return efficientnet(input.shape[0], outputs, width_multiplier, depth_multiplier, dropout)


def _xception(input: InputSpec, outputs: int, _: int, width_multiplier: float, depth_multiplier: float) -> nn.Module:
    return Xception(input.shape[0], outputs, width_multiplier, depth_multiplier)


def _library(name: str) -> Callable[..., nn.Module]:
    return lambda input, outputs, _: torchvision_networks.build(name, input.shape, outputs)


_COLOUR = InputSpec(shape=(3, 224, 224), mean=torchvision_networks.IMAGENET_MEAN, std=torchvision_networks.IMAGENET_STD)
_SMALL = InputSpec(shape=(1, 32, 32))
_SHUFFLE = {"groups": 3, "shuffle": True}

# The networks of the papers on efficient architectures as they were drawn for 224×224, and (_SMALL) for 32×32.
_EFFICIENT: dict[str, OwnNetwork] = {
    "mobilenet_v1": OwnNetwork(
        _mobilenet_v1, None, "MobileNet of 2017, any width", _COLOUR, options={"width_multiplier": 1.0, "small_images": False}
    ),
    "shufflenet_v1": OwnNetwork(
        _shufflenet_v1,
        None,
        "ShuffleNet of 2017, with groups and shuffle to choose",
        _COLOUR,
        options={"width_multiplier": 1.0, **_SHUFFLE, "small_images": False},
    ),
    "efficientnet": OwnNetwork(
        _efficientnet,
        None,
        "EfficientNet, width and depth to choose",
        _COLOUR,
        options={"width_multiplier": 1.0, "depth_multiplier": 1.0, "dropout": 0.2, "small_images": False},
    ),
    "xception": OwnNetwork(
        _xception,
        None,
        "Xception, width and depth to choose",
        _COLOUR.model_copy(update={"shape": (3, 299, 299)}),
        options={"width_multiplier": 1.0, "depth_multiplier": 1.0, "small_images": False},
    ),
    "mobilenet_v1_small": OwnNetwork(
        _mobilenet_v1, None, "MobileNet of 2017 for small images", _SMALL, options={"width_multiplier": 0.25, "small_images": True}
    ),
    "shufflenet_v1_small": OwnNetwork(
        _shufflenet_v1,
        None,
        "ShuffleNet of 2017 for small images",
        _SMALL,
        options={"width_multiplier": 0.5, **_SHUFFLE, "small_images": True},
    ),
    "shufflenet_v2_small": OwnNetwork(
        _library("shufflenet_v2_x0_5"), None, "ShuffleNetV2 0.5× for small images", _SMALL, options={"small_images": True}
    ),
    "efficientnet_small": OwnNetwork(
        _efficientnet,
        None,
        "EfficientNet of half width and depth for small images",
        _SMALL,
        options={"width_multiplier": 0.5, "depth_multiplier": 0.5, "dropout": 0.2, "small_images": True},
    ),
    "squeezenet_small": OwnNetwork(
        _library("squeezenet1_1"), None, "SqueezeNet 1.1 for small images", _SMALL, options={"small_images": True}
    ),
    "xception_small": OwnNetwork(
        _xception,
        None,
        "Xception of an eighth of the width for small images",
        _SMALL,
        options={"width_multiplier": 0.125, "depth_multiplier": 0.25, "small_images": True},
    ),
}

NETWORKS: dict[str, OwnNetwork] = {
    "lenet_300_100": OwnNetwork(
        lambda input, outputs, _: lenet_300_100(input.shape, outputs),
        None,
        "dense, 300 and 100 hidden units",
        InputSpec(shape=(1, 28, 28)),
        _ARRAYS,
    ),
    "lenet5": OwnNetwork(
        lambda input, outputs, _: lenet5(input.shape, outputs),
        None,
        "two convolutions and two dense layers, Caffe's form",
        InputSpec(shape=(1, 28, 28)),
    ),
    **{f"resnet{6 * blocks + 2}": _resnet(blocks) for blocks in (1, 2, 3, 5, 7, 9)},
    "mobilenet_small": OwnNetwork(
        lambda input, outputs, width: SmallMobileNet(input.shape[0], outputs, width),
        16,
        "MobileNetV2 for small images",
        InputSpec(shape=(1, 32, 32)),
    ),
    "cnn_small": OwnNetwork(
        lambda input, outputs, width, dropout: plain_cnn(input.shape[0], outputs, width, dropout),
        16,
        "six plain convolutions for small images",
        _SMALL,
        options={"dropout": 0.0},
    ),
    **_EFFICIENT,
    "mlp": OwnNetwork(
        lambda input, outputs, width, hidden_layers, dropout: mlp(input.shape, outputs, width, hidden_layers, dropout),
        128,
        "two hidden layers, for tables",
        InputSpec(shape=(16,)),
        _ARRAYS,
        options={"hidden_layers": 2, "dropout": 0.0},
    ),
    "text_average": OwnNetwork(_text_average, 64, "mean of word vectors, for texts", TEXT, ("text",)),
    "text_conv": OwnNetwork(_text_convolution, 100, "convolutions over words, for texts", TEXT, ("text",)),
}
