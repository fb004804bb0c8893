"""The layers of a PyTorch network, as hooks see them run: in order, with the arithmetic and the time of each.

Arithmetic is what torch.utils.flop_counter counts between the beginning and the end of a layer, so products outside any layer (the
attention of a transformer block) belong to the block that makes them, and the rows add up to the whole network.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from greenbench.core.errors import ModelError
from greenbench.core.jobs import Layer
from greenbench.core.step import StepContext, Stored
from greenbench.ml.answering import Array, runtime_words
from greenbench.ml.artifacts import load_module
from greenbench.ml.compress.packed import arrays
from greenbench.ml.inside.found import Inside, middle, repeated, weight_facts

_SILENT = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
_WHOLE = (nn.MultiheadAttention, nn.RNNBase)
_ATTRIBUTES = ("num_batches_tracked",)


class _Seen:
    """What one pass through the network showed, by module, in the order in which modules began."""

    def __init__(self) -> None:
        self.order: list[nn.Module] = []
        self.flops: dict[nn.Module, int] = defaultdict(int)
        self.shapes: dict[nn.Module, tuple[int, ...]] = {}


def view(stored: Stored, example: Array, threads: int, context: StepContext) -> Inside:
    """Looks into a network.

    Raises:
        ModelError: it does not take the example.
    """
    torch.set_num_threads(threads)
    module = load_module(stored)
    x = torch.from_numpy(example)
    try:
        seen = _watched(module, x)
        context.progress(0.3, "timing the network")
        whole = middle(_timed(module, x, context.check))
        context.progress(0.6, "timing each layer")
        each, hooked = _layer_times(module, x, context.check)
    except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
        raise ModelError(f'"{stored.title}" does not take its own input: {str(error).splitlines()[0]}', "Check its input.") from error
    context.progress(0.9, "looking at the weights")
    layers = _layers(module, seen, each)
    return Inside(runtime_words("eager"), tuple(layers), whole, _notes(layers, seen, whole, hooked))


def is_row(module: nn.Module) -> bool:
    """Whether a module is a layer of its own: it has none inside, or does its work without calling them."""
    return isinstance(module, _WHOLE) or next(module.children(), None) is None


def _rows(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """Every module with a row of its own, and every one that may do work beside its layers; not the insides of the former."""
    found: list[tuple[str, nn.Module]] = []
    hidden: set[nn.Module] = set()
    for name, each in module.named_modules():
        if each not in hidden:
            found.append((name, each))
            if isinstance(each, _WHOLE):
                hidden |= set(each.modules()) - {each}
    return found


def _watched(module: nn.Module, x: Tensor) -> _Seen:
    """Runs once, counting. What a module does itself is what it does less what its layers do."""
    seen, stack = _Seen(), []
    counter = FlopCounterMode(display=False)

    def before(each: nn.Module, _inputs: Any) -> None:
        if each not in seen.flops:
            seen.order.append(each)
        seen.flops[each] += 0
        stack.append([counter.get_total_flops(), 0])

    def after(each: nn.Module, _inputs: Any, output: Any) -> None:
        began, inside = stack.pop()
        done = counter.get_total_flops() - began
        seen.flops[each] += done - inside
        if stack:
            stack[-1][1] += done
        seen.shapes.setdefault(each, _shape(output))

    handles = [h for _, m in _rows(module) for h in (m.register_forward_pre_hook(before), m.register_forward_hook(after))]
    try:
        # The fused attention of the processor is not in the counter's table; as plain products it is.
        with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), counter:
            module(x)
    finally:
        for handle in handles:
            handle.remove()
    return seen


def _shape(output: Any) -> tuple[int, ...]:
    """Of the first tensor, without the batch."""
    if isinstance(output, Tensor):
        return tuple(output.shape[1:])
    values = output.values() if isinstance(output, dict) else output if isinstance(output, list | tuple) else ()
    return next((_shape(value) for value in values if isinstance(value, Tensor | list | tuple | dict)), ())


def _timed(module: nn.Module, x: Tensor, check: Callable[[], None]) -> list[float]:
    with torch.inference_mode():
        return repeated(lambda: module(x), check)


def _layer_times(module: nn.Module, x: Tensor, check: Callable[[], None]) -> tuple[dict[nn.Module, float], float | None]:
    """The median seconds of each layer, and of the whole network while they are watched. Calls of one layer in a pass add up."""
    began: list[int] = []
    spent: dict[nn.Module, int] = defaultdict(int)
    passes: dict[nn.Module, list[float]] = defaultdict(list)

    def before(_each: nn.Module, _inputs: Any) -> None:
        began.append(time.perf_counter_ns())

    def after(each: nn.Module, _inputs: Any, _output: Any) -> None:
        spent[each] += time.perf_counter_ns() - began.pop()

    def once() -> None:
        spent.clear()
        module(x)
        for each, ns in spent.items():
            passes[each].append(ns / 1e9)

    leaves = [each for _, each in _rows(module) if is_row(each)]
    handles = [h for each in leaves for h in (each.register_forward_pre_hook(before), each.register_forward_hook(after))]
    try:
        with torch.inference_mode():
            whole = repeated(once, check)
    finally:
        for handle in handles:
            handle.remove()
    return {each: middle(seconds[3:]) or 0.0 for each, seconds in passes.items()}, middle(whole)


def _layers(module: nn.Module, seen: _Seen, times: dict[nn.Module, float]) -> list[Layer]:
    """Rows in the order of execution, then what has weights and was not executed."""
    rows = _rows(module)
    names = {each: name or "(network)" for name, each in rows}
    unused = [each for _, each in rows if each not in seen.flops]
    counted: set[int] = set()
    layers = []
    for each in [*seen.order, *unused]:
        own = _own(each)
        fresh = [tensor for tensor in own.values() if isinstance(tensor, nn.Parameter) and id(tensor) not in counted]
        counted |= {id(tensor) for tensor in fresh}
        ran = each in seen.flops
        if isinstance(each, _SILENT) or (not is_row(each) and not own and not seen.flops.get(each)) or not (ran or own):
            continue
        layers.append(
            Layer(
                name=names[each],
                kind=type(each).__name__,
                shape=seen.shapes.get(each, ()),
                parameters=sum(tensor.numel() for tensor in fresh),
                macs=seen.flops[each] // 2 if ran else None,
                seconds=times.get(each),
                **weight_facts(list(arrays(own).values())),
            )
        )
    return layers


def _own(module: nn.Module) -> dict[str, Tensor]:
    """The weights, the biggest kind first, and the statistics that a module itself holds."""
    deep = isinstance(module, _WHOLE)
    found: dict[str, Tensor] = dict(module.named_parameters(recurse=deep))
    found |= {name: tensor for name, tensor in module.named_buffers(recurse=deep) if name not in _ATTRIBUTES and tensor.is_floating_point()}
    return found


def _notes(layers: list[Layer], seen: _Seen, whole: float | None, hooked: float | None) -> tuple[str, ...]:
    notes = []
    if whole and hooked:
        more = (hooked / whole - 1) * 100
        total = sum(layer.seconds or 0.0 for layer in layers)
        notes.append(
            f"Timing each layer makes the network {max(more, 0):.0f} % slower: the whole takes {whole * 1e3:.3g} ms, "
            f"the layers add up to {total * 1e3:.3g} ms."
        )
    idle = [layer.name for layer in layers if layer.macs is None]
    if idle:
        shown = ", ".join(idle[:3]) + (", …" if len(idle) > 3 else "")
        were = "layer with weights was" if len(idle) == 1 else "layers with weights were"
        notes.append(f"{len(idle)} {were} not executed: {shown}.")
    return tuple(notes)
