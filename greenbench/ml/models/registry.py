"""From a name to a network: resolves bare names, adapts to data, and checks that what comes out fits the classes."""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from greenbench.core.artifact import Architecture, InputSpec
from greenbench.core.errors import ModelError
from greenbench.ml.models import libraries
from greenbench.ml.models.lenet import lenet5, lenet_300_100
from greenbench.ml.models.mobile import SmallMobileNet
from greenbench.ml.models.residual import SmallResNet


@dataclass(frozen=True)
class OwnNetwork:
    """One of our networks: how to build it from (shape, classes, width), its usual width (None: fixed), one line about it."""

    build: Callable[[tuple[int, ...], int, int], nn.Module]
    width: int | None
    summary: str


def _resnet(blocks: int) -> OwnNetwork:
    return OwnNetwork(
        lambda shape, classes, width: SmallResNet(shape[0], classes, blocks, width),
        16,
        f"residual network for small images, {6 * blocks + 2} layers",
    )


_OWN: dict[str, OwnNetwork] = {
    "lenet_300_100": OwnNetwork(lambda shape, classes, _: lenet_300_100(shape, classes), None, "dense, 300 and 100 hidden units"),
    "lenet5": OwnNetwork(lambda shape, classes, _: lenet5(shape, classes), None, "two convolutions and two dense layers, Caffe's form"),
    **{f"resnet{6 * blocks + 2}": _resnet(blocks) for blocks in (1, 2, 3, 5, 7, 9)},
    "mobilenet_small": OwnNetwork(
        lambda shape, classes, width: SmallMobileNet(shape[0], classes, width), 16, "MobileNetV2 for small images"
    ),
}


def names() -> dict[str, str]:
    """Every network that can be built, with one line about it; our own first."""
    found = {name: network.summary for name, network in _OWN.items()}
    found |= {f"torchvision/{name}": "torchvision" for name in libraries.torchvision_names()}
    return found | {f"timm/{name}": "timm" for name in libraries.timm_names()}


def resolve(name: str) -> str:
    """The full name of a network: ours, then torchvision's, then timm's, where the name says no library.

    Raises:
        ModelError: no such network; names the nearest.
    """
    name = name.strip()
    if name in _OWN:
        return name
    library, slash, rest = name.rpartition("/")
    if library in ("", "torchvision") and rest in libraries.torchvision_names():
        return f"torchvision/{rest}"
    if library in ("", "timm") and _timm_knows(rest):
        return f"timm/{rest}"
    if slash and library not in ("torchvision", "timm"):
        raise ModelError(f'There is no model library "{library}".', 'Write "torchvision/NAME" or "timm/NAME".')
    plain = {known.rpartition("/")[2]: known for known in reversed(names())}
    begun = [known for known in plain if rest and known.startswith(rest.lower())]
    alike = difflib.get_close_matches(rest.lower(), plain, 3, 0.5)
    # A name half typed is nearer than one that merely looks alike; of those, the shortest.
    near = [plain[found] for found in dict.fromkeys([*sorted(begun, key=len)[:2], *alike])][:3]
    hint = f"Did you mean {', '.join(near)}? " if near else ""
    raise ModelError(f'There is no model "{name}".', f"{hint}`greenbench list models` shows all.")


def _timm_knows(name: str) -> bool:
    import timm

    return bool(re.fullmatch(r"[\w.]+", name)) and bool(timm.is_model(name))


def default_input(name: str) -> InputSpec:
    """The input of a network to which no data set is linked: what its published weights expect, 1×32×32 for our own."""
    library, _, rest = resolve(name).rpartition("/")
    if library == "torchvision":
        return libraries.torchvision_input(rest)
    if library == "timm":
        return libraries.timm_input(rest)
    return InputSpec(shape=(1, 28, 28) if rest.startswith("lenet") else (1, 32, 32))


def architecture_for(name: str, input: InputSpec, classes: int, width: int | None = None) -> Architecture:
    """The architecture of a network for examples of that shape and that many classes.

    `width` is the number of channels of the first stage of our own ResNets and MobileNets; None takes the usual one.

    Raises:
        ModelError: no such network, or `width` given for one whose width is fixed.
    """
    full = resolve(name)
    arguments: dict[str, object] = {"shape": list(input.shape), "classes": classes}
    usual = _OWN[full].width if full in _OWN else None
    if width is not None and usual is None:
        raise ModelError(f"The width of {full} is fixed.", "Leave the width at 0, or choose another network.")
    if usual is not None:
        arguments["width"] = width or usual
    return Architecture(name=full, arguments=arguments)


def build(architecture: Architecture) -> nn.Module:
    """The network, freshly initialised from torch's global generator.

    Raises:
        ModelError: the name or the arguments make no network.
    """
    return _build(architecture, pretrained=False)


def build_pretrained(architecture: Architecture) -> nn.Module:
    """The network with the weights its library publishes, adapted to the architecture's channels and classes.

    Raises:
        ModelError: there are none, or they cannot be loaded (no network).
    """
    return _build(architecture, pretrained=True)


def _build(architecture: Architecture, pretrained: bool) -> nn.Module:
    arguments = architecture.arguments
    shape, classes = tuple(arguments["shape"]), int(arguments["classes"])
    full = resolve(architecture.name)
    library, _, rest = full.rpartition("/")
    if full in _OWN:
        if pretrained:
            raise ModelError(f"There are no pretrained weights for {full}.", "Switch off pretrained weights and train the model.")
        return _OWN[full].build(shape, classes, int(arguments.get("width", 0)))
    if len(shape) != 3:
        raise ModelError(f"{full} takes images; the data has the shape {shape}.", "Choose lenet_300_100 for plain features.")
    builder = libraries.build_torchvision if library == "torchvision" else libraries.build_timm
    try:
        return builder(rest, shape, classes, pretrained)
    except (ValueError, AssertionError, TypeError, RuntimeError, ZeroDivisionError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"{full} cannot be built for {classes} classes and input {shape}: {reason}", "Choose another image size."
        ) from None


def check_output(module: nn.Module, input: InputSpec, classes: int, name: str) -> None:
    """Runs two blank examples through the network and looks at what comes out.

    Raises:
        ModelError: it cannot take such input, or does not give one number for each class.
    """
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    module.eval()
    try:
        with torch.no_grad():
            output = module(torch.zeros((2, *input.shape), device=device))
    except (RuntimeError, ValueError, AssertionError, IndexError) as error:
        size = "×".join(str(side) for side in input.shape)
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"{name} cannot take examples of size {size}: {reason}", "Raise the image size, or choose another model."
        ) from None
    if not isinstance(output, torch.Tensor):
        raise ModelError(f"{name} gives a {type(output).__name__} instead of one number for each class.", "Choose a classification model.")
    if tuple(output.shape) != (2, classes):
        given = "×".join(str(side) for side in output.shape[1:]) or "no"
        raise ModelError(
            f"{name} gives {given} outputs, the data set has {classes} classes.",
            "Link the data set to the model step so that the model is built for it.",
        )
