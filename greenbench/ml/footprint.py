"""What a network weighs: parameters, non-zero parameters, multiply-adds, bytes. Counted, never estimated."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from greenbench.core.artifact import Footprint, InputSpec
from greenbench.core.errors import ModelError
from greenbench.core.step import Stored
from greenbench.ml.compress.packed import EASILY_CODED, coded_size
from greenbench.ml.models.blank import as_taken, blank
from greenbench.ml.onnx_graph import onnx_coded_size, onnx_footprint

__all__ = ["coded_later", "flops", "footprint", "nonzero_parameters", "onnx_footprint", "parameters"]

LAYERS = (nn.modules.conv._ConvNd, nn.Linear)


def parameters(module: nn.Module) -> int:
    """Weights and biases that training changes; a tensor used in two places counts once."""
    return sum(parameter.numel() for parameter in module.parameters())


def nonzero_parameters(module: nn.Module) -> int:
    """Parameters that are not exactly zero."""
    return sum(int(torch.count_nonzero(parameter.detach())) for parameter in module.parameters())


def flops(module: nn.Module, input: InputSpec) -> int:
    """2 × multiply-adds of one example (Schwartz 2019, Green AI, section 3: both the add and the multiply count).

    Counts convolutions, matrix products and attention as torch.utils.flop_counter sees them executed, so a pruned
    network counts as it is; element-wise work is left out. The module is left in the mode it was in.
    """
    was_training = [(child, child.training) for child in module.modules()]
    learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    example = as_taken(module, blank(input, 1, device))
    module.eval()
    try:
        for parameter in learning:  # the counter follows gradients, and stumbles over a parameter that is passed on as a view
            parameter.requires_grad_(False)
        # The fused attention of the CPU is not in the counter's table; as plain products it is.
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            module(example)
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
        for child, mode in was_training:
            child.training = mode
    return int(counter.get_total_flops())


def footprint(module: nn.Module, input: InputSpec, weights: Path, coded: bool = True) -> Footprint:
    """The footprint of a module whose weights lie in the file `weights`. `coded` False leaves the coded size of a large one open, which
    takes seconds to count; `coded_later` counts it."""
    count = parameters(module)
    return Footprint(
        parameters=count,
        nonzero_parameters=nonzero_parameters(module),
        flops=flops(module, input),
        size_bytes=weights.stat().st_size,
        size_coded_bytes=coded_size(module) if coded or count <= EASILY_CODED else None,
        layers=sum(isinstance(child, LAYERS) for child in module.modules()),
    )


def coded_later(stored: Stored, check: Callable[[], None] | None = None) -> int | None:
    """The coded size of a model whose footprint leaves it open, from its file alone; None where it cannot be counted. `check` is called
    every now and then, and may raise Cancelled.

    Raises:
        ModelError: the file is damaged.
    """
    path = stored.file("weights")
    if stored.model.format == "onnx":
        return onnx_coded_size(path, check)
    if stored.model.format != "torch":
        return None
    try:
        return coded_size(load_file(path), check)
    except (SafetensorError, OSError) as error:
        raise ModelError(f'"{stored.title}": {path.name} cannot be read: {error}.', "Clear the cache and run again.") from None
