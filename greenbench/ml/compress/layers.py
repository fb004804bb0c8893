"""Which layers of a network hold weights, in which order they run, and which of them make its output.

All of it is found by running the network once: the type of a layer or its place in the source says neither (SqueezeNet's
classifier is a convolution).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from greenbench.core.artifact import InputSpec

WEIGHTED = (nn.modules.conv._ConvNd, nn.Linear, nn.Embedding)
BATCH_NORMS = (nn.modules.batchnorm._BatchNorm,)


def weighted_layers(module: nn.Module) -> dict[str, nn.Module]:
    """Convolutions, linear layers and tables of word vectors by name, in the order of their definition; a shared layer stands once."""
    return {name: layer for name, layer in module.named_modules() if isinstance(layer, WEIGHTED)}


def example(input: InputSpec, batch: int = 1, seed: int = 0) -> Tensor:
    """Random input of the shape and type a model takes, (batch, *shape), the same for the same seed: words of its vocabulary for a text."""
    generator = torch.Generator().manual_seed(seed)
    shape, dtype = (batch, *input.array_shape), getattr(torch, input.dtype)
    if dtype.is_floating_point:
        return torch.randn(shape, generator=generator).to(dtype)
    return torch.randint(input.tokens.vocabulary if input.tokens else 2, shape, generator=generator).to(dtype)


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, the mode each layer was in afterwards."""
    modes = [(child, child.training) for child in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for child, mode in modes:
            child.training = mode


@contextmanager
def _hooks(module: nn.Module, before: Callable[..., None] | None, after: Callable[..., None] | None) -> Iterator[None]:
    """`before(name, layer, inputs)` and `after(name, layer, output)` around each call of each layer."""
    handles = []
    for name, layer in module.named_modules():
        if before:
            handles.append(layer.register_forward_pre_hook(lambda layer, inputs, name=name: before(name, layer, inputs)))
        if after:
            handles.append(layer.register_forward_hook(lambda layer, _inputs, output, name=name: after(name, layer, output)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def running_order(module: nn.Module, inputs: Tensor) -> list[str]:
    """The names of the weighted layers in the order in which they first run; those that never run are missing."""
    order: dict[str, None] = {}

    def note(name: str, layer: nn.Module, _inputs: Any) -> None:
        if isinstance(layer, WEIGHTED):
            order.setdefault(name)

    with evaluation_mode(module), _hooks(module, note, None), torch.no_grad():
        module(inputs)
    return list(order)


def output_layers(module: nn.Module, inputs: Tensor) -> list[str]:
    """The weighted layers from which the output is reached without passing another one: those that make the classes.

    Walks the autograd graph back from the output and stops at the first weighted layer on each path.
    """
    made_by: dict[Any, str] = {}

    def note(name: str, layer: nn.Module, output: Any) -> None:
        if isinstance(layer, WEIGHTED) and isinstance(output, Tensor) and output.grad_fn is not None:
            made_by[output.grad_fn] = name

    with evaluation_mode(module), _hooks(module, None, note), torch.enable_grad():
        arrived = inputs.detach().clone()
        output = module(arrived.requires_grad_() if arrived.is_floating_point() else arrived)
    found: dict[str, None] = {}
    waiting = [tensor.grad_fn for tensor in _tensors(output) if tensor.grad_fn is not None]
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        if node in made_by:
            found.setdefault(made_by[node])
            continue
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)
    return [name for name in weighted_layers(module) if name in found]


def failing_layer(module: nn.Module, inputs: Tensor) -> tuple[str, Exception] | None:
    """The innermost layer in which a run of the network breaks off, and why; None if it runs through."""
    entered: list[str] = []

    def enter(name: str, _layer: nn.Module, _inputs: Any) -> None:
        entered.append(name)

    def leave(_name: str, _layer: nn.Module, _output: Any) -> None:
        entered.pop()

    with evaluation_mode(module), _hooks(module, enter, leave), torch.no_grad():
        try:
            module(inputs)
        except Exception as error:  # noqa: BLE001  (a network may fail in any way; the answer is where)
            return (entered[-1] if entered else "", error)
    return None


def layer_inputs(module: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """What each layer that takes one tensor received in its first call, by name."""
    received: dict[str, Tensor] = {}

    def note(name: str, _layer: nn.Module, arrived: Any) -> None:
        if len(arrived) == 1 and isinstance(arrived[0], Tensor):
            received.setdefault(name, arrived[0].detach().clone())

    with evaluation_mode(module), _hooks(module, note, None), torch.no_grad():
        module(inputs)
    return received


def _tensors(output: Any) -> Iterator[Tensor]:
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, dict):
        for value in output.values():
            yield from _tensors(value)
    elif isinstance(output, tuple | list):
        for value in output:
            yield from _tensors(value)


def distinct_weights(module: nn.Module) -> int:
    """How many distinct values the weights of all weighted layers hold, zero included, summed over the layers."""
    return sum(torch.unique(layer.get_parameter("weight").detach()).numel() for layer in weighted_layers(module).values())
