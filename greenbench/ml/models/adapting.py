"""Published weights in networks of another channel or class count: what fits is taken, the first layer is converted."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from greenbench.ml.models.versions import versioned


def replace_first_convolution(module: nn.Module, channels: int) -> None:
    """Gives the network a first convolution for so many channels, freshly initialised."""
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d):
            fresh = nn.Conv2d(
                channels,
                layer.out_channels,
                layer.kernel_size,  # type: ignore[arg-type]
                layer.stride,  # type: ignore[arg-type]
                layer.padding,  # type: ignore[arg-type]
                layer.dilation,  # type: ignore[arg-type]
                bias=layer.bias is not None,
            )
            parent, _, leaf = name.rpartition(".")
            setattr(module.get_submodule(parent), leaf, fresh)
            return


def load_fitting(module: nn.Module, state: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Loads every tensor that fits, first-layer filters converted to the network's channels; returns the names of those of the network
    that keep their fresh numbers because the file's have another shape."""
    own = module.state_dict()
    fitting: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name not in own:
            continue
        if own[name].shape == tensor.shape:
            fitting[name] = tensor
        elif tensor.dim() == 4 and own[name].shape[0] == tensor.shape[0] and own[name].shape[2:] == tensor.shape[2:]:
            fitting[name] = other_channels(tensor, own[name].shape[1])
    module.load_state_dict(versioned(module, fitting), strict=False)
    return tuple(name for name in own if name in state and name not in fitting)


def other_channels(weight: Tensor, channels: int) -> Tensor:
    """First-layer filters for another channel count: summed for one, else repeated and rescaled to keep the response."""
    if channels == 1:
        return weight.sum(dim=1, keepdim=True)
    repeats = -(-channels // weight.shape[1])
    return torch.cat([weight] * repeats, dim=1)[:, :channels] * (weight.shape[1] / channels)
