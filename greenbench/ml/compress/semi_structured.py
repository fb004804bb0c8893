"""N:M sparsity: of every M weights that follow each other along a layer's input, the N largest stay (Mishra 2021, section 3).

It is the one pattern of single zeros that some hardware multiplies faster: 2:4 in half precision on NVIDIA GPUs since Ampere.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from greenbench.ml.compress import layers, magnitude
from greenbench.ml.compress.refusals import refusal


@dataclass(frozen=True)
class PatternSettings:
    """`kept` of every `group` weights stay; `keep` names layers left whole."""

    kept: int = 2
    group: int = 4
    keep: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pruned:
    """The masks (True: kept), and why a layer was left as it was, by its name."""

    masks: magnitude.Masks
    left: dict[str, str]


def prune(module: nn.Module, settings: PatternSettings, earlier: Mapping[str, Tensor] | None = None, owner: str = "") -> Pruned:
    """Keeps the N weights of largest magnitude of every M along the inputs of linear layers and convolutions, in place. Of a convolution,
    M input channels at one place of the filter make a group. A weight that `earlier` masks removed stays removed and counts as removed.

    A layer whose inputs (of one group of channels) M does not divide is left whole, and so are tables of word vectors.

    Raises:
        StepError: no layer can take the pattern; names one and why.
    """
    earlier = earlier or {}
    weights = magnitude.weights_of(module, settings.keep)
    kept: magnitude.Masks = {}
    left: dict[str, str] = {}
    for name, weight in weights.items():
        owner_name = name.removesuffix("weight").removesuffix(".")
        reason = _obstacle(module.get_submodule(owner_name), weight, settings.group)
        if reason:
            left[owner_name] = reason
        else:
            scores = magnitude.magnitudes(weight, earlier.get(name)).view(weight.shape)
            kept[name] = largest_of_each(scores, settings.kept, settings.group).flatten()
    if not kept:
        first, reason = next(iter(left.items()), ("", "there is no layer left to prune"))
        text = f"no layer can take {settings.kept}:{settings.group}; {first + ': ' if first else ''}{reason}."
        raise refusal(owner, text, "Choose another pattern, or another network.")
    return Pruned(magnitude.apply(weights, kept, earlier), left)


def largest_of_each(scores: Tensor, kept: int, group: int) -> Tensor:
    """A mask of the shape (out, in, …) with the `kept` largest of every `group` along the second axis; among equals the first stay."""
    folded = scores.movedim(1, -1)
    groups = folded.reshape(-1, group)
    order = torch.argsort(groups, dim=1, descending=True, stable=True)
    mask = torch.zeros_like(groups, dtype=torch.bool).scatter_(1, order[:, :kept], True)
    return mask.view(folded.shape).movedim(-1, 1).contiguous()


def _obstacle(layer: nn.Module, weight: Tensor, group: int) -> str:
    if isinstance(layer, nn.Embedding):
        return "it is looked up, not multiplied"
    if isinstance(layer, nn.modules.conv._ConvTransposeNd):
        return "a transposed convolution has its inputs on the other axis"
    if weight.shape[1] % group:
        noun = "channels" if isinstance(layer, layers.WEIGHTED[0]) else "features"
        return f"its {weight.shape[1]} input {noun} are no multiple of {group}"
    return ""
