"""A dense layer whose weights are drawn by a hash from a short list of values (Chen 2015, Compressing neural networks with the
hashing trick, sections 3 and 4).

Weight (i, j) is ± the value of bucket h(i, j), the sign by a second hash. Only the buckets are stored: which weight takes which is
computed anew from the seed. The product itself is the dense one, so nothing is saved but bytes.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

Array = npt.NDArray[np.uint32]

_HASHED_AT_ONCE = 1 << 22  # weights: a layer of a hundred million would else need gigabytes on the way
_P2, _P3, _P4, _P5 = (np.uint32(prime) for prime in (2246822519, 3266489917, 668265263, 374761393))


def xxhash32(rows: Array, columns: Array, seed: int) -> Array:
    """XXH32 (Collet 2012) of each pair (row, column), each four bytes, the lowest first; the two arrays are broadcast."""
    with np.errstate(over="ignore"):
        start = np.uint32(seed & 0xFFFFFFFF) + _P5 + np.uint32(8)
        mixed = _turned(_turned(start + rows.astype(np.uint32) * _P3, 17) * _P4 + columns.astype(np.uint32) * _P3, 17) * _P4
        mixed = (mixed ^ (mixed >> np.uint32(15))) * _P2
        mixed = (mixed ^ (mixed >> np.uint32(13))) * _P3
        hashed: Array = mixed ^ (mixed >> np.uint32(16))
    return hashed


def _turned(words: Array, by: int) -> Array:
    turned: Array = (words << np.uint32(by)) | (words >> np.uint32(32 - by))
    return turned


def signed_places(rows: int, columns: range, buckets: int, seed: int) -> Tensor:
    """For each weight (row by row) the place of its value in the list (buckets, −buckets): the bucket by one hash, the sign by another;
    int32, (rows × columns,)."""
    column = np.asarray(columns, np.uint32)[None, :]
    places = np.empty((rows, len(columns)), np.int32)
    step = max(1, _HASHED_AT_ONCE // max(1, len(columns)))
    for start in range(0, rows, step):
        row = np.arange(start, min(start + step, rows), dtype=np.uint32)[:, None]
        bucket = xxhash32(row, column, 2 * seed) % np.uint32(buckets)
        negative = xxhash32(row, column, 2 * seed + 1) & np.uint32(1)
        places[start : start + step] = bucket + negative * np.uint32(buckets)
    return torch.from_numpy(places.reshape(-1))


def unfolded(buckets: Tensor, places: Tensor) -> Tensor:
    """The weights at these places, flat."""
    flat = buckets.reshape(-1)
    return torch.cat([flat, -flat]).index_select(0, places)


def bucket_sums(values: Tensor, places: Tensor, buckets: int) -> Tensor:
    """The signed sum of the values, one for each weight, that fall into each of so many buckets, (1, buckets)."""
    sums = torch.bincount(places, weights=values.reshape(-1), minlength=2 * buckets)
    return (sums[:buckets] - sums[buckets:]).to(values.dtype).reshape(1, buckets)


class _Unfold(torch.autograd.Function):
    """All weights from the buckets; backward, the gradient of a bucket is the signed sum over its weights (Chen 2015, equation 12)."""

    @staticmethod
    def forward(ctx, buckets: Tensor, places: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(places)
        ctx.buckets = buckets.numel()
        return unfolded(buckets, places)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[no-untyped-def]
        (places,) = ctx.saved_tensors
        return bucket_sums(gradient, places, ctx.buckets), None


class HashedLinear(nn.Module):
    """A dense layer of `buckets` values for its weights and `bias_buckets` for its biases (0: it has none).

    The biases are the weights of one more input that is always 1, and have buckets of their own, as in the authors' program. Fresh
    values have the variance of a fresh dense layer's weights. While nothing learns, the unfolded weights are kept: a call then costs
    what that of the dense layer costs, and so does what is exported.
    """

    places: Tensor | None
    bias_places: Tensor | None

    def __init__(
        self, in_features: int, out_features: int, buckets: int, bias_buckets: int, seed: int, like: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.in_features, self.out_features, self.seed = in_features, out_features, seed
        self.buckets = nn.Parameter(torch.empty(1, buckets, **(like or {})))
        self.bias_buckets = nn.Parameter(torch.empty(1, bias_buckets, **(like or {}))) if bias_buckets else None
        self.register_buffer("places", None, persistent=False)
        self.register_buffer("bias_places", None, persistent=False)
        self._kept: tuple[object, Tensor, Tensor | None] | None = None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws fresh values."""
        bound = 1 / math.sqrt(self.in_features) if self.in_features else 0.0
        nn.init.uniform_(self.buckets, -bound, bound)
        if self.bias_buckets is not None:
            nn.init.uniform_(self.bias_buckets, -bound, bound)

    @property
    def weight(self) -> Tensor:
        """The unfolded weights, (out_features, in_features)."""
        return self._dense()[0]

    @property
    def bias(self) -> Tensor | None:
        """The unfolded biases, (out_features,)."""
        return self._dense()[1]

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, *self._dense())

    def extra_repr(self) -> str:
        biases = 0 if self.bias_buckets is None else self.bias_buckets.numel()
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, buckets={self.buckets.numel()}, "
            f"bias_buckets={biases}, seed={self.seed}"
        )

    def weight_places(self) -> Tensor:
        """For each weight, flat, the place of its value in the list (buckets, −buckets)."""
        if self.places is None or self.places.device != self.buckets.device:
            places = signed_places(self.out_features, range(self.in_features), self.buckets.numel(), self.seed)
            self.places = places.to(self.buckets.device)
        return self.places

    def places_of_biases(self) -> Tensor:
        """The same for the biases, which are column `in_features`."""
        assert self.bias_buckets is not None
        if self.bias_places is None or self.bias_places.device != self.bias_buckets.device:
            column = range(self.in_features, self.in_features + 1)
            places = signed_places(self.out_features, column, self.bias_buckets.numel(), self.seed)
            self.bias_places = places.to(self.bias_buckets.device)
        return self.bias_places

    def _dense(self) -> tuple[Tensor, Tensor | None]:
        if torch.compiler.is_exporting() and self._kept is not None:
            return self._kept[1:]
        if torch.is_grad_enabled():
            weight: Tensor = _Unfold.apply(self.buckets, self.weight_places())
            bias: Tensor | None = None
            if self.bias_buckets is not None:
                bias = _Unfold.apply(self.bias_buckets, self.places_of_biases())
            return weight.view(self.out_features, self.in_features), bias
        return self._frozen()

    def _frozen(self) -> tuple[Tensor, Tensor | None]:
        """The dense tensors while nothing learns; kept until a bucket changes."""
        biases = self.bias_buckets
        state = (self.buckets._version, self.buckets.data_ptr(), biases is not None and (biases._version, biases.data_ptr()))
        if self._kept is None or self._kept[0] != state:
            with torch.inference_mode(False), torch.no_grad():
                weight = unfolded(self.buckets, self.weight_places()).view(self.out_features, self.in_features)
                bias = None if biases is None else unfolded(biases, self.places_of_biases())
            self._kept = (state, weight, bias)
        return self._kept[1:]


def hashed_layer(layer: nn.Module, arguments: dict[str, Any]) -> nn.Module:
    """A hashed layer in the place of a dense one, with `buckets`, `bias_buckets` and `seed`."""
    assert isinstance(layer, nn.Linear)
    like = {"device": layer.weight.device, "dtype": layer.weight.dtype}
    numbers = (int(arguments["buckets"]), int(arguments["bias_buckets"]), int(arguments["seed"]))
    return HashedLinear(layer.in_features, layer.out_features, *numbers, like)
