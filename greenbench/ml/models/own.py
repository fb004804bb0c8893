"""Our own networks by name: how each is built, what it takes, and one line about it."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from greenbench.core.artifact import InputKind, InputSpec, Tokens
from greenbench.ml.models.dense import mlp
from greenbench.ml.models.lenet import lenet5, lenet_300_100
from greenbench.ml.models.mobile import SmallMobileNet
from greenbench.ml.models.residual import SmallResNet
from greenbench.ml.models.words import TextAverage, TextConvolution

_ARRAYS: tuple[InputKind, ...] = ("features", "image", "tensor")
TEXT = InputSpec(shape=(64,), dtype="int64", kind="text", tokens=Tokens(kind="hash", vocabulary=20_000))


@dataclass(frozen=True)
class OwnNetwork:
    """One of our networks: how to build it from (input, outputs, width), its usual width (None: fixed), one line about it.

    `input` is what it takes where no data set says otherwise, `takes` the kinds of input it can be built for.
    """

    build: Callable[[InputSpec, int, int], nn.Module]
    width: int | None
    summary: str
    input: InputSpec
    takes: tuple[InputKind, ...] = ("image",)


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
    "mlp": OwnNetwork(
        lambda input, outputs, width: mlp(input.shape, outputs, width),
        128,
        "two hidden layers, for tables",
        InputSpec(shape=(16,)),
        _ARRAYS,
    ),
    "text_average": OwnNetwork(_text_average, 64, "mean of word vectors, for texts", TEXT, ("text",)),
    "text_conv": OwnNetwork(_text_convolution, 100, "convolutions over words, for texts", TEXT, ("text",)),
}
