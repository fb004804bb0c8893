"""Layers that compression put in the place of others: a network is built plain, then changed layer by layer in the order it was done."""

from collections.abc import Callable, Iterable
from typing import Any

from torch import nn

from greenbench.core.artifact import LayerChange
from greenbench.core.errors import ModelError
from greenbench.ml.models.hashed_layers import hashed_layer
from greenbench.ml.models.thin_layers import svd_layers, tucker_layers

Build = Callable[[nn.Module, dict[str, Any]], nn.Module]
"""From the layer that stands there and the change's arguments to the one that takes its place, freshly initialised."""

KINDS: dict[str, Build] = {
    "svd": svd_layers,
    "tucker2": tucker_layers,
    "hashed": hashed_layer,
}


def apply_changes(module: nn.Module, changes: Iterable[LayerChange]) -> nn.Module:
    """Puts the replacing layers in their places, in the order given; returns the network, which is a new one only where the network
    itself is the layer that was replaced (its name is "").

    Raises:
        ModelError: no such layer, or a kind that this version does not know.
    """
    for change in changes:
        build = KINDS.get(change.kind)
        if build is None:
            raise ModelError(f'This version knows no layer "{change.kind}".', "Update GreenBench to open this model.")
        try:
            fresh = build(module.get_submodule(change.layer), change.arguments)
        except AttributeError:
            raise ModelError(f"The network has no layer {change.layer}.", "Run the step that made the model again.") from None
        module = put(module, change.layer, fresh)
    return module


def put(module: nn.Module, name: str, layer: nn.Module) -> nn.Module:
    """Puts a layer in the place `name`; returns the network (the layer itself where the name is "")."""
    if not name:
        return layer
    parent, _, leaf = name.rpartition(".")
    setattr(module.get_submodule(parent), leaf, layer)
    return module
