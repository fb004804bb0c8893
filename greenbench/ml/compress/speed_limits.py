"""Why a smaller network may not be faster: what can be read off the network itself, as sentences. The benchmark tells by how much."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from greenbench.core import quote
from greenbench.core.artifact import Fact
from greenbench.ml.compress import layers

_MULTIPLE = 8
# One core does about this many in the microseconds that a runtime needs to call a layer.
_SMALL_MACS = 100_000


@dataclass(frozen=True)
class _Layer:
    """A convolution or dense layer as it ran: its channels out, its multiply-adds for one example, whether it is depthwise."""

    name: str
    outputs: int
    macs: int
    depthwise: bool


def speed_limits(module: nn.Module, inputs: Tensor, masks: Mapping[str, Tensor], added: int = 0) -> tuple[Fact, ...]:
    """One fact, a sentence with its code, for each reason that is there; `inputs` (batch, …) is what the network is run with, `added` how
    many layers it now has more than before."""
    ran = _run(module, inputs)
    output = set(layers.output_layers(module, inputs))
    inner = [layer for layer in ran if layer.name not in output]
    odd = [layer for layer in inner if layer.outputs % _MULTIPLE]
    total = sum(layer.macs for layer in ran)
    found: list[Fact] = []

    def tell(code: str, text: str) -> None:
        found.append(Fact(title="May slow it", code=code, text=text))

    if odd:
        tell(
            "odd-channels",
            f"{len(odd)} of {len(inner)} layers have a number of channels that is no multiple of {_MULTIPLE} "
            f"({odd[0].name}: {odd[0].outputs}); kernels compute whole blocks, so the rest of a block saves nothing.",
        )
    depthwise = sum(layer.macs for layer in ran if layer.depthwise)
    if depthwise:
        count = sum(layer.depthwise for layer in ran)
        share, noun = _percent(depthwise, total), "convolution does" if count == 1 else "convolutions do"
        tell("depthwise", f"{count} depthwise {noun} {share} of the multiply-adds; they use each number they read only a few times.")
    small = [layer for layer in ran if layer.macs < _SMALL_MACS]
    if small:
        few = f"{len(small)} of {len(ran)} layers do fewer than {_SMALL_MACS:,} multiply-adds each"
        tell("small-layers", f"{few}; what it costs to call a layer does not shrink with it.")
    zeros = sum(int((~mask).sum()) for mask in masks.values())
    if zeros:
        share = _percent(zeros, sum(mask.numel() for mask in masks.values()))
        tell("zeros", f"{share} of the pruned layers' weights are zeros in dense kernels, which multiply by them all the same.")
    if added:
        tell("more-layers", f"There are {added} layers more to call than before.")
    return tuple(found)


def _percent(part: float, whole: float) -> str:
    return f"{quote.percent(part / whole if whole else 0.0)} %"


def _run(module: nn.Module, inputs: Tensor) -> list[_Layer]:
    """The convolutions and dense layers that are called, each once, in the order of their first call."""
    found: dict[str, _Layer] = {}

    def note(name: str, layer: nn.Module, output: Any) -> None:
        weight = layer.get_parameter("weight")
        convolution = isinstance(layer, nn.modules.conv._ConvNd)
        places = math.prod(output.shape[2:]) if convolution else math.prod(output.shape[1:-1])
        outputs = output.shape[1] if convolution else output.shape[-1]
        depthwise = isinstance(layer, nn.modules.conv._ConvNd) and layer.groups > 1 and layer.groups == layer.in_channels
        found.setdefault(name, _Layer(name or "the layer", int(outputs), places * weight.numel(), depthwise))

    handles = [
        layer.register_forward_hook(lambda layer, _arrived, output, name=name: note(name, layer, output))
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear | nn.modules.conv._ConvNd)
    ]
    try:
        with layers.evaluation_mode(module), torch.no_grad():
            module(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return list(found.values())
