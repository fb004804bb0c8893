"""The parts of a network in which torch-pruning can follow what depends on what (Fang 2023, DepGraph, section 3).

Mostly that is the network itself. Where it is not (a shuffle of channels, attention with fused weights), the largest blocks that can be
followed by themselves are taken: inside them channels may go, what comes in and goes out keeps its width.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch_pruning as tp
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from greenbench.ml.compress import layers
from greenbench.ml.compress.refusals import refusal


@dataclass(frozen=True)
class Part:
    """A block that can be followed: its name ("" is the network), its dependency graph, and the layers that keep their width."""

    name: str
    module: nn.Module
    graph: tp.DependencyGraph
    ignored: tuple[nn.Module, ...]


@dataclass(frozen=True)
class Traced:
    """The parts of a network; `around` names the block in which the whole could not be followed, `why` says how that failed."""

    parts: tuple[Part, ...]
    around: str = ""
    why: str = ""


def trace(module: nn.Module, inputs: Tensor, barriers: tuple[type[nn.Module], ...] = ()) -> Traced:
    """The network as one part, or its largest blocks that can be followed and hold no module of a type in `barriers`.

    The modules must be in evaluation mode. No part at all: nothing can be followed.
    """
    error: Exception | None = None
    if not _holds(module, barriers):
        try:
            return Traced((_part("", module, inputs),))
        except Exception as failed:  # noqa: BLE001  (torch-pruning fails in its own ways; the user needs the layer)
            error = failed
    received = layers.layer_inputs(module, inputs)
    parts = tuple(_blocks("", module, received, barriers))
    if error is None:
        return Traced(parts)
    return Traced(parts, _culprit(module, received), kind_of(error))


_REORDER = {torch.Tensor.transpose, torch.transpose, torch.Tensor.permute, torch.permute, torch.Tensor.swapaxes, torch.swapaxes}
_SHUFFLES = {torch.channel_shuffle, torch.pixel_shuffle, torch.pixel_unshuffle}
_SPLIT_DIMENSIONS = 5  # channels were split into groups or heads: an image has four, a sequence three


class _Reordering(TorchFunctionMode):
    """Notes the module in whose own code channels are split and reordered; torch-pruning takes them for unmoved."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.found: dict[str, nn.Module] = {}
        self._inside: list[tuple[str, nn.Module]] = []
        self._hooks = [
            hook
            for name, layer in module.named_modules()
            for hook in (
                layer.register_forward_pre_hook(lambda layer, _arrived, name=name: self._inside.append((name, layer))),
                layer.register_forward_hook(lambda _layer, _arrived, _output: self._leave()),
            )
        ]

    def _leave(self) -> None:
        self._inside.pop()

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        moved = func in _SHUFFLES or (func in _REORDER and args and args[0].dim() >= _SPLIT_DIMENSIONS)
        if moved and self._inside:
            self.found.setdefault(*self._inside[-1])
        return func(*args, **(kwargs or {}))

    def __exit__(self, *args: Any) -> None:
        super().__exit__(*args)  # type: ignore[no-untyped-call]
        for hook in self._hooks:
            hook.remove()


def reordering(module: nn.Module, inputs: Tensor) -> dict[str, nn.Module]:
    """The modules, by name, that split and reorder channels themselves (a shuffle, attention with fused weights): what goes into them
    cannot be followed, and a cut that runs all the same would remove the wrong channels. torch-pruning knows torch's own attention."""
    with layers.evaluation_mode(module), torch.no_grad(), _Reordering(module) as seen:
        module(inputs)
    return {name: found for name, found in seen.found.items() if not isinstance(found, nn.MultiheadAttention)}


def unsupported(owner: str, layer: str, why: str) -> Exception:
    """The refusal of a network that cannot be followed, by its layer."""
    where = f"the layer {layer}" if layer else "this network"
    return refusal(
        owner,
        f"channels cannot be removed because torch-pruning cannot follow {where} ({why}).",
        "Use magnitude pruning or int8 for this model, or choose another architecture.",
    )


def again(parts: tuple[Part, ...], module: nn.Module, inputs: Tensor) -> tuple[Part, ...]:
    """The same parts of another network of the same layers and shapes."""
    received = layers.layer_inputs(module, inputs) if any(part.name for part in parts) else {}
    return tuple(_part(part.name, module.get_submodule(part.name), received.get(part.name, inputs)) for part in parts)


def _part(name: str, module: nn.Module, inputs: Tensor) -> Part:
    graph = _graph(module, inputs)
    return Part(name, module, graph, tuple(module.get_submodule(layer) for layer in layers.output_layers(module, inputs)))


def _graph(module: nn.Module, inputs: Tensor) -> tp.DependencyGraph:
    """The dependency graph. The input goes as a tuple: given a bare tensor, torch-pruning would spread out its batch."""
    with warnings.catch_warnings(), torch.enable_grad():
        warnings.simplefilter("ignore")
        # Past this warning torch-pruning goes on without an end (Swin), until the memory is gone.
        warnings.filterwarnings("error", message="Maximum recursive depth")
        graph = tp.DependencyGraph()
        graph.build_dependency(module, example_inputs=(inputs,), verbose=False)
    return graph


def _blocks(prefix: str, module: nn.Module, received: dict[str, Tensor], barriers: tuple[type[nn.Module], ...]) -> Iterator[Part]:
    for name, child in module.named_children():
        full = f"{prefix}.{name}" if prefix else name
        if next(child.children(), None) is None:
            continue
        if full in received and not _holds(child, barriers) and sum(1 for _ in _prunable(child)) > 1:
            try:
                yield _part(full, child, received[full])
                continue
            except Exception:  # noqa: BLE001  (see trace; a smaller block may do)
                pass
        yield from _blocks(full, child, received, barriers)


def _prunable(module: nn.Module) -> Iterator[nn.Module]:
    return (layer for layer in module.modules() if isinstance(layer, nn.modules.conv._ConvNd | nn.Linear))


def _holds(module: nn.Module, barriers: tuple[type[nn.Module], ...]) -> bool:
    return bool(barriers) and any(isinstance(layer, barriers) for layer in module.modules())


def _culprit(module: nn.Module, received: dict[str, Tensor]) -> str:
    """The smallest block of the network that cannot be followed by itself either."""
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
        _graph(module, inputs)
    except Exception:  # noqa: BLE001  (see trace)
        return False
    return True


def kind_of(error: Exception) -> str:
    """The kind of an error and its first line."""
    return f"{type(error).__name__}: {error}".splitlines()[0]
