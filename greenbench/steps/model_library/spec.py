"""A network of our own, of torchvision or of timm."""

from typing import Literal, Self

from pydantic import model_validator

from greenbench.core.params import FieldKind, Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.steps.model_library.zoo import KNOWN, zoo
from greenbench.steps.outside import no_file, of_file


def _offered() -> tuple[str, ...]:
    """The names offered while one types: those that many know, then all of torchvision and timm."""
    return tuple(entry.name for entry in zoo()) or KNOWN


# Our own networks that have more to choose than a width.
_SCALED = (
    "mobilenet_v1", "mobilenet_v1_small", "shufflenet_v1", "shufflenet_v1_small", "efficientnet", "efficientnet_small", "xception",
    "xception_small",
)  # fmt: skip
_DEEPENED = ("efficientnet", "efficientnet_small", "xception", "xception_small")
_COMPOUND = ("efficientnet", "efficientnet_small")
_SHUFFLED = ("shufflenet_v1", "shufflenet_v1_small")
_DROPPING = ("mlp", "cnn_small", *_COMPOUND)


class LibraryParams(Params):
    name: str = parameter(
        "resnet8",
        "Model",
        "Ours for small images, tables and texts, or any name of torchvision or timm: torchvision/resnet18, timm/efficientnet_b0.",
        suggestions=_offered(),
    )
    width: int = parameter(
        0,
        "Width",
        "Scales our own networks: channels of the first stage (usually 16), hidden units of mlp (128), word vector of text_average (64), "
        "filters of text_conv (100). 0 takes the usual.",
        ge=0,
        le=4096,
    )
    hidden_layers: int = parameter(0, "Hidden layers", "Of mlp. 0: two.", ge=0, le=64, visible_when={"name": ("mlp",)}, advanced=True)
    width_multiplier: float = parameter(
        0.0,
        "Width multiplier",
        "Scales the channels of MobileNet, ShuffleNet, EfficientNet and Xception as their papers do. 0 takes the usual (1; less in "
        "the networks for small images).",
        ge=0,
        le=8,
        visible_when={"name": _SCALED},
    )
    depth_multiplier: float = parameter(
        0.0,
        "Depth multiplier",
        "Scales the number of layers of EfficientNet, or of Xception's middle blocks. 0 takes the usual.",
        ge=0,
        le=8,
        visible_when={"name": _DEEPENED},
    )
    compound: float = parameter(
        0.0,
        "Compound coefficient φ",
        "EfficientNet's formula: width × 1.1^φ, depth × 1.2^φ, image side × 1.15^φ, which is about 2^φ times the work. 0 is B0.",
        ge=0,
        le=10,
        visible_when={"name": _COMPOUND},
    )
    groups: Literal[0, 1, 2, 3, 4, 8] = parameter(
        0,
        "Groups",
        "Of ShuffleNet's 1×1 convolutions: more groups allow more channels for the same work.",
        choices={0: "Usual (3)", 1: "1", 2: "2", 3: "3", 4: "4", 8: "8"},
        visible_when={"name": _SHUFFLED},
    )
    shuffle: bool = parameter(
        True, "Channel shuffle", "Off is the control of ShuffleNet's paper: groups that never exchange.", visible_when={"name": _SHUFFLED}
    )
    dropout: float = parameter(
        0.0,
        "Dropout",
        "Share of units left out of each training example, against learning by heart. 0: as the network has it.",
        percent=True,
        ge=0,
        lt=1,
        visible_when={"name": _DROPPING},
        advanced=True,
    )
    small_images: bool = parameter(
        False,
        "Small images",
        "Takes the stride from the layers that halve the image first and second, so that a network drawn for 224×224 learns from 28×28 or "
        "32×32. For convolutional networks.",
        advanced=True,
    )
    pretrained: bool = parameter(
        False,
        "Pretrained weights",
        "Start from the weights that torchvision or timm publish, with their own preprocessing. Needs the network the first time.",
    )
    weights_file: str = parameter(
        "",
        "Weights file",
        "Weights of exactly this network from a file: .safetensors, or a PyTorch state dict without other objects in it.",
        kind=FieldKind.FILE,
        advanced=True,
    )
    channels: int = parameter(
        0, "Input channels", "Only without linked data; 0 takes what the model is made for.", ge=0, le=1024, advanced=True
    )
    size: int = parameter(
        0,
        "Input size",
        "Pixels a side, to which images are brought. 0: that of the linked data, or what the model is made for.",
        unit="px",
        ge=0,
        le=2048,
        advanced=True,
    )
    words: int = parameter(
        64,
        "Words of a text",
        "Longer texts are cut, shorter ones filled. Only for text models.",
        unit="words",
        ge=1,
        le=4096,
        advanced=True,
    )
    classes: int = parameter(
        0,
        "Classes",
        "Outputs of the model. Only without linked data; 0: as many as the published weights have, else 10.",
        ge=0,
        le=100_000,
        advanced=True,
    )

    @model_validator(mode="after")
    def _two_or_the_usual(self) -> Self:
        if self.classes == 1:
            raise ValueError("a classifier has at least two classes; 0 takes the usual number.")
        return self


SPEC = StepSpec(
    key="model.library",
    version=3,
    title="Model",
    group=Group.SOURCES,
    icon="cube",
    summary="Builds a network by name: ours, torchvision, timm.",
    help="Builds a network. Link a data set to it and the input, the number of classes and the task are taken from there. With pretrained "
    "weights it keeps the preprocessing they were trained with, and the data is adapted to it. "
    "Without pretrained weights it knows nothing yet: link it to a Train step; networks for texts learn best with its optimizer AdamW.",
    params=LibraryParams,
    apply="greenbench.steps.model_library.apply:apply",
    inputs=(Port("data", PortKind.DATASET, optional=True),),
    outputs=(Port("model", PortKind.MODEL),),
    highlights=("name", "width"),
    aliases=(
        "network",
        "architecture",
        "resnet",
        "mobilenet",
        "lenet",
        "torchvision",
        "timm",
        "pretrained weights",
        "mlp",
        "text",
        "zoo",
        "shufflenet",
        "efficientnet",
        "squeezenet",
        "xception",
        "cnn",
        "compound scaling",
        "width multiplier",
    ),
    fingerprint=lambda params: of_file(params.weights_file) if params.weights_file else "",
    obstacle=lambda params: no_file(params.weights_file) if params.weights_file else None,
    browse={"name": "models"},
)
