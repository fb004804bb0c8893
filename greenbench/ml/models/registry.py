"""From a name to a network: resolves bare names, adapts to data, and checks that what comes out fits the task."""

import difflib
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from greenbench.core.artifact import Architecture, InputKind, InputSpec, Tokens
from greenbench.core.errors import ModelError
from greenbench.ml.models import timm_networks, torchvision_networks
from greenbench.ml.models.blank import blank
from greenbench.ml.models.changes import apply_changes
from greenbench.ml.models.own import NETWORKS
from greenbench.ml.models.published import Published
from greenbench.ml.models.small_images import keep_size
from greenbench.ml.tasks import task as task_of_key

PYTHON, TRANSFORMERS = "python", "transformers"
SMALL_IMAGES = "small_images"
_LICENCE = "MIT"
_NOUNS: dict[InputKind, str] = {"image": "images", "features": "rows of numbers", "text": "texts", "tensor": "arrays"}
_INSTEAD: dict[InputKind, str] = {
    "image": "Choose a network for images, such as resnet8.",
    "features": "Choose mlp or lenet_300_100.",
    "text": "Choose text_average or text_conv.",
    "tensor": "Choose mlp, or bring a network of your own.",
}


def names() -> dict[str, str]:
    """Every network that can be built, with one line about it; our own first."""
    found = {name: network.summary for name, network in NETWORKS.items()}
    found |= {f"torchvision/{name}": f"torchvision, {task}" for name, task in torchvision_networks.tasks().items()}
    return found | {f"timm/{name}": "timm" for name in timm_networks.names()}


def resolve(name: str) -> str:
    """The full name of a network: ours, then torchvision's, then timm's, where the name says no library.

    Raises:
        ModelError: no such network; names the nearest.
    """
    name = name.strip()
    if name in NETWORKS:
        return name
    library, slash, rest = name.rpartition("/")
    if library in ("", "torchvision") and rest in torchvision_networks.tasks():
        return f"torchvision/{rest}"
    if library in ("", "timm") and timm_networks.knows(rest):
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


def published(name: str) -> Published:
    """What is known of a network's published weights: their input, task, class names and licence; of our own, the input they are made for.

    Raises:
        ModelError: no such network.
    """
    full = resolve(name)
    library, _, rest = full.rpartition("/")
    if library == "torchvision":
        return torchvision_networks.published(rest)
    if library == "timm":
        return timm_networks.published(rest)
    return Published(NETWORKS[full].input, licence=_LICENCE)


def default_input(name: str) -> InputSpec:
    """The input of a network to which no data set is linked: what its published weights expect, or what our own are made for."""
    return published(name).input


def architecture_for(
    name: str, input: InputSpec, classes: int, width: int | None = None, options: Mapping[str, Any] | None = None
) -> Architecture:
    """The architecture of a network for such examples and that many outputs (`classes`; 1 for a regression).

    `width` is what scales our own networks (channels, hidden units, size of a word vector); None takes the usual one. `options` are
    other arguments that a network has (groups of ShuffleNet, hidden layers of mlp; small_images of any for images).

    Raises:
        ModelError: no such network, it takes another kind of input, or `width` or an option was given for one that has none.
    """
    full = resolve(name)
    own = NETWORKS.get(full)
    takes = own.takes if own else ("image",)
    if input.kind not in takes:
        raise ModelError(
            f"{full} takes {_NOUNS[takes[-1] if len(takes) == 1 else takes[0]]}, not {_NOUNS[input.kind]}.", _INSTEAD[input.kind]
        )
    arguments: dict[str, object] = {"shape": list(input.shape), "classes": classes}
    if input.tokens is not None:
        arguments["tokens"] = input.tokens.model_dump(mode="json")
    usual = own.width if own else None
    if width is not None and usual is None:
        raise ModelError(f"The width of {full} is fixed.", "Leave the width at 0, or choose another network.")
    if usual is not None:
        arguments["width"] = width or usual
    arguments |= own.options if own else {}
    for option, value in (options or {}).items():
        if option not in arguments and (own or option != SMALL_IMAGES):
            having = [known for known, network in NETWORKS.items() if option in network.options]
            raise ModelError(f"{full} has no {option.replace('_', ' ')} to choose.", f"Only {', '.join(having)} have.")
        arguments[option] = value
    return Architecture(name=full, arguments=arguments)


def build(architecture: Architecture) -> nn.Module:
    """The network, freshly initialised from torch's global generator.

    Raises:
        ModelError: the name or the arguments make no network.
    """
    return apply_changes(_build(architecture, pretrained=False), architecture.changes)


def import_library(architecture: Architecture) -> None:
    """Imports the library that a network is built from, where it is one of these, so that a clock started after counts the network alone.

    Raises:
        ModelError: no such network, or its library is not installed.
    """
    if architecture.name == TRANSFORMERS:
        from greenbench.ml.models.transformers_networks import import_transformers

        import_transformers()
    elif architecture.name != PYTHON:
        resolve(architecture.name)


def build_pretrained(architecture: Architecture) -> nn.Module:
    """The network with the weights its library publishes, adapted to the architecture's channels and classes.

    Raises:
        ModelError: there are none, or they cannot be loaded (no network).
    """
    return _build(architecture, pretrained=True)


def _build(architecture: Architecture, pretrained: bool) -> nn.Module:
    arguments = architecture.arguments
    if architecture.name == PYTHON:
        from greenbench.ml.models.python_factory import build_python

        return build_python(arguments)
    if architecture.name == TRANSFORMERS:
        from greenbench.ml.models.transformers_networks import build_transformers

        return build_transformers(arguments)
    shape, outputs = tuple(arguments["shape"]), int(arguments["classes"])
    full = resolve(architecture.name)
    library, _, rest = full.rpartition("/")
    if full in NETWORKS:
        if pretrained:
            raise ModelError(f"There are no pretrained weights for {full}.", "Switch off pretrained weights and train the model.")
        return _own(full, arguments, shape, outputs)
    if len(shape) != 3:
        raise ModelError(f"{full} takes images; the data has the shape {shape}.", _INSTEAD["features"])
    builder = torchvision_networks.build if library == "torchvision" else timm_networks.build
    try:
        module = builder(rest, shape, outputs, pretrained)
        if arguments.get(SMALL_IMAGES):
            keep_size(module, shape, full)
        return module
    except (ValueError, AssertionError, TypeError, RuntimeError, ZeroDivisionError) as error:
        if torch.get_default_device().type == "meta":
            raise  # not the arguments' fault: the constructor computes with real numbers; the caller knows
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            f"{full} cannot be built for {outputs} classes and input {shape}: {reason}", "Choose another image size."
        ) from None


def _own(full: str, arguments: Mapping[str, Any], shape: tuple[int, ...], outputs: int) -> nn.Module:
    network = NETWORKS[full]
    # What an older description does not say was as it is usual.
    options = {option: arguments.get(option, usual) for option, usual in network.options.items()}
    small = options.pop(SMALL_IMAGES, False)
    module = network.build(_input_of(arguments), outputs, int(arguments.get("width", 0)), **options)
    if small:
        keep_size(module, shape, full)
    return module


def _input_of(arguments: Mapping[str, Any]) -> InputSpec:
    shape = tuple(arguments["shape"])
    if "tokens" in arguments:
        return InputSpec(shape=shape, dtype="int64", kind="text", tokens=Tokens.model_validate(arguments["tokens"]))
    return InputSpec(shape=shape)


def check_output(module: nn.Module, input: InputSpec, classes: int, name: str, task: str = "classification") -> tuple[int, ...]:
    """Runs two blank examples through the network, looks at what comes out, and returns its shape, batch first.

    Raises:
        ModelError: it cannot take such input, or its answers are none for this task and so many classes (0: any number).
    """
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    module.eval()
    try:
        with torch.no_grad():
            output = module(blank(input, 2, device))
    except (RuntimeError, ValueError, AssertionError, IndexError, TypeError, AttributeError, KeyError) as error:
        size = "×".join(str(side) for side in input.array_shape)
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        remedy = (
            "Raise the image size, or choose another model." if input.kind == "image" else "Choose another input size, or another model."
        )
        raise ModelError(f"{name} cannot take examples of size {size}: {reason}", remedy) from None
    if not isinstance(output, torch.Tensor):
        raise ModelError(f"{name} gives a {type(output).__name__} instead of one tensor.", "Give a network whose answer is one tensor.")
    shape = tuple(output.shape)
    if shape[:1] != (2,):
        raise ModelError(f"{name} gives {shape} for two examples; the first axis must be the batch.", "Choose another model.")
    if task == "classification" and classes and shape[1:] != (classes,):
        given = "×".join(str(side) for side in shape[1:]) or "no"
        raise ModelError(
            f"{name} gives {given} outputs, the data set has {classes} classes.",
            "A model built by name takes its outputs from a data set linked to its step; another must have as many itself.",
        )
    problem = task_of_key(task).output_problem(shape, classes)
    if problem:
        raise ModelError(f"{name}: {problem}", "Choose another model, or another task.")
    return shape
