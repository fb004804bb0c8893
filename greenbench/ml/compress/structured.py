"""Structured pruning: whole channels go, with everything that depends on them, so the network really gets smaller.

torch-pruning finds what depends on what (Fang 2023, DepGraph, section 3) and cuts; which channels go is decided here, so
that a layer is never emptied or skipped in silence. The layers that make the output are found by tracing and keep their
width. A network that torch-pruning cannot follow is refused by the name of the layer.
"""

import copy
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch_pruning as tp
from torch import Tensor, nn

from greenbench.core.errors import ModelError
from greenbench.ml.compress import layers
from greenbench.ml.compress.refusals import largest_ratio, refusal

Importance = Literal["l1", "l2", "bn"]
Scope = Literal["uniform", "global"]


@dataclass(frozen=True)
class StructuredSettings:
    """`ratio` of channels to remove: of each group of coupled layers ("uniform"), or of all groups together, ranked by
    importance ("global"; then no group loses more than `layer_limit` of its channels). What stays is rounded up to a
    `multiple` of channels."""

    ratio: float
    importance: Importance = "l2"
    scope: Scope = "uniform"
    multiple: int = 1
    layer_limit: float = 0.9


@dataclass(frozen=True)
class GroupChange:
    """One group of coupled layers, by the layer it is named after: its channels before, and those that went."""

    layer: str
    before: int
    removed: tuple[int, ...]

    @property
    def after(self) -> int:
        return self.before - len(self.removed)


@dataclass(frozen=True)
class Pruned:
    """What was done: the groups, and the masks of an earlier magnitude pruning cut to the new shapes."""

    groups: tuple[GroupChange, ...]
    masks: dict[str, Tensor]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    """A group before the cut. `parts` of equal length must lose the same channels (grouped convolutions, group norm);
    `scores` has one number for each channel of a part."""

    layer: str
    parts: int
    scores: Tensor
    measured: bool = True

    @property
    def size(self) -> int:
        return len(self.scores)


def prune(
    module: nn.Module,
    inputs: Tensor,
    settings: StructuredSettings,
    masks: Mapping[str, Tensor] | None = None,
    owner: str = "",
) -> Pruned:
    """Removes channels from a network in place; `inputs` (batch, …) is what it is traced with.

    The network keeps the mode of its layers. An optimiser built before holds removed parameters: build a new one.

    Raises:
        StepError: a group would lose all its channels (named, with the largest ratio that keeps one), or the network
            cannot be followed (named by layer). The network may then be half cut: drop it.
        ModelError: the network does not run on `inputs`.
    """
    shape = _output_shape(module, inputs)
    protected = layers.output_layers(module, inputs)
    shadow = _mask_shadow(module, masks)
    with layers.evaluation_mode(module):
        graph = _trace(module, inputs, owner)
        candidates = _candidates(module, graph, protected, settings.importance, owner)
        plan = _plan(candidates, settings, owner)
        _cut(module, graph, plan, owner)
    _check_output(module, inputs, shape, owner)
    if shadow is not None:
        with layers.evaluation_mode(shadow):
            _cut(shadow, _trace(shadow, inputs, owner), plan, owner)
    groups = tuple(GroupChange(one.layer, one.size * one.parts, tuple(plan[one.layer])) for one in candidates)
    notes: tuple[str, ...] = ()
    if not all(candidate.measured for candidate in candidates):
        notes = ("Layers without batch normalisation were ranked by their L2 norm.",)
    return Pruned(groups, _masks_of(shadow, masks), notes)


def _output_shape(module: nn.Module, inputs: Tensor) -> torch.Size:
    broken = layers.failing_layer(module, inputs)
    if broken:
        name, error = broken
        raise ModelError(f"The model does not run on input of the shape {tuple(inputs.shape[1:])}: {name or 'it'} says {error}.")
    with layers.evaluation_mode(module), torch.no_grad():
        shape: torch.Size = module(inputs).shape
    return shape


def _trace(module: nn.Module, inputs: Tensor, owner: str) -> tp.DependencyGraph:
    """The dependency graph. The input goes as a tuple: given a bare tensor, torch-pruning would spread out its batch."""
    try:
        return _graph(module, inputs)
    except Exception as error:  # noqa: BLE001  (torch-pruning fails in its own ways; the user needs the layer)
        raise _unsupported(owner, _culprit(module, inputs), error) from None


def _graph(module: nn.Module, inputs: Tensor) -> tp.DependencyGraph:
    with warnings.catch_warnings(), torch.enable_grad():
        warnings.simplefilter("ignore")
        # Past this warning torch-pruning goes on without an end (Swin), until the memory is gone.
        warnings.filterwarnings("error", message="Maximum recursive depth")
        graph = tp.DependencyGraph()
        graph.build_dependency(module, example_inputs=(inputs,), verbose=False)
    return graph


def _culprit(module: nn.Module, inputs: Tensor) -> str:
    """The smallest part of the network that cannot be traced by itself either."""
    received = layers.layer_inputs(module, inputs)
    found, current = "", module
    while True:
        for name, child in current.named_children():
            full = f"{found}.{name}" if found else name
            if full in received and next(child.children(), None) is not None and not _traceable(child, received[full]):
                found, current = full, child
                break
        else:
            return found


def _traceable(module: nn.Module, inputs: Tensor) -> bool:
    try:
        with layers.evaluation_mode(module):
            _graph(module, inputs)
    except Exception:  # noqa: BLE001  (see _trace)
        return False
    return True


def _unsupported(owner: str, layer: str, error: Exception) -> Exception:
    kind = f"{type(error).__name__}: {error}".splitlines()[0]
    where = f"the layer {layer}" if layer else "this network"
    return refusal(
        owner,
        f"channels cannot be removed because torch-pruning cannot follow {where} ({kind}).",
        "Use magnitude pruning or int8 for this model, or choose another architecture.",
    )


def _candidates(module: nn.Module, graph: tp.DependencyGraph, protected: list[str], kind: Importance, owner: str) -> list[_Candidate]:
    names = {layer: name for name, layer in module.named_modules()}
    ignored = [module.get_submodule(name) for name in protected]
    score, fall_back = _scorer(kind), _scorer("l2")
    candidates: list[_Candidate] = []
    layer = ""
    try:
        for group in graph.get_all_groups(ignored_layers=ignored):
            layer = names[group[0].dep.target.module]
            parts = _parts(group)
            scores = score(group)
            measured = scores is not None
            if scores is None:
                scores = fall_back(group)
            if scores is None or len(scores) % parts or len(scores) == parts:
                continue
            candidates.append(_Candidate(layer, parts, scores.view(parts, -1).mean(0), measured))
    except Exception as error:  # noqa: BLE001  (see _trace)
        raise _unsupported(owner, layer, error) from None
    if not candidates:
        raise refusal(owner, "there are no channels to remove: every layer makes the output.", "Choose a deeper model.")
    if kind == "bn" and not any(candidate.measured for candidate in candidates):
        raise refusal(owner, "this model has no batch normalisation to rank channels by.", "Choose the L1 or L2 norm.")
    return candidates


def _scorer(kind: Importance) -> Callable[[Any], Tensor | None]:
    """One number a channel, summed over the coupled layers, 1 on average in each group.

    L1 and L2: Li 2017, Pruning filters (1608.08710), section 3; "bn": Liu 2017, Network slimming (1708.06519), section 3.
    """
    if kind == "bn":
        scorer: Callable[[Any], Tensor | None] = tp.importance.BNScaleImportance()
    else:
        types = [nn.modules.conv._ConvNd, nn.Linear]
        scorer = tp.importance.GroupMagnitudeImportance(p=1 if kind == "l1" else 2, target_types=types)
    return scorer


def _parts(group: Any) -> int:
    """How many equal parts of a group must lose the same channels."""
    parts = 1
    for item in group:
        layer = item.dep.target.module
        if isinstance(layer, nn.modules.conv._ConvNd) and 1 < layer.groups < layer.out_channels:
            parts = math.lcm(parts, layer.groups)
        elif isinstance(layer, nn.GroupNorm):
            parts = math.lcm(parts, layer.num_groups)
    return parts


def _plan(candidates: list[_Candidate], settings: StructuredSettings, owner: str) -> dict[str, list[int]]:
    """The channels to remove, by the layer that names the group."""
    if settings.scope == "uniform":
        kept = [math.floor(candidate.size * (1 - settings.ratio) + 1e-9) for candidate in candidates]
        _check_uniform(candidates, kept, settings.ratio, owner)
    else:
        kept = _kept_globally(candidates, settings, owner)
    plan: dict[str, list[int]] = {}
    for candidate, count in zip(candidates, kept, strict=True):
        step = settings.multiple // math.gcd(settings.multiple, candidate.parts)
        count = min(candidate.size, math.ceil(count / step) * step)
        gone = torch.argsort(candidate.scores, stable=True)[: candidate.size - count].sort().values
        plan[candidate.layer] = [part * candidate.size + int(index) for part in range(candidate.parts) for index in gone]
    return plan


def _check_uniform(candidates: list[_Candidate], kept: list[int], ratio: float, owner: str) -> None:
    if min(kept) > 0:
        return
    smallest = min(candidates, key=lambda candidate: candidate.size)
    raise _emptied(owner, ratio, smallest.layer, largest_ratio(smallest.size - 1, smallest.size))


def _emptied(owner: str, ratio: float, layer: str, largest: str) -> Exception:
    text = f"ratio {ratio:g} leaves 0 channels in {layer}; at most {largest} keeps one."
    return refusal(owner, text, f"Choose a ratio of {largest} or less.")


def _kept_globally(candidates: list[_Candidate], settings: StructuredSettings, owner: str) -> list[int]:
    """How many channels of each group rank above the cut; the best ones of each are out of reach of it."""
    total = sum(candidate.size for candidate in candidates)
    removed = total - math.floor(total * (1 - settings.ratio) + 1e-9)
    least = [math.ceil(candidate.size * (1 - settings.layer_limit) - 1e-9) for candidate in candidates]
    if removed > total - sum(least):
        largest = largest_ratio(total - sum(least), total)
        text = f"ratio {settings.ratio:g} is more than a limit of {settings.layer_limit:g} in each layer allows; at most {largest} does."
        raise refusal(owner, text, "Choose a smaller ratio or a higher limit.")
    ranked = []
    for candidate, safe in zip(candidates, least, strict=True):
        scores = candidate.scores.double().clone()
        scores[torch.argsort(scores, stable=True, descending=True)[:safe]] = math.inf
        ranked.append(scores)
    order = torch.argsort(torch.cat(ranked), stable=True)
    gone = torch.zeros(total, dtype=torch.bool)
    gone[order[:removed]] = True
    sizes = [candidate.size for candidate in candidates]
    kept = [int((~own).sum()) for own in torch.split_with_sizes(gone, sizes)]
    if min(kept) == 0:
        rank = torch.empty_like(order)
        rank[order] = torch.arange(total)
        last = [int(own.max()) for own in torch.split_with_sizes(rank, sizes)]
        weakest = min(range(len(last)), key=last.__getitem__)
        raise _emptied(owner, settings.ratio, candidates[weakest].layer, largest_ratio(last[weakest], total))
    return kept


def _cut(module: nn.Module, graph: tp.DependencyGraph, plan: Mapping[str, list[int]], owner: str) -> None:
    for name, indices in plan.items():
        if not indices:
            continue
        layer = module.get_submodule(name)
        try:
            cutter = graph.get_pruner_of_module(layer).prune_out_channels
            group = graph.get_pruning_group(layer, cutter, list(indices))
            if not graph.check_pruning_group(group):
                raise ValueError("a layer that depends on it would be left without channels")
            group.prune()
        except Exception as error:  # noqa: BLE001  (see _trace)
            raise _unsupported(owner, name, error) from None


def _check_output(module: nn.Module, inputs: Tensor, shape: torch.Size, owner: str) -> None:
    broken = layers.failing_layer(module, inputs)
    if broken:
        raise _unsupported(owner, broken[0], broken[1])
    with layers.evaluation_mode(module), torch.no_grad():
        now = module(inputs).shape
    if now != shape:
        text = f"pruning changed the output from {tuple(shape[1:])} to {tuple(now[1:])}; torch-pruning cannot follow this network."
        raise refusal(owner, text, "Use magnitude pruning or int8 for this model.")


def _mask_shadow(module: nn.Module, masks: Mapping[str, Tensor] | None) -> nn.Module | None:
    """A copy of the network whose pruned parameters hold their masks, to be cut along with it."""
    if not masks:
        return None
    shadow = copy.deepcopy(module)
    with torch.no_grad():
        for name, mask in masks.items():
            shadow.get_parameter(name).copy_(mask.to(torch.float32))
    return shadow


def _masks_of(shadow: nn.Module | None, masks: Mapping[str, Tensor] | None) -> dict[str, Tensor]:
    if shadow is None or not masks:
        return {}
    return {name: shadow.get_parameter(name).detach() > 0.5 for name in masks}
