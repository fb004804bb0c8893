"""Magnitude pruning: the weights nearest to zero become zero and a mask keeps them there (Han 2015, section 3).

Zeros make the coded file smaller. They do not make dense kernels faster.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from greenbench.core.errors import StepError
from greenbench.ml.compress import layers
from greenbench.ml.compress.refusals import largest_ratio, refusal

Masks = dict[str, Tensor]
Scope = Literal["global", "layer"]


@dataclass(frozen=True)
class MagnitudeSettings:
    """`sparsity` is the fraction of weights that are zero afterwards, earlier zeros of a mask included; `scope` says
    whether one threshold holds for all layers or each layer loses that fraction; `keep` names layers left whole."""

    sparsity: float
    scope: Scope = "global"
    keep: tuple[str, ...] = ()


def kept_layers(module: nn.Module, inputs: Tensor, first: bool, last: bool) -> tuple[str, ...]:
    """The names of the first layer that runs and of those that make the output, where they are to be left whole."""
    kept: list[str] = []
    if first:
        kept += layers.running_order(module, inputs)[:1]
    if last:
        kept += layers.output_layers(module, inputs)
    return tuple(dict.fromkeys(kept))


def prune(module: nn.Module, settings: MagnitudeSettings, earlier: Mapping[str, Tensor] | None = None, owner: str = "") -> Masks:
    """Sets the smallest weights of convolutions and linear layers to zero, in place, and returns the masks.

    Exactly round(sparsity × weights) are removed, ties in the order in which they stand, unless `earlier` masks already
    removed more; a weight removed earlier stays removed. Biases and normalisation are left alone. Masks are boolean, by
    parameter name (True: kept), one for each pruned layer and each earlier mask.

    Raises:
        StepError: a layer would lose all its weights (named, with the largest ratio that leaves one), or nothing to prune.
    """
    weights = _weights(module, settings.keep)
    if not weights:
        raise refusal(owner, "there is no layer left to prune.", "Keep fewer layers whole.")
    earlier = earlier or {}
    scores = {name: _scores(weight, earlier.get(name)) for name, weight in weights.items()}
    if settings.scope == "layer":
        for name, score in scores.items():
            _check_layer(name, score, settings.sparsity, owner)
        kept = {name: _keep_largest(score, round(settings.sparsity * score.numel())) for name, score in scores.items()}
    else:
        joined = torch.cat(list(scores.values()))
        mask = _keep_largest(joined, round(settings.sparsity * joined.numel()))
        kept = dict(zip(scores, torch.split_with_sizes(mask, [score.numel() for score in scores.values()]), strict=True))
        _check_global(kept, scores, settings.sparsity, owner)
    masks = {name: mask.clone() for name, mask in earlier.items()}
    with torch.no_grad():
        for name, flat in kept.items():
            mask = flat.view(weights[name].shape)
            if name in earlier:
                mask = mask & earlier[name]
            weights[name].masked_fill_(~mask, 0.0)
            masks[name] = mask
    return masks


def sparsity(masks: Mapping[str, Tensor]) -> float:
    """The fraction of masked weights that are removed; 0 without masks."""
    total = sum(mask.numel() for mask in masks.values())
    return 1 - sum(int(mask.sum()) for mask in masks.values()) / total if total else 0.0


def _weights(module: nn.Module, keep: tuple[str, ...]) -> dict[str, nn.Parameter]:
    found: dict[str, nn.Parameter] = {}
    seen: set[int] = set()
    for name, layer in layers.weighted_layers(module).items():
        weight = layer.weight
        if name in keep or not isinstance(weight, nn.Parameter) or id(weight) in seen:
            continue
        seen.add(id(weight))
        found[f"{name}.weight" if name else "weight"] = weight
    return found


def _scores(weight: Tensor, mask: Tensor | None) -> Tensor:
    """|w|, flat; −1 where an earlier mask removed it, so that it stays the first to go."""
    score = weight.detach().abs().flatten().float()
    if not torch.isfinite(score).all():
        raise StepError("The model holds weights that are not numbers; their size cannot be compared.", "Train it again, more slowly.")
    return score if mask is None else score.masked_fill(~mask.flatten(), -1.0)


def _keep_largest(scores: Tensor, removed: int) -> Tensor:
    """A mask without the `removed` smallest scores; among equals the first in order go."""
    if removed <= 0:
        return torch.ones_like(scores, dtype=torch.bool)
    if removed >= scores.numel():
        return torch.zeros_like(scores, dtype=torch.bool)
    threshold = scores.kthvalue(removed).values
    kept = scores > threshold
    ties = (scores == threshold).nonzero().flatten()
    surplus = removed - int((scores < threshold).sum())
    kept[ties[surplus:]] = True
    return kept


def _check_layer(name: str, scores: Tensor, ratio: float, owner: str) -> None:
    count = scores.numel()
    if round(ratio * count) >= count:
        _refuse(name, ratio, count - 1, count, owner)


def _check_global(kept: Mapping[str, Tensor], scores: Mapping[str, Tensor], ratio: float, owner: str) -> None:
    empty = next((name for name, mask in kept.items() if not mask.any()), None)
    if empty is None:
        return
    # Rank of each weight in the order of removal; a layer lives as long as its last weight has not gone.
    order = torch.argsort(torch.cat(list(scores.values())), stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order))
    ranks = torch.split_with_sizes(rank, [score.numel() for score in scores.values()])
    last = {name: int(own.max()) for name, own in zip(scores, ranks, strict=True)}
    weakest = min(last, key=lambda name: last[name])
    _refuse(weakest, ratio, last[weakest], len(order), owner)


def _refuse(name: str, ratio: float, removable: int, count: int, owner: str) -> None:
    layer = name.removesuffix(".weight")
    largest = largest_ratio(removable, count)
    text = f"ratio {ratio:g} leaves no weight in {layer}; at most {largest} keeps one."
    raise refusal(owner, text, "Choose a smaller ratio, or keep that layer whole.")
