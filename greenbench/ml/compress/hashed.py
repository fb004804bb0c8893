"""HashedNets: dense layers whose weights share the values of a few buckets, drawn by a hash (Chen 2015, Compressing neural networks
with the hashing trick). A network that is hashed before it is trained learns its buckets; one that was trained gets the nearest.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from greenbench.core.artifact import LayerChange
from greenbench.ml.compress import layers
from greenbench.ml.compress.chosen import covers
from greenbench.ml.compress.refusals import refusal
from greenbench.ml.models.changes import put
from greenbench.ml.models.hashed_layers import HashedLinear, bucket_sums, hashed_layer


@dataclass(frozen=True)
class HashSettings:
    """Buckets for each weight (1/8: eight weights share a value on average), the layers that stay whole, whether the layers that make
    the output do, whether biases are hashed too, and whether the values in the layers are worth keeping."""

    ratio: float
    keep: tuple[str, ...] = ()
    keep_last: bool = False
    biases: bool = True
    trained: bool = False
    seed: int = 0


@dataclass(frozen=True)
class HashedOne:
    """One layer that was hashed: what to change, its weights and biases before, its buckets now, and the share of the weights' squared sum
    that the nearest buckets hold (None: drawn afresh)."""

    change: LayerChange
    before: int
    after: int
    energy: float | None


@dataclass(frozen=True)
class Hashed:
    """The network with hashed layers, one by one in the order they were done."""

    module: nn.Module
    done: tuple[HashedOne, ...]


def hash_layers(
    module: nn.Module,
    inputs: Tensor,
    settings: HashSettings,
    masks: Mapping[str, Tensor] | None = None,
    owner: str = "",
    check: Callable[[], None] = lambda: None,
) -> Hashed:
    """Puts a hashed layer in the place of each dense one, in place. Convolutions and word vectors stay.

    Values of a trained network are the least-squares fit: each bucket is the mean of its signed weights. Fresh ones come from torch's
    global generator.

    Raises:
        StepError: no dense layer is left to hash, one is pruned or shares its weights with another, or the network cannot run with it.
    """
    before = _answers(module, inputs)
    names = _hashable(module, inputs, settings, owner)
    done: list[HashedOne] = []
    for place, name in enumerate(names):
        check()
        layer = module.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        _refuse_what_is_lost(module, name, masks or {}, owner)
        change = _change(name, layer, settings, place)
        fresh = hashed_layer(layer, change.arguments)
        assert isinstance(fresh, HashedLinear)
        energy = _fill(fresh, layer) if settings.trained else None
        numbers = layer.weight.numel() + (0 if layer.bias is None else layer.bias.numel())
        done.append(HashedOne(change, numbers, sum(parameter.numel() for parameter in fresh.parameters()), energy))
        module = put(module, name, fresh.train(layer.training))
    broken = layers.failing_layer(module, inputs)
    if broken is not None or _answers(module, inputs).shape != before.shape:
        where = broken[0] if broken else names[-1]
        raise refusal(owner, f"the network does not run with a hashed layer in {where or 'its place'}.", "Leave that block as it is.")
    return Hashed(module, tuple(done))


def _answers(module: nn.Module, inputs: Tensor) -> Tensor:
    with layers.evaluation_mode(module), torch.no_grad():
        answers: Tensor = module(inputs)
    return answers


def _hashable(module: nn.Module, inputs: Tensor, settings: HashSettings, owner: str) -> list[str]:
    """The dense layers that run, in the order in which they run; a layer with a forward of its own (attention's) is not one."""
    kept = {*layers.output_layers(module, inputs)} if settings.keep_last else set()
    running = layers.running_order(module, inputs)
    dense = [name for name in running if type(module.get_submodule(name)) is nn.Linear]
    found = [name for name in dense if name not in kept and not covers(settings.keep, name)]
    if found:
        return found
    if any(isinstance(layer, HashedLinear) for layer in module.modules()):
        raise refusal(owner, "the dense layers of this network are hashed already.", "Use one such step with the ratio you want.")
    last = layers.output_layers(module, inputs)
    noun = type(module.get_submodule(last[-1])).__name__ if last else "nothing"
    if dense:
        raise refusal(owner, f"the only dense layers ({', '.join(dense[:3])}) are to be left alone.", "Let the step hash one of them.")
    raise refusal(
        owner,
        f"this network has no dense layer to hash; its output comes from {last[-1] if last else 'no layer'} ({noun}).",
        "Use Share weights, which works on convolutions.",
    )


def _refuse_what_is_lost(module: nn.Module, name: str, masks: Mapping[str, Tensor], owner: str) -> None:
    layer = module.get_submodule(name)
    if f"{name}.weight" in masks or (not name and "weight" in masks):
        raise refusal(
            owner, f"{name or 'the layer'} was pruned; hashing would bring its weights back.", "Hash before pruning, or not at all."
        )
    own = {id(parameter) for parameter in layer.parameters()}
    for other, sharing in module.named_modules(remove_duplicate=False):
        if sharing is not layer and own & {id(parameter) for parameter in sharing.parameters(recurse=False)}:
            raise refusal(owner, f"{name} uses the same weights as {other}; hashing would part them.", f"Leave {name} alone.")


def _change(name: str, layer: nn.Linear, settings: HashSettings, place: int) -> LayerChange:
    biases = 0 if layer.bias is None else layer.bias.numel()
    arguments = {
        "buckets": max(1, math.ceil(settings.ratio * layer.weight.numel())),
        "bias_buckets": max(1, math.ceil(settings.ratio * biases)) if settings.biases and biases else biases,
        "seed": settings.seed * 1000 + place,
    }
    return LayerChange(layer=name, kind="hashed", arguments=arguments)


def _fill(fresh: HashedLinear, layer: nn.Linear) -> float:
    """Least squares: a bucket's best value is the mean of its weights, each times its sign. Returns the share of the energy it holds."""
    with torch.no_grad():
        fresh.buckets.copy_(_means(layer.weight, fresh.weight_places(), fresh.buckets.numel()))
        if fresh.bias_buckets is not None and layer.bias is not None:
            fresh.bias_buckets.copy_(_means(layer.bias, fresh.places_of_biases(), fresh.bias_buckets.numel()))
        lost = float(((fresh.weight - layer.weight) ** 2).sum())
        whole = float((layer.weight**2).sum())
    return 1 - lost / whole if whole else 1.0


def _means(values: Tensor, places: Tensor, buckets: int) -> Tensor:
    counts = torch.bincount(places % buckets, minlength=buckets).clamp(min=1)
    return bucket_sums(values.detach(), places, buckets) / counts
