"""Magnitude pruning: the weights nearest to zero become zero and a mask keeps them there (Han 2015, section 3).

Zeros make the coded file smaller. They do not make dense kernels faster.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

import torch
from torch import Tensor, nn

from greenbench.core.errors import StepError
from greenbench.ml.compress import layers
from greenbench.ml.compress.refusals import largest_ratio, refusal

Masks = dict[str, Tensor]
Scope = Literal["global", "layer"]
Way = Callable[[float, float], float]
"""From the sparsity at the start of a schedule and at its end to the one at some moment."""


@dataclass(frozen=True)
class MagnitudeSettings:
    """How much goes. `sparsity` is the fraction of weights that are zero afterwards, earlier zeros of a mask included; `scope` says
    whether one threshold holds for all layers or each layer loses that fraction; `keep` names layers left whole.

    `quality`, where given, is taken instead of `sparsity`: each layer loses the weights below quality × the standard deviation of those
    that it has left (Han 2015, section 3.1). `shares`, where given, are the fractions that stay, by layer; a layer that is not named
    stays whole."""

    sparsity: float = 0.0
    scope: Scope = "global"
    keep: tuple[str, ...] = ()
    quality: float | None = None
    shares: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Stage:
    """A place on the way of a schedule: `origin` are the masks it began with."""

    sparsity: Way
    origin: Mapping[str, Tensor]


def kept_layers(module: nn.Module, inputs: Tensor, first: bool, last: bool) -> tuple[str, ...]:
    """The names of the first layer that runs and of those that make the output, where they are to be left whole."""
    kept: list[str] = []
    if first:
        kept += layers.running_order(module, inputs)[:1]
    if last:
        kept += layers.output_layers(module, inputs)
    return tuple(dict.fromkeys(kept))


def named_shares(module: nn.Module, wanted: Mapping[str, float], owner: str = "") -> dict[str, float]:
    """Shares by the names of a network's layers; a name with * stands for all that match, a later one overrides an earlier one.

    Raises:
        StepError: the network has no such layer with weights; names the nearest.
    """
    known = list(layers.weighted_layers(module))
    found: dict[str, float] = {}
    for pattern, share in wanted.items():
        matching = [name for name in known if name == pattern] or [name for name in known if fnmatchcase(name, pattern)]
        if not matching:
            near = difflib.get_close_matches(pattern, known, 3, 0.3) or known[:6]
            raise refusal(owner, f"the network has no layer {pattern} with weights.", f"Nearest: {', '.join(near)}.")
        found.update(dict.fromkeys(matching, share))
    return found


def prune(
    module: nn.Module,
    settings: MagnitudeSettings,
    earlier: Mapping[str, Tensor] | None = None,
    owner: str = "",
    stage: Stage | None = None,
) -> Masks:
    """Sets the smallest weights of convolutions and linear layers to zero, in place, and returns the masks.

    Exactly round(sparsity × weights) are removed, ties in the order in which they stand, unless `earlier` masks already
    removed more; a weight removed earlier stays removed. Biases and normalisation are left alone. Masks are boolean, by
    parameter name (True: kept), one for each pruned layer and each earlier mask. `stage` says how far a schedule is; a quality
    factor knows no stages.

    Raises:
        StepError: a layer would lose all its weights (named, with the largest ratio that leaves one), or nothing to prune.
    """
    weights = weights_of(module, settings.keep)
    if settings.shares is not None:
        weights = {name: weight for name, weight in weights.items() if _layer(name) in settings.shares}
    if not weights:
        raise refusal(owner, "there is no layer left to prune.", "Keep fewer layers whole.")
    earlier = earlier or {}
    scores = {name: magnitudes(weight, earlier.get(name)) for name, weight in weights.items()}
    if settings.quality is not None:
        kept = {name: _above_deviation(name, scores[name], weight, settings.quality, owner) for name, weight in weights.items()}
    elif settings.shares is None and settings.scope == "global":
        kept = _over_all(scores, _now(settings.sparsity, stage, weights), owner)
    else:
        ends = {name: settings.sparsity if settings.shares is None else 1 - settings.shares[_layer(name)] for name in weights}
        now = {name: _now(end, stage, {name: weights[name]}) for name, end in ends.items()}
        for name, score in scores.items():
            _check_layer(name, score, now[name], owner)
        kept = {name: keep_largest(score, round(now[name] * score.numel())) for name, score in scores.items()}
    return apply(weights, kept, earlier)


def apply(weights: Mapping[str, Tensor], kept: Mapping[str, Tensor], earlier: Mapping[str, Tensor]) -> Masks:
    """Sets what flat masks removed to zero, in place, and returns the masks in the weights' shapes together with the earlier ones."""
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


def weights_of(module: nn.Module, keep: tuple[str, ...] = ()) -> dict[str, nn.Parameter]:
    """The weights that pruning looks at by parameter name: of all weighted layers but those to keep, a shared one once."""
    found: dict[str, nn.Parameter] = {}
    seen: set[int] = set()
    for name, layer in layers.weighted_layers(module).items():
        weight = layer.weight
        if name in keep or not isinstance(weight, nn.Parameter) or id(weight) in seen:
            continue
        seen.add(id(weight))
        found[f"{name}.weight" if name else "weight"] = weight
    return found


def _layer(parameter: str) -> str:
    return parameter.removesuffix("weight").removesuffix(".")


def _now(end: float, stage: Stage | None, weights: Mapping[str, Tensor]) -> float:
    """The sparsity these weights have to have at this stage."""
    if stage is None:
        return end
    total = sum(weight.numel() for weight in weights.values())
    removed = sum(int((~stage.origin[name]).sum()) for name in weights if name in stage.origin)
    return stage.sparsity(removed / total, end)


def _over_all(scores: Mapping[str, Tensor], ratio: float, owner: str) -> Masks:
    joined = torch.cat(list(scores.values()))
    mask = keep_largest(joined, round(ratio * joined.numel()))
    kept = dict(zip(scores, torch.split_with_sizes(mask, [score.numel() for score in scores.values()]), strict=True))
    _check_global(kept, scores, ratio, owner)
    return kept


def _above_deviation(name: str, scores: Tensor, weight: Tensor, quality: float, owner: str) -> Tensor:
    left = weight.detach().float().flatten()[scores >= 0]
    deviation = float(left.std(correction=0)) if left.numel() else 0.0
    kept = scores >= max(quality * deviation, 0.0)
    if not kept.any():
        largest = float(scores.max()) / deviation if deviation else 0.0
        text = f"quality {quality:g} leaves no weight in {_layer(name)}; at most {largest_quality(largest)} keeps one."
        raise refusal(owner, text, "Choose a smaller quality factor, or keep that layer whole.")
    return kept


def largest_quality(quality: float) -> str:
    """A factor rounded down to two decimals."""
    return f"{int(quality * 100) / 100:g}"


def magnitudes(weight: Tensor, mask: Tensor | None) -> Tensor:
    """|w|, flat; −1 where an earlier mask removed it, so that it stays the first to go."""
    score = weight.detach().abs().flatten().float()
    if not torch.isfinite(score).all():
        raise StepError("The model holds weights that are not numbers; their size cannot be compared.", "Train it again, more slowly.")
    return score if mask is None else score.masked_fill(~mask.flatten(), -1.0)


def keep_largest(scores: Tensor, removed: int) -> Tensor:
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
    rank[order] = torch.arange(len(order), device=order.device)
    ranks = torch.split_with_sizes(rank, [score.numel() for score in scores.values()])
    last = {name: int(own.max()) for name, own in zip(scores, ranks, strict=True)}
    weakest = min(last, key=lambda name: last[name])
    _refuse(weakest, ratio, last[weakest], len(order), owner)


def _refuse(name: str, ratio: float, removable: int, count: int, owner: str) -> None:
    layer = _layer(name) or "the only layer"
    largest = largest_ratio(removable, count)
    text = f"ratio {ratio:g} leaves no weight in {layer}; at most {largest} keeps one."
    raise refusal(owner, text, "Choose a smaller ratio, or keep that layer whole.")
