"""Layers that compute as int8 does while they are trained: values are rounded to their grid in the forward pass and pass their gradient
on unrounded in the backward pass (Jacob 2018, sections 2 and 3; Bengio 2013, the straight-through estimator).

Once trained, each gives a `settled` layer that holds integers and speaks in two operators of ours, which mean exactly what ONNX's
QuantizeLinear and DequantizeLinear mean.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATION_STEPS = 255  # uint8, asymmetric
_KEEP = 0.99  # an average over about the last hundred batches
_SMALLEST_STEP = 1e-8
_BIAS_STEPS = float(1 << 30)  # half of 32 bits: the sum of the products is added to it

Compute = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""A layer's own arithmetic: from what arrives, its weights and its bias."""


@torch.library.custom_op("greenbench::quantised", mutates_args=())
def quantised(x: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    """The place of each value on a grid with steps of `scale`, counted from `zero`, whose type it takes."""
    limits = torch.iinfo(zero.dtype)
    return (torch.round(x / scale) + zero).clamp(limits.min, limits.max).to(zero.dtype)


@quantised.register_fake
def _(x: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    return torch.empty_like(x, dtype=zero.dtype)


@torch.library.custom_op("greenbench::dequantised", mutates_args=())
def dequantised(places: Tensor, scale: Tensor, zero: Tensor, axis: int) -> Tensor:
    """The values at these places; `scale` and `zero` have one entry, or one for each index of `axis`."""
    form = [1] * places.dim()
    if scale.dim():
        form[axis] = -1
    return (places.to(torch.float32) - zero.reshape(form)) * scale.reshape(form)


@dequantised.register_fake
def _(places: Tensor, scale: Tensor, zero: Tensor, axis: int) -> Tensor:
    return torch.empty_like(places, dtype=torch.float32)


class Range(nn.Module):
    """Rounds activations to 256 steps between the smallest and the largest value, both moving averages over training batches
    (section 3.1). Zero is always one of the steps: padding is made of it. While `watching` it looks and does not round."""

    low: Tensor
    high: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("low", torch.zeros(()))
        self.register_buffer("high", torch.zeros(()))
        self.seen, self.watching = False, False

    def forward(self, x: Tensor) -> Tensor:
        if self.training or self.watching:
            self._note(x.detach())
        return self.rounded(x)

    def rounded(self, x: Tensor) -> Tensor:
        """Rounds without taking note of what it rounds."""
        return x if self.idle else torch.fake_quantize_per_tensor_affine(x, *self.grid(), 0, ACTIVATION_STEPS)

    @property
    def idle(self) -> bool:
        """Whether nothing is rounded yet."""
        return self.watching or not self.seen

    def grid(self) -> tuple[Tensor, Tensor]:
        """The size of a step, and the step that means zero (int32)."""
        scale = ((self.high - self.low) / ACTIVATION_STEPS).clamp(min=_SMALLEST_STEP)
        return scale, torch.round(-self.low / scale).clamp(0, ACTIVATION_STEPS).to(torch.int32)

    def settled(self) -> nn.Module:
        """What executes: to integers and back."""
        return Grid(self)

    def _note(self, x: Tensor) -> None:
        low, high = x.amin().clamp(max=0.0), x.amax().clamp(min=0.0)
        if self.seen:
            self.low.lerp_(low, 1 - _KEEP)
            self.high.lerp_(high, 1 - _KEEP)
        else:
            self.low.copy_(low)
            self.high.copy_(high)
            self.seen = True


class Moved(nn.Module):
    """Rounds what a maximum or a change of shape made of rounded values, on the same grid, so that they stay integers all along."""

    def __init__(self, range: Range) -> None:
        super().__init__()
        self.range = range

    def forward(self, x: Tensor) -> Tensor:
        return self.range.rounded(x)

    def settled(self) -> nn.Module:
        return Grid(self.range)


class Grid(nn.Module):
    """A range that is settled."""

    scale: Tensor
    zero: Tensor

    def __init__(self, range: Range) -> None:
        super().__init__()
        scale, zero = range.grid()
        self.register_buffer("scale", scale.detach().clone())
        self.register_buffer("zero", zero.to(torch.uint8))

    def forward(self, x: Tensor) -> Tensor:
        rounded: Tensor = dequantised(quantised(x, self.scale, self.zero), self.scale, self.zero, 0)
        return rounded


class Norm(nn.Module):
    """A batch norm with the statistics that training found: a line through each channel, whose slope and height are still trained."""

    mean: Tensor
    variance: Tensor

    def __init__(self, weight: Tensor | None, bias: Tensor | None, mean: Tensor, variance: Tensor, epsilon: float) -> None:
        super().__init__()
        self.weight, self.bias, self.epsilon = weight, bias, epsilon
        self.register_buffer("mean", mean)
        self.register_buffer("variance", variance)

    def line(self) -> tuple[Tensor, Tensor]:
        """The factor and the shift of each channel."""
        factor: Tensor = torch.rsqrt(self.variance + self.epsilon)
        factor = factor if self.weight is None else factor * self.weight
        shift = -self.mean * factor
        return factor, shift if self.bias is None else shift + self.bias


class RoundedLayer(nn.Module):
    """A convolution or linear layer with rounded weights: symmetric around zero, a step for each output channel. A batch norm behind it is
    part of the weights before they are rounded (section 3.2, equation 14).

    `input` is the range of what arrives, from which the bias has its step. `steps` is the largest number of a weight: 127, or 63 where
    products of 8 bits could overflow. `many_axes`: a linear layer on more than one axis of examples.
    """

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter | None, compute: Compute, input: Range, steps: int) -> None:
        super().__init__()
        self.weight, self.bias, self.norm = weight, bias, None
        self.compute, self.steps = compute, steps
        self._input = (input,)  # in a tuple, since it is no part of this layer
        self.many_axes = False

    norm: Norm | None

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.whole()
        if self._input[0].idle:
            return self.compute(x, weight, bias)
        scale = self.scales(weight, bias)
        zeros = torch.zeros_like(scale, dtype=torch.int32)
        rounded = torch.fake_quantize_per_channel_affine(weight, scale, zeros, 0, -self.steps, self.steps)
        if bias is not None and not self.many_axes:
            step = scale * self._input[0].grid()[0]
            bias = bias + (torch.round(bias / step) * step - bias).detach()
        return self.compute(x, rounded, bias)

    def whole(self) -> tuple[Tensor, Tensor | None]:
        """Weights and bias with the batch norm in them, not rounded."""
        if self.norm is None:
            return self.weight, self.bias
        factor, shift = self.norm.line()
        weight = self.weight * factor.reshape(-1, *[1] * (self.weight.dim() - 1))
        return weight, shift if self.bias is None else shift + self.bias * factor

    def scales(self, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The step of each output channel; large enough for the channel's bias to fit 32 bits, however small its weights are."""
        scale = weight.detach().flatten(1).abs().amax(1) / self.steps
        if bias is not None:
            scale = torch.maximum(scale, bias.detach().abs() / (_BIAS_STEPS * self._input[0].grid()[0]))
        return torch.where(scale > 0, scale, torch.ones_like(scale))

    def settled(self) -> nn.Module:
        """What executes: the same arithmetic on integers."""
        with torch.no_grad():
            weight, bias = self.whole()
            scale = self.scales(weight, bias)
            places = torch.round(weight / scale.reshape(-1, *[1] * (weight.dim() - 1))).clamp(-self.steps, self.steps)
            return Integers(self, places.to(torch.int8), scale, bias, self._input[0].grid()[0])


class Integers(nn.Module):
    """A rounded layer that is settled: weights in int8, the bias in int32 with the step of the products it is added to (section 2.4)."""

    places: Tensor
    scale: Tensor
    zeros: Tensor
    bias: Tensor | None

    def __init__(self, layer: RoundedLayer, places: Tensor, scale: Tensor, bias: Tensor | None, arriving: Tensor) -> None:
        super().__init__()
        self.compute, self.many_axes = layer.compute, layer.many_axes
        # A product over the last of many axes is a MatMul in ONNX, whose matrix stands the other way round.
        self.register_buffer("places", places.t().contiguous() if self.many_axes else places)
        self.register_buffer("scale", scale)
        self.register_buffer("zeros", torch.zeros_like(scale, dtype=torch.int8))
        step = scale * arriving
        self.register_buffer("bias_step", step)
        self.register_buffer("bias_zeros", torch.zeros_like(scale, dtype=torch.int32))
        self.register_buffer("bias", bias if bias is None or self.many_axes else torch.round(bias / step).to(torch.int32))

    def forward(self, x: Tensor) -> Tensor:
        if self.many_axes:
            product = torch.matmul(x, dequantised(self.places, self.scale, self.zeros, 1))
            return product if self.bias is None else product + self.bias
        weight = dequantised(self.places, self.scale, self.zeros, 0)
        bias = None if self.bias is None else dequantised(self.bias, self.bias_step, self.bias_zeros, 0)
        return self.compute(x, weight, bias)


class RoundedTable(nn.Module):
    """A table of word vectors in 8 bits, with one step for all of it; they are looked up as integers."""

    def __init__(self, weight: nn.Parameter) -> None:
        super().__init__()
        self.weight = weight

    def scale(self) -> Tensor:
        return (self.weight.detach().abs().amax() / 127).clamp(min=_SMALLEST_STEP)

    def forward(self, tokens: Tensor) -> Tensor:
        scale = self.scale()
        rounded = torch.fake_quantize_per_tensor_affine(self.weight, scale, torch.zeros_like(scale, dtype=torch.int32), -127, 127)
        return F.embedding(tokens, rounded)

    def settled(self) -> nn.Module:
        return IntegerTable(self)


class IntegerTable(nn.Module):
    """A rounded table that is settled."""

    places: Tensor
    scale: Tensor
    zero: Tensor

    def __init__(self, table: RoundedTable) -> None:
        super().__init__()
        scale = table.scale()
        self.register_buffer("places", torch.round(table.weight.detach() / scale).clamp(-127, 127).to(torch.int8))
        self.register_buffer("scale", scale)
        self.register_buffer("zero", torch.zeros((), dtype=torch.int8))

    def forward(self, tokens: Tensor) -> Tensor:
        vectors: Tensor = dequantised(F.embedding(tokens, self.places), self.scale, self.zero, 0)
        return vectors
