"""Weights in buckets of few levels: uniform quantisation with a linear scale for each bucket (Polino 2018, 1802.05668, section 2).

A tensor is laid out flat and cut into buckets of so many weights; each bucket keeps its smallest value and its span, and its weights take
at most 2^bits values between them. Computed in float: a simulation, which buys bytes in a file that knows of the levels.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from greenbench.core.errors import StepError
from greenbench.ml.compress import layers

Start = Literal["quantiles", "uniform"]


@dataclass(frozen=True)
class BucketSettings:
    """`size` is the weights of a bucket; 0 makes one bucket of each tensor. `ends` says whether the first and the last layer take part."""

    bits: int
    size: int = 256
    ends: bool = True


@dataclass(frozen=True)
class Scaled:
    """A tensor as buckets: places between 0 and 1 (buckets, size), the last bucket filled up with its last weight, and the smallest value
    and the span of each bucket (buckets, 1)."""

    places: Tensor
    low: Tensor
    span: Tensor

    def restored(self, places: Tensor, shape: torch.Size) -> Tensor:
        """Weights of that shape from places."""
        return (self.low + self.span * places).flatten()[: shape.numel()].view(shape)


def scaled(weight: Tensor, size: int) -> Scaled:
    """A weight in buckets; a bucket of equal weights has the span 0 and all places at 0."""
    flat = weight.detach().flatten()
    size = min(size, len(flat)) or len(flat)
    missing = -len(flat) % size
    rows = torch.cat([flat, flat[-1:].expand(missing)]).view(-1, size)
    low, high = rows.min(dim=1, keepdim=True).values, rows.max(dim=1, keepdim=True).values
    span = high - low
    return Scaled((rows - low) / torch.where(span > 0, span, torch.ones_like(span)), low, span)


@dataclass(frozen=True)
class Coding:
    """Quantised weights as a file keeps them: for each weight the number of its point (buckets, size), the points of the layer between 0
    and 1, the smallest value and the span of each bucket (buckets, 1), and which weights pruning kept (None: all)."""

    bits: int
    indices: Tensor
    points: Tensor
    low: Tensor
    span: Tensor
    shape: torch.Size
    kept: Tensor | None = None

    def weight(self) -> Tensor:
        """The weights, float32; the same numbers wherever they are computed, one multiplication and one sum each."""
        full = Scaled(self.indices, self.low, self.span).restored(self.points[self.indices], self.shape)
        return full if self.kept is None else full.masked_fill(~self.kept, 0.0)


def coding(weight: Tensor, settings: BucketSettings, kept: Tensor | None = None) -> Coding:
    """Each weight at the nearest of 2^bits evenly spaced levels of its bucket."""
    steps = (1 << settings.bits) - 1
    buckets = scaled(weight, settings.size)
    indices = torch.round(buckets.places * steps).to(torch.int64)
    points = torch.arange(steps + 1, dtype=weight.dtype, device=weight.device) / steps
    return Coding(settings.bits, indices, points, buckets.low, buckets.span, weight.shape, kept)


def quantised(weight: Tensor, bits: int, size: int) -> Tensor:
    """The weight at the nearest levels, as `coding` has it, without the numbers of the levels."""
    steps = (1 << bits) - 1
    buckets = scaled(weight, size)
    return buckets.restored(torch.round(buckets.places * steps) / steps, weight.shape)


def chosen_layers(module: nn.Module, inputs: Tensor, ends: bool) -> list[str]:
    """The layers whose weights are quantised: all with weights, or all but the first that runs and those that make the output.

    Raises:
        StepError: none is left, two of them share one tensor, or a weight is not a finite number.
    """
    order = layers.running_order(module, inputs)
    outer = set() if ends else {*order[:1], *layers.output_layers(module, inputs)}
    names = [name for name in order if name not in outer and _has_weights(module.get_submodule(name))]
    if not names and not outer:
        raise StepError(
            "This network has no convolution, dense layer or table of words with weights of its own.", "Choose another network."
        )
    if not names:
        raise StepError("No layer is left between the first and the last.", "Let the first and the last layer take part.")
    tensors = [module.get_submodule(name).get_parameter("weight") for name in names]
    first: dict[int, str] = {}
    for name, tensor in zip(names, tensors, strict=True):
        other = first.setdefault(id(tensor), name)
        if other != name:
            raise StepError(f"{other} and {name} use the same weights; they cannot be quantised one by one.", "Choose another model.")
    for name, tensor in zip(names, tensors, strict=True):
        if not bool(torch.isfinite(tensor).all()):
            raise StepError(f"{name} holds weights that are not numbers.", "Train the model again, more slowly.")
    return names


def _has_weights(layer: nn.Module) -> bool:
    """Whether its weight is a tensor of its own, and not made from others as that of a hashed layer."""
    return isinstance(getattr(layer, "weight", None), nn.Parameter)


class _StraightThrough(torch.autograd.Function):
    """Quantised forwards, untouched backwards: the gradient at the quantised weights moves the full ones (Polino 2018, algorithm 1)."""

    @staticmethod
    def forward(ctx, weight: Tensor, bits: int, size: int) -> Tensor:  # type: ignore[no-untyped-def]
        return quantised(weight, bits, size)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[no-untyped-def]
        return gradient, None, None


class _Masked(nn.Module):
    """A parametrisation that keeps pruned weights at zero, which a bucket's levels need not contain."""

    kept: Tensor | None

    def __init__(self, kept: Tensor | None) -> None:
        super().__init__()
        self.register_buffer("kept", kept)

    def masked(self, weight: Tensor) -> Tensor:
        return weight if self.kept is None else weight.masked_fill(~self.kept, 0.0)


class InBuckets(_Masked):
    """The parametrisation of quantised distillation: full weights underneath, quantised ones in use."""

    def __init__(self, settings: BucketSettings, kept: Tensor | None = None) -> None:
        super().__init__(kept)
        self.settings = settings

    def forward(self, weight: Tensor) -> Tensor:
        full: Tensor = _StraightThrough.apply(self.masked(weight), self.settings.bits, self.settings.size)
        return self.masked(full)

    def coding(self, weight: Tensor) -> Coding:
        """What `forward` gives, as a file keeps it."""
        return coding(self.masked(weight.detach()), self.settings, self.kept)


class AtPoints(_Masked):
    """The parametrisation of differentiable quantisation: the full weights stay, the 2^bits points of the layer move.

    Each weight takes the nearest point in its bucket's scale, chosen anew whenever the points have moved; the gradient of a point is the
    sum of its weights' gradients, each times the span of its bucket (Polino 2018, section 4, equation 6).
    """

    places: Tensor
    low: Tensor
    span: Tensor

    def __init__(self, weight: Tensor, settings: BucketSettings, start: Start, kept: Tensor | None = None) -> None:
        super().__init__(kept)
        buckets = scaled(weight, settings.size)
        for name in ("places", "low", "span"):
            self.register_buffer(name, getattr(buckets, name).clone())
        self.bits, self.shape, self.points = settings.bits, weight.shape, _first_points(buckets.places, 1 << settings.bits, start)

    def forward(self, points: Tensor) -> Tensor:
        ordered = points.sort().values
        # An embedding's gradient is a sum as that of indexing, and faster.
        taken = functional.embedding(self._nearest(ordered), ordered[:, None])[..., 0]
        return self.masked(Scaled(self.places, self.low, self.span).restored(taken, self.shape))

    def coding(self, points: Tensor) -> Coding:
        """What `forward` gives, as a file keeps it."""
        ordered = points.detach().sort().values
        return Coding(self.bits, self._nearest(ordered), ordered, self.low, self.span, self.shape, self.kept)

    def _nearest(self, ordered: Tensor) -> Tensor:
        return torch.bucketize(self.places, (ordered[1:] + ordered[:-1]).detach() / 2)

    def right_inverse(self, _weight: Tensor) -> Tensor:
        return self.points.clone()


def _first_points(places: Tensor, count: int, start: Start) -> Tensor:
    """Evenly from 0 to 1, or evenly over the weights: at their quantiles, as the paper starts."""
    if start == "uniform":
        return torch.linspace(0, 1, count)
    ordered = places.flatten().sort().values  # torch.quantile stops at 16 million values
    middles = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    return ordered[(middles * len(ordered)).long().clamp(max=len(ordered) - 1)].clone()


@contextmanager
def parametrised(module: nn.Module, made: Mapping[str, InBuckets | AtPoints]) -> Iterator[None]:
    """Inside, the weight of each named layer comes from its parametrisation; afterwards the layers hold plain weights again, also where
    training breaks off."""
    for name, parametrisation in made.items():
        layer = module.get_submodule(name)
        layer.get_parameter("weight").grad = None
        parametrize.register_parametrization(layer, "weight", parametrisation)
    try:
        yield
    finally:
        for name in made:
            parametrize.remove_parametrizations(module.get_submodule(name), "weight", leave_parametrized=True)


def codings(module: nn.Module, made: Mapping[str, InBuckets | AtPoints]) -> dict[str, Coding]:
    """Inside `parametrised`: how each of the layers stands, by its name."""
    found = {}
    for name, parametrisation in made.items():
        found[name] = parametrisation.coding(module.get_submodule(name).get_parameter("parametrizations.weight.original"))
    return found


def put(module: nn.Module, made: Mapping[str, Coding]) -> None:
    """Gives the named layers exactly the weights of their codings, in place."""
    with torch.no_grad():
        for name, each in made.items():
            weight = module.get_submodule(name).get_parameter("weight")
            weight.copy_(each.weight().to(weight.device))


def parameter_name(layer: str) -> str:
    """The name of a layer's weight in the network's state."""
    return f"{layer}.weight" if layer else "weight"


def most_values(made: Mapping[str, Coding]) -> int:
    """The most distinct values that any bucket holds, counted; the zeros of pruned weights are not among them."""
    most = 0
    for each in made.values():
        flat = each.weight().flatten()
        width = each.indices.shape[1]
        kept = torch.ones_like(flat, dtype=torch.bool) if each.kept is None else each.kept.flatten()
        for row, mask in zip(torch.split(flat, width), torch.split(kept, width), strict=True):
            most = max(most, torch.unique(row[mask]).numel())
    return most
