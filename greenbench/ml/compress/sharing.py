"""Weight sharing: each layer keeps a small codebook of values and for each weight an index into it (Han 2016, section 3).

Shared weights make the coded file smaller. The tensors, the arithmetic and the latency stay as they were.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from greenbench.core.errors import StepError
from greenbench.ml.compress import layers
from greenbench.ml.compress.kmeans import Start, cluster


@dataclass(frozen=True)
class SharingSettings:
    """Bits of an index into a layer's codebook, for linear layers and for convolutions, and how k-means starts."""

    bits: int
    conv_bits: int
    start: Start = "linear"
    seed: int = 0


@dataclass(frozen=True)
class Codebook:
    """The values of one layer (ascending, float32) and the index of each weight, flat (int64). Weights that a mask removed
    have the index len(values): they are zero and belong to no cluster."""

    layer: str
    values: Tensor
    indices: Tensor
    exact: bool

    def expand(self, shape: torch.Size) -> Tensor:
        """The weights of that shape."""
        return _expanded(self.values, self.indices).view(shape)


def share(
    module: nn.Module,
    settings: SharingSettings,
    masks: Mapping[str, Tensor] | None = None,
    check: Callable[[], None] = lambda: None,
) -> list[Codebook]:
    """Replaces the weights of convolutions, linear layers and word vectors by the nearest of 2^bits values, in place, layer by layer.

    A layer with no more distinct weights than that keeps all of them (`exact`). Biases and norms are left alone.

    Raises:
        StepError: a weight is not a finite number, or there is none.
    """
    books: list[Codebook] = []
    seen: set[int] = set()
    for name, layer in layers.weighted_layers(module).items():
        check()
        weight = layer.weight
        if not isinstance(weight, nn.Parameter) or id(weight) in seen:
            continue
        seen.add(id(weight))
        bits = settings.bits if isinstance(layer, nn.Linear | nn.Embedding) else settings.conv_bits
        mask = (masks or {}).get(f"{name}.weight" if name else "weight")
        book = _codebook(name, weight.detach(), mask, bits, settings)
        with torch.no_grad():
            weight.copy_(book.expand(weight.shape))
        books.append(book)
    if not books:
        raise StepError("This network has no weights left to share: none of its layers holds any of its own.", "Choose another model.")
    return books


def exact_layers(books: list[Codebook]) -> str:
    """A sentence on the layers that had too few distinct weights to share any; "" if there are none."""
    few = [book.layer or "the only layer" for book in books if book.exact]
    if not few:
        return ""
    shown = ", ".join(few[:3]) + (f" and {len(few) - 3} more" if len(few) > 3 else "")
    return f"Not changed, since they have no more distinct weights than their codebook holds: {shown}."


@contextmanager
def trainable(module: nn.Module, books: list[Codebook]) -> Iterator[None]:
    """Inside, training moves the shared values and not single weights; afterwards the layers hold plain weights again.

    Raises:
        StepError: two layers use one and the same weight tensor.
    """
    first: dict[int, str] = {}
    for name, layer in layers.weighted_layers(module).items():
        other = first.setdefault(id(layer.weight), name)
        if other != name:
            raise StepError(f"{other} and {name} use the same weights; their codebook cannot be fine-tuned.", "Set the epochs to 0.")
    for book in books:
        layer = module.get_submodule(book.layer)
        weight = layer.get_parameter("weight")
        weight.grad = None  # of the old shape
        parametrize.register_parametrization(layer, "weight", _Shared(book, weight.shape))
    try:
        yield
    finally:
        for book in books:
            parametrize.remove_parametrizations(module.get_submodule(book.layer), "weight", leave_parametrized=True)


def _codebook(name: str, weight: Tensor, mask: Tensor | None, bits: int, settings: SharingSettings) -> Codebook:
    flat = weight.cpu().float().flatten().numpy()
    if not np.isfinite(flat).all():
        raise StepError(f"{name} holds weights that are not numbers; they cannot be shared.", "Train the model again, more slowly.")
    kept = np.ones(len(flat), bool) if mask is None else mask.cpu().flatten().numpy().astype(bool)
    found = cluster(flat[kept], 1 << bits, settings.start, settings.seed)
    indices = np.full(len(flat), len(found.centroids), np.int64)
    indices[kept] = found.labels
    return Codebook(name, torch.from_numpy(found.centroids.astype(np.float32)), torch.from_numpy(indices), found.exact)


def _expanded(values: Tensor, indices: Tensor) -> Tensor:
    return torch.cat([values, values.new_zeros(1)])[indices]


class _SharedGradient(torch.autograd.Function):
    """Weights from a codebook; backward, the gradient of a value is the sum over its weights (Han 2016, equation 3)."""

    @staticmethod
    def forward(ctx, values: Tensor, indices: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(indices)
        ctx.count = len(values)
        return _expanded(values, indices)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[no-untyped-def]
        (indices,) = ctx.saved_tensors
        sums = torch.bincount(indices, weights=gradient, minlength=ctx.count + 1)
        return sums[: ctx.count].to(gradient.dtype), None


class _Shared(nn.Module):
    """The parametrisation that makes a layer's weight out of its codebook."""

    indices: Tensor

    def __init__(self, book: Codebook, shape: torch.Size) -> None:
        super().__init__()
        self.register_buffer("indices", book.indices)
        self.shape, self.values = shape, book.values

    def forward(self, values: Tensor) -> Tensor:
        weights: Tensor = _SharedGradient.apply(values, self.indices)
        return weights.view(self.shape)

    def right_inverse(self, _weight: Tensor) -> Tensor:
        return self.values.clone()
