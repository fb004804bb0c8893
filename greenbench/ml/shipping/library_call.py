"""The call of torchvision or timm that builds a network as it was saved, for a card that needs nothing of ours; none where layers were
resized or adapted."""

import json
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from greenbench.core.step import Stored
from greenbench.ml.models import timm_networks, torchvision_networks
from greenbench.ml.models.registry import resolve


def library_call(stored: Stored) -> str:
    """ "torchvision.models.get_model("resnet18", weights=None, num_classes=10)", or "" where the library alone does not build this network:
    the call was made, and every tensor of the file has its name and shape in what came out."""
    architecture = stored.model.architecture
    if stored.model.format != "torch" or architecture is None or architecture.name.partition("/")[0] not in ("torchvision", "timm"):
        return ""
    library, _, name = resolve(architecture.name).rpartition("/")
    shape, outputs = tuple(architecture.arguments["shape"]), int(architecture.arguments["classes"])
    asked = torchvision_networks.library_arguments if library == "torchvision" else timm_networks.library_arguments
    wanted = _shapes(stored)
    for arguments in asked(name, shape, outputs):
        try:
            # Without memory. A constructor that computes with real numbers fails so, and its network is left to GreenBench.
            with torch.device("meta"):
                network = _made(library, name, arguments)
        except (TypeError, ValueError, RuntimeError, NotImplementedError, AssertionError):
            continue
        if {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()} == wanted:
            return _written(library, name, arguments)
    return ""


def _shapes(stored: Stored) -> dict[str, tuple[int, ...]]:
    """The tensors of the file by name; none where whole numbers of the network differ from its architecture's (it was pruned)."""
    try:
        with safe_open(stored.file("weights"), framework="pt") as file:
            if json.loads((file.metadata() or {}).get("geometry", "{}")):
                return {}
            return {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError):
        return {}


def _made(library: str, name: str, arguments: dict[str, Any]) -> nn.Module:
    if library == "torchvision":
        import torchvision

        built: nn.Module = torchvision.models.get_model(name, **arguments)
        return built
    import timm

    built = timm.create_model(name, **arguments)
    return built


def _written(library: str, name: str, arguments: dict[str, Any]) -> str:
    call = {"torchvision": "torchvision.models.get_model", "timm": "timm.create_model"}[library]
    given = "".join(f", {key}={value!r}" for key, value in arguments.items())
    return f"{call}({json.dumps(name)}{given})"
