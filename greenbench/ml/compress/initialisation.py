"""Fresh weights for a network, by another draw: what tells a ticket's structure from the luck of its first weights."""

from typing import Literal

import numpy as np
import torch
from torch import nn

from greenbench.core.artifact import Architecture
from greenbench.core.errors import ModelError
from greenbench.ml.compress import layers
from greenbench.ml.compress.refusals import refusal
from greenbench.ml.models import build

Initialisation = Literal["own", "glorot", "he"]


def draw_seed(seed: int, draw: int) -> int:
    """The seed of a draw: for another run seed or another draw another one, so that no draw repeats the first weights of a neighbour."""
    return int(np.random.SeedSequence([seed, draw]).generate_state(1)[0])


def reinitialise(module: nn.Module, architecture: Architecture, how: Initialisation, seed: int, owner: str = "") -> None:
    """Gives all weights and statistics new first values, in place, from torch's generator seeded by `seed`.

    "own": as the network's builder draws them. "glorot": weights of layers from a normal distribution with variance 2/(fan in + fan out)
    (Glorot 2010, equation 12), biases zero; "he": variance 2/fan in (He 2015, equation 10), biases zero. What belongs to no such layer
    (norms) is as built.

    Raises:
        StepError: channels were removed, and a layer does not say how its weights are drawn.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _as_built(module, architecture, owner)
        if how == "own":
            return
        for layer in layers.weighted_layers(module).values():
            weight, bias = layer.get_parameter("weight"), getattr(layer, "bias", None)
            if how == "glorot":
                nn.init.xavier_normal_(weight)
            else:
                nn.init.kaiming_normal_(weight, nonlinearity="relu")
            if bias is not None:
                nn.init.zeros_(bias)


def _as_built(module: nn.Module, architecture: Architecture, owner: str) -> None:
    try:
        fresh = build(architecture).state_dict()
        if {name: tensor.shape for name, tensor in fresh.items()} == {name: tensor.shape for name, tensor in module.state_dict().items()}:
            module.load_state_dict(fresh)
            return
    except ModelError:  # its builder wants what this machine has not; its layers know how they are drawn
        pass
    for name, layer in module.named_modules():
        reset = getattr(layer, "reset_parameters", None)
        if callable(reset):
            reset()
        elif any(True for _ in layer.parameters(recurse=False)):
            raise refusal(
                owner, f"{name or 'the network'} does not say how its weights are drawn.", "Re-initialise before channels are removed."
            )
