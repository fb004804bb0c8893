"""Lets a network learn a regression in steps of one standard deviation, and answer in the target's own unit all the same.

A target of 300,000 ± 100,000 is out of reach of weights near 1: the loss is taken on (answer − mean) / deviation of the training
targets. Where the last layer is linear, it is divided by the deviation while training goes on and multiplied after it, which changes
no answer but makes its gradients those of a target of deviation 1; nothing is left to be undone by those who use the model.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from greenbench.core.artifact import InputSpec
from greenbench.ml.models import blank

_NEARLY = 1e-4


@dataclass(frozen=True)
class TargetScale:
    """Mean and deviation of the training targets. `folded`: the network gives standardised answers while training goes on."""

    mean: float = 0.0
    deviation: float = 1.0
    folded: bool = False

    def outputs(self, given: Tensor) -> Tensor:
        """Outputs, standardised."""
        return given if self.folded else (given - self.mean) / self.deviation

    def targets(self, true: Tensor) -> Tensor:
        """Targets, standardised."""
        return (true - self.mean) / self.deviation


@contextmanager
def standardised(module: nn.Module, input: InputSpec, targets: NDArray[np.floating]) -> Iterator[TargetScale]:
    """Inside, the network answers in standardised units if its last layer allows it; afterwards in the target's unit again.

    `answering` turns it round for a while: to judge it while training goes on.
    """
    mean, deviation = float(np.mean(targets)), float(np.std(targets)) or 1.0
    layer = _last_linear(module, input)
    if layer is None:
        yield TargetScale(mean, deviation)
        return
    _rescale(layer, -mean / deviation, 1 / deviation)
    try:
        yield TargetScale(mean, deviation, folded=True)
    finally:
        _rescale(layer, mean, deviation)


@contextmanager
def answering(module: nn.Module, input: InputSpec, scale: TargetScale) -> Iterator[None]:
    """Inside, a network that is being trained answers in the target's unit."""
    layer = _last_linear(module, input) if scale.folded else None
    if layer is None:
        yield
        return
    kept = [parameter.detach().clone() for parameter in (layer.weight, layer.bias)]
    _rescale(layer, scale.mean, scale.deviation)
    try:
        yield
    finally:
        # Put back, not divided: rounding must not pile up from epoch to epoch.
        with torch.no_grad():
            for parameter, value in zip((layer.weight, layer.bias), kept, strict=True):
                parameter.copy_(value)


def _rescale(layer: nn.Linear, shift: float, factor: float) -> None:
    """Makes the layer's answers `factor` times as large, and `shift` more."""
    with torch.no_grad():
        layer.weight.mul_(factor)
        layer.bias.mul_(factor).add_(shift)


def _last_linear(module: nn.Module, input: InputSpec) -> nn.Linear | None:
    """The linear layer with a bias whose output is the network's own; None where there is none."""
    seen: list[tuple[nn.Linear, Tensor]] = []
    hooks = [
        layer.register_forward_hook(lambda layer, _inputs, output: seen.append((layer, output)))
        for layer in module.modules()
        if isinstance(layer, nn.Linear)
    ]
    training = [(child, child.training) for child in module.modules()]
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    module.eval()
    try:
        with torch.no_grad():
            output = module(blank(input, 2, device))
    finally:
        for hook in hooks:
            hook.remove()
        for child, mode in training:
            child.training = mode
    for layer, given in reversed(seen):
        own = given.numel() == output.numel() and torch.allclose(given.reshape(output.shape), output, atol=_NEARLY)
        alone = sum(other is layer for other, _ in seen) == 1 and not hasattr(layer, "parametrizations")
        if own and alone and layer.bias is not None:
            return layer
    return None
