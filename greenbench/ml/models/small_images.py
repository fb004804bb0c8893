"""Makes a network that was drawn for 224×224 fit images of 28 or 32 pixels a side: its first layers keep the image's size."""

from typing import Any

import torch
from torch import Tensor, nn

from greenbench.core.errors import ModelError

_HALVINGS = 2
_TRIED_SIDE = 128  # the network as it was drawn may not be able to take smaller ones
_WINDOWS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


def keep_size(module: nn.Module, shape: tuple[int, ...], name: str) -> None:
    """Takes the stride from all layers, side by side or in turn, that make the first two halvings of an image (C, H, W), in place.

    Which they are is seen by running one larger image: not their order in the file counts, but what they are given.

    Raises:
        ModelError: its first layers do not halve the image, or look at an even number of pixels.
    """
    for _ in range(_HALVINGS):
        try:
            found = _first_halving(module, shape)
        except NotImplementedError:  # built without memory; the caller knows
            raise
        except (RuntimeError, ValueError, AssertionError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(f"{name} cannot be made for small images: {reason}", "Switch off Small images for it.") from None
        if not found:
            raise ModelError(f"{name} has no first layers that halve the image.", "Switch off Small images for it.")
        for layer_name, layer in found:
            kernel = layer.kernel_size if isinstance(layer.kernel_size, tuple) else (layer.kernel_size,) * 2
            if any(side % 2 == 0 for side in kernel):  # it would change the size by one
                raise ModelError(
                    f"The layer {layer_name} of {name} looks at {kernel[0]}×{kernel[1]} pixels; without its stride they would overlap.",
                    "Switch off Small images for it.",
                )
            layer.stride = (1, 1) if isinstance(layer, nn.Conv2d) else 1
            layer.padding = tuple(side // 2 for side in kernel) if isinstance(layer, nn.Conv2d) else kernel[0] // 2


def _first_halving(module: nn.Module, shape: tuple[int, ...]) -> list[tuple[str, Any]]:
    """The layers of stride 2 that see the largest image."""
    seen: list[tuple[int, str, Any]] = []
    names = {layer: name for name, layer in module.named_modules()}
    hooks = [
        layer.register_forward_hook(lambda layer, given, _: seen.append((_side(given), names[layer], layer)))
        for layer in names
        if isinstance(layer, _WINDOWS) and layer.stride in (2, (2, 2))
    ]
    larger = tuple(max(side, _TRIED_SIDE) for side in shape[1:])
    training = [(child, child.training) for child in names]
    device = next(module.parameters()).device
    module.eval()
    try:
        with torch.no_grad():
            module(torch.zeros(1, shape[0], *larger, device=device))
    finally:
        for hook in hooks:
            hook.remove()
        for child, mode in training:
            child.training = mode
    if not seen:
        return []
    largest = max(side for side, _, _ in seen)
    return [(name, layer) for side, name, layer in seen if side == largest]


def _side(given: tuple[Tensor, ...]) -> int:
    return min(given[0].shape[-2:])
