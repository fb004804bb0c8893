"""A network of our own, of torchvision or of timm."""

from greenbench.core import places
from greenbench.core.params import Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec

_KNOWN = (
    "resnet8", "resnet20", "mobilenet_small", "lenet5", "lenet_300_100", "torchvision/resnet18", "torchvision/mobilenet_v2",
    "torchvision/squeezenet1_1", "timm/efficientnet_b0", "timm/vit_tiny_patch16_224",
)  # fmt: skip


def _offered() -> tuple[str, ...]:
    """The names offered while one types: those that many know, then all of torchvision and timm.

    They are written down in a file, because the window may not load the libraries in order to ask them.
    """
    try:
        listed = (places.resources() / "models.txt").read_text(encoding="utf-8").splitlines()
    except OSError:
        return _KNOWN
    return tuple(dict.fromkeys((*_KNOWN, *(name for name in listed if name and not name.startswith("#")))))


class LibraryParams(Params):
    name: str = parameter(
        "resnet8",
        "Model",
        "Ours for small images, or any name of torchvision or timm: torchvision/resnet18, timm/efficientnet_b0.",
        suggestions=_offered(),
    )
    width: int = parameter(
        0, "Width", "Channels of the first stage of our ResNets and MobileNets; 0 takes the usual 16.", unit="channels", ge=0, le=1024
    )
    pretrained: bool = parameter(
        False, "Pretrained weights", "Start from the weights that torchvision or timm publish. Needs the network the first time."
    )
    channels: int = parameter(
        0, "Input channels", "Only without linked data; 0 takes what the model is made for.", ge=0, le=1024, advanced=True
    )
    size: int = parameter(
        0,
        "Input size",
        "Pixels a side. Only without linked data; 0 takes what the model is made for.",
        unit="px",
        ge=0,
        le=2048,
        advanced=True,
    )
    classes: int = parameter(10, "Classes", "Outputs of the model. Only without linked data.", ge=2, le=100_000, advanced=True)


SPEC = StepSpec(
    key="model.library",
    version=1,
    title="Model",
    group=Group.SOURCES,
    icon="cube",
    summary="Builds a network by name: ours, torchvision, timm.",
    help="Builds a network. Link a data set to it and the input channels, the image size and the number of classes are taken from there. "
    "Without pretrained weights it knows nothing yet: link it to a Train step.",
    params=LibraryParams,
    apply="greenbench.steps.model_library.apply:apply",
    inputs=(Port("data", PortKind.DATASET, optional=True),),
    outputs=(Port("model", PortKind.MODEL),),
    makes={"format": "torch", "precision": "fp32"},
    highlights=("name", "width"),
    aliases=("network", "architecture", "resnet", "mobilenet", "lenet", "torchvision", "timm", "pretrained"),
)
