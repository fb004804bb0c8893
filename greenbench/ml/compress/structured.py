"""Structured pruning: whole channels go, with everything that depends on them, so the network really gets smaller.

torch-pruning finds what depends on what (Fang 2023, DepGraph, section 3) and cuts; which channels go is decided here, so
that a layer is never emptied or skipped in silence. The layers that make the output are found by tracing and keep their
width. Where torch-pruning cannot follow the whole network, channels go inside the blocks it can follow; else it is refused by layer.
"""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from greenbench.core.errors import ModelError
from greenbench.ml.compress import importance, layers
from greenbench.ml.compress.importance import Examples, Importance
from greenbench.ml.compress.refusals import largest_ratio, refusal
from greenbench.ml.compress.traced import Part, again, kind_of, reordering, trace, unsupported

Scope = Literal["uniform", "global"]


@dataclass(frozen=True)
class StructuredSettings:
    """`ratio` of channels to remove: of each group of coupled layers ("uniform"), or of all groups together, ranked by
    importance ("global"; then no group loses more than `layer_limit` of its channels). What stays is rounded up to a
    `multiple` of channels. `keep` names layers and blocks that keep their width.
    `at_first` has the channels each group had before an earlier cut, by its layer; the ratio counts from them."""

    ratio: float
    importance: Importance = "l2"
    scope: Scope = "uniform"
    multiple: int = 1
    layer_limit: float = 0.9
    keep: tuple[str, ...] = ()
    at_first: Mapping[str, int] = field(default_factory=dict)


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
    """The network after it, the groups, and the masks of an earlier magnitude pruning cut to the new shapes."""

    module: nn.Module
    groups: tuple[GroupChange, ...]
    masks: dict[str, Tensor]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    """A group before the cut. `parts` of equal length must lose the same channels (grouped convolutions, group norm);
    `scores` has one number for each channel of a part, `first` is how many it had before an earlier cut."""

    layer: str
    parts: int
    scores: Tensor
    measured: bool
    first: int

    @property
    def size(self) -> int:
        return len(self.scores)


def prune(
    module: nn.Module,
    inputs: Tensor,
    settings: StructuredSettings,
    masks: Mapping[str, Tensor] | None = None,
    owner: str = "",
    examples: Examples | None = None,
) -> Pruned:
    """Removes channels from a network in place; `inputs` (batch, …) is what it is traced with.

    The network keeps the mode of its layers. An optimiser built before holds removed parameters: build a new one. Where the network
    cannot be followed as a whole, it is cut inside the blocks that can.
    `examples` are what Taylor scores need.

    Raises:
        StepError: a group would lose all its channels (named, with the largest ratio that keeps one), a weight is no number, or the
            network cannot be followed (named by layer). The network may then be half cut: drop it.
        ModelError: the network does not run on `inputs`.
    """
    shape = _output_shape(module, inputs)
    if settings.importance == "taylor" and examples is None:
        raise refusal(owner, "Taylor importance asks how the loss changes, on examples.", "Connect data, or choose the L1 or L2 norm.")
    strange = next((name for name, weight in module.named_parameters() if not torch.isfinite(weight).all()), None)
    if strange is not None:
        text = f"{strange} holds values that are not numbers; its channels cannot be ranked."
        raise refusal(owner, text, "Train the model again, more slowly.")
    _refuse_shared(module, owner)
    before = _remembered(module)
    moved = reordering(module, inputs)
    barriers = tuple(dict.fromkeys(type(layer) for layer in moved.values()))
    stopped = (next(iter(moved)), "it splits and reorders its channels") if moved else None
    while True:
        cut = _Cutting(module, inputs, settings, masks, owner)
        broken = cut.run(examples, barriers, stopped) or _broken(module, inputs, shape)
        if broken is None:
            return cut.result()
        # What runs only with its own width: the next attempt goes around all blocks of that kind (the network itself: inside its blocks).
        stopped = stopped or broken
        kind = type(module.get_submodule(broken[0]))
        if kind in (*barriers, *layers.WEIGHTED, nn.Sequential):
            raise unsupported(owner, *stopped)
        barriers = (*barriers, kind)
        _put_back(before)


def _refuse_shared(module: nn.Module, owner: str) -> None:
    """Cutting gives each layer a tensor of its own: two that share one would silently go different ways."""
    owners: dict[int, str] = {}
    for name, layer in module.named_modules(remove_duplicate=False):
        for parameter in layer.parameters(recurse=False) if isinstance(layer, (*layers.WEIGHTED, nn.Embedding)) else ():
            other = owners.setdefault(id(parameter), name)
            if other != name:
                raise refusal(
                    owner, f"{other} and {name} use the same weights; removing channels would part them.", "Prune single weights."
                )


_Memory = list[tuple[nn.Module, dict[str, Any]]]


def _remembered(module: nn.Module) -> _Memory:
    """What each layer holds. A cut gives layers new tensors and numbers and leaves the old tensors as they are, so none is copied."""
    kept = ("_parameters", "_buffers")
    return [(layer, {**vars(layer), **{name: dict(vars(layer)[name]) for name in kept}}) for layer in module.modules()]


def _put_back(memory: _Memory) -> None:
    for layer, held in memory:
        vars(layer).clear()
        vars(layer).update(held, _parameters=dict(held["_parameters"]), _buffers=dict(held["_buffers"]))


def _output_shape(module: nn.Module, inputs: Tensor) -> torch.Size:
    try:
        with layers.evaluation_mode(module), torch.no_grad():
            shape: torch.Size = module(inputs).shape
    except Exception:
        broken = layers.failing_layer(module, inputs)
        if broken is None:
            raise
        name, error = broken
        text = f"The model does not run on input of the shape {tuple(inputs.shape[1:])}: {name or 'it'} says {error}."
        raise ModelError(text) from None
    return shape


def _broken(module: nn.Module, inputs: Tensor, shape: torch.Size) -> tuple[str, str] | None:
    """The layer in which a network no longer runs, and why; None if it gives what it gave."""
    try:
        with layers.evaluation_mode(module), torch.no_grad():
            now = module(inputs).shape
    except Exception as error:  # noqa: BLE001  (a network may fail in any way; the answer is where)
        where = layers.failing_layer(module, inputs)
        return where[0] if where else "", kind_of(error)
    return None if now == shape else ("", f"the output went from {tuple(shape[1:])} to {tuple(now[1:])}")


class _Cutting:
    """One attempt at cutting a network."""

    def __init__(
        self,
        module: nn.Module,
        inputs: Tensor,
        settings: StructuredSettings,
        masks: Mapping[str, Tensor] | None,
        owner: str,
    ) -> None:
        self.module, self.inputs, self.settings, self.masks = module, inputs, settings, masks or {}
        self.owner = owner
        self.names = {layer: name for name, layer in module.named_modules()}
        self.candidates: list[_Candidate] = []
        self.plan: dict[str, list[int]] = {}

    def run(
        self, examples: Examples | None, barriers: tuple[type[nn.Module], ...], stopped: tuple[str, str] | None
    ) -> tuple[str, str] | None:
        """Cuts around `barriers`, the first of which `stopped` an attempt; the layer at which torch-pruning gave up and why, or None."""
        self.shadow = _mask_shadow(self.module, self.masks)
        with layers.evaluation_mode(self.module):
            self.traced = trace(self.module, self.inputs, barriers)
            if stopped is not None:
                self.traced = replace(self.traced, around=stopped[0], why=stopped[1])
            if not self.traced.parts:
                raise unsupported(self.owner, self.traced.around, self.traced.why)
            found = self._collect(examples)
            if found is not None:
                return found
            self.plan = _plan(self.candidates, self.settings, self.owner)
            return self._cut(self.module, self.traced.parts)

    def _collect(self, examples: Examples | None) -> tuple[str, str] | None:
        named = [self.module.get_submodule(name) for name in self.settings.keep]
        kept = {layer for block in named for layer in block.modules()}
        groups: list[Any] = []
        for part in self.traced.parts:
            try:
                found = part.graph.get_all_groups(ignored_layers=[*part.ignored, *kept])
                groups += [group for group in found if any(map(_makes_channels, group))]
            except Exception as error:  # noqa: BLE001  (torch-pruning fails in its own ways; the user needs the layer)
                return part.name, kind_of(error)
        scored = importance.scores(groups, self.settings.importance, self.module, examples)
        fall_back = importance.magnitude(2)
        for group, scores in zip(groups, scored, strict=True):
            layer = self.names[group[0].dep.target.module]
            size = fall_back(group) if scores is None else scores
            parts = _parts(group)
            if size is None or len(size) % parts or len(size) == parts:
                continue
            first = self.settings.at_first.get(layer, len(size))
            self.candidates.append(_Candidate(layer, parts, size.view(parts, -1).mean(0), scores is not None, first // parts))
        self._check_candidates(bool(kept))
        return None

    def _check_candidates(self, kept: bool) -> None:
        if not self.candidates and self.traced.why:
            raise unsupported(self.owner, self.traced.around, self.traced.why)
        if not self.candidates:
            text = "there are no channels to remove: every layer makes the output" + (" or is left alone." if kept else ".")
            raise refusal(self.owner, text, "Leave fewer layers alone." if kept else "Choose a deeper model.")
        if self.settings.importance == "bn" and not any(candidate.measured for candidate in self.candidates):
            raise refusal(self.owner, "this model has no batch normalisation to rank channels by.", "Choose the L1 or L2 norm.")

    def _cut(self, module: nn.Module, parts: tuple[Part, ...]) -> tuple[str, str] | None:
        for name, indices in self.plan.items():
            if not indices:
                continue
            graph = next(part.graph for part in parts if not part.name or name.startswith(f"{part.name}."))
            layer = module.get_submodule(name)
            try:
                cutter = graph.get_pruner_of_module(layer).prune_out_channels
                group = graph.get_pruning_group(layer, cutter, list(indices))
                if not graph.check_pruning_group(group):
                    raise ValueError("a layer that depends on it would be left without channels")
                group.prune()
            except Exception as error:  # noqa: BLE001  (see _collect)
                return name, kind_of(error)
        return None

    def result(self) -> Pruned:
        if self.shadow is not None:
            with layers.evaluation_mode(self.shadow):
                self._cut(self.shadow, again(self.traced.parts, self.shadow, self.inputs))
        groups = tuple(GroupChange(one.layer, one.size * one.parts, tuple(self.plan[one.layer])) for one in self.candidates)
        notes = []
        if not all(candidate.measured for candidate in self.candidates):
            notes.append("Layers without batch normalisation were ranked by their L2 norm.")
        if self.traced.why:
            where = f"what passes through {self.traced.around or 'the network between them'} keeps its width"
            notes.append(f"Channels went only inside blocks that can be followed by themselves; {where}.")
        return Pruned(self.module, groups, _masks_of(self.shadow, self.masks), tuple(notes))


def _makes_channels(item: Any) -> bool:
    """Whether a layer of a group makes channels of its own; a depthwise one only passes on what came in."""
    layer = item.dep.target.module
    if isinstance(layer, nn.modules.conv._ConvNd):
        return item.dep.handler.__name__ == "prune_out_channels" and layer.groups < max(2, layer.out_channels)
    return isinstance(layer, nn.Linear) and item.dep.handler.__name__ == "prune_out_channels"


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
        kept = [min(candidate.size, math.floor(candidate.first * (1 - settings.ratio) + 1e-9)) for candidate in candidates]
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
    raise _emptied(owner, ratio, smallest.layer, largest_ratio(smallest.first - 1, smallest.first))


def _emptied(owner: str, ratio: float, layer: str, largest: str) -> Exception:
    text = f"ratio {ratio:g} leaves 0 channels in {layer}; at most {largest} keeps one."
    return refusal(owner, text, f"Choose a ratio of {largest} or less.")


def _kept_globally(candidates: list[_Candidate], settings: StructuredSettings, owner: str) -> list[int]:
    """How many channels of each group rank above the cut; the best ones of each are out of reach of it."""
    total, first = sum(candidate.size for candidate in candidates), sum(candidate.first for candidate in candidates)
    removed = max(0, total - math.floor(first * (1 - settings.ratio) + 1e-9))
    least = [min(one.size, math.ceil(one.first * (1 - settings.layer_limit) - 1e-9)) for one in candidates]
    if removed > total - sum(least):
        largest = largest_ratio(first - sum(least), first)
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
        raise _emptied(owner, settings.ratio, candidates[weakest].layer, largest_ratio(first - total + last[weakest], first))
    return kept


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
