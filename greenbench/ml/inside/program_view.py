"""The operators of a torch.export program, one by one: run by an interpreter that counts and times each."""

import time
from collections import defaultdict
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils.flop_counter import FlopCounterMode

from greenbench.core.errors import ModelError
from greenbench.core.jobs import Layer
from greenbench.core.step import StepContext, Stored
from greenbench.ml.answering import Array, runtime_words
from greenbench.ml.compress.packed import arrays
from greenbench.ml.inside.found import Inside, layer_name, middle, repeated, unique, weight_facts
from greenbench.ml.runtimes.networks import exported_program
from greenbench.ml.runtimes.runtime import constants

_PLUMBING = ("getitem", "_assert", "sym_", "detach", "lift_fresh", "_to_copy", "eq", "ge", "le")


class _Watching(fx.Interpreter):
    """Runs a graph node by node. With a counter it notes multiply-adds and shapes, without one the seconds."""

    def __init__(self, module: fx.GraphModule, counter: FlopCounterMode | None) -> None:
        super().__init__(module)
        self._counter = counter
        self.macs: dict[str, int] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def run_node(self, n: fx.Node) -> Any:
        before = self._counter.get_total_flops() if self._counter else 0
        started = time.perf_counter()
        result = super().run_node(n)
        if self._counter is None:
            self.seconds[n.name].append(time.perf_counter() - started)
            return result
        self.macs[n.name] = (self._counter.get_total_flops() - before) // 2
        several = result if isinstance(result, list | tuple) else (result,)
        first = next((each for each in several if isinstance(each, Tensor)), None)
        if first is not None:
            self.shapes[n.name] = tuple(first.shape[1:])
        return result


def view(stored: Stored, example: Array, threads: int, context: StepContext) -> Inside:
    """Looks into a program.

    Raises:
        ModelError: the file is damaged, or the program does not take the example.
    """
    torch.set_num_threads(threads)
    module: Any = exported_program(stored).module()
    x = torch.from_numpy(example)
    held = {name: torch.from_numpy(value) for name, value in constants(stored.model, len(example)).items()}
    inputs = [held.get(node.name, x) for node in module.graph.nodes if node.op == "placeholder"]
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            counted = _Watching(module, counter)
            counted.run(*inputs)
        context.progress(0.4, "timing the operators")
        with torch.inference_mode():
            whole = middle(repeated(lambda: module(*inputs), context.check))
            timed = _Watching(module, None)
            repeated(lambda: timed.run(*inputs), context.check)
    except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
        raise ModelError(f'"{stored.title}" does not take its own input: {str(error).splitlines()[0]}', "Check its input.") from error
    state = dict(module.named_parameters()) | dict(module.named_buffers())
    layers = _layers(module, counted, timed, state)
    total = sum(layer.seconds or 0.0 for layer in layers)
    notes = []
    if whole:
        notes.append(
            f"Operators were run one by one from Python: they add up to {total * 1e3:.3g} ms, the whole takes {whole * 1e3:.3g} ms."
        )
    return Inside(runtime_words("eager"), tuple(unique(layers)), whole, tuple(notes))


def _layers(module: Any, counted: _Watching, timed: _Watching, state: dict[str, Tensor]) -> list[Layer]:
    layers = []
    seen: set[str] = set()
    for node in module.graph.nodes:
        kind = getattr(node.target, "__name__", str(node.target)).partition(".")[0]
        if node.op != "call_function" or kind.startswith(_PLUMBING):
            continue
        used = [arg.target for arg in node.all_input_nodes if arg.op == "get_attr" and arg.target in state]
        own = {name: state[name] for name in used if state[name].is_floating_point() or state[name].dim()}
        fresh = [name for name in own if name not in seen and isinstance(state[name], torch.nn.Parameter)]
        seen |= set(own)
        name = next((found for target in used if (found := layer_name(target))), "") or _scope(node) or node.name
        layers.append(
            Layer(
                name=name,
                kind=kind,
                shape=counted.shapes.get(node.name, ()),
                parameters=sum(state[each].numel() for each in fresh),
                macs=counted.macs.get(node.name),
                seconds=middle(timed.seconds[node.name][3:]),
                **weight_facts(list(arrays(own).values())),
            )
        )
    return layers


def _scope(node: fx.Node) -> str:
    """The layer of the original network that made the operator."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    return str(stack[-1][0]) if stack else ""
