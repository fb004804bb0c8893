"""The operators of an ONNX graph in its own order, with the time that ONNX Runtime's profiler gives each.

The runtime executes another graph than the file's: it fuses operators and adds changes of layout. A time is brought back to the file's
first operator among those that were fused; what belongs to none is told in a note.
"""

import json
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
from onnx import NodeProto, numpy_helper

from greenbench.core.errors import ModelError
from greenbench.core.jobs import Layer
from greenbench.core.step import StepContext, Stored
from greenbench.ml.answering import Array, runtime_words
from greenbench.ml.inside.found import Inside, layer_name, middle, repeated, unique, weight_facts
from greenbench.ml.onnx_graph import node_multiply_adds, trained, with_shapes
from greenbench.ml.runtimes.onnx_runtime import open_session
from greenbench.ml.runtimes.runtime import constants

_ROUNDING = frozenset({"QuantizeLinear", "DequantizeLinear"})
_SILENT = frozenset({"Constant", "Identity", "Dropout"}) | _ROUNDING
_CALLS = 30
_ADDED = re.compile(r"(_token_\d+|_nchwc|_nhwc|_quant|_kernel_time)$")
_FAMILY = re.compile(r"^(QLinear|Fused|NhwcFused|Nhwc|Q(?=[A-Z]))|(Integer|IntegerToFloat)$")


class _Graph:
    """A graph, and who makes and uses what in it."""

    def __init__(self, model: onnx.ModelProto) -> None:
        try:
            self.graph, self.shapes = with_shapes(model)
        except (ModelError, onnx.shape_inference.InferenceError):
            self.graph, self.shapes = model.graph, {}
        self.made_by = {name: node for node in self.graph.node for name in node.output if name}
        self.by_name = {node.name: node for node in self.graph.node if node.name}
        self.numbers = {tensor.name: tensor for tensor in self.graph.initializer}
        self.trained = {tensor.name for tensor in trained(self.graph)}
        self._live = self._from_input()

    def _from_input(self) -> set[str]:
        live = {value.name for value in self.graph.input} - self.numbers.keys()
        for node in self.graph.node:
            if live & set(node.input):
                live |= set(node.output)
        return live

    def rows(self) -> Iterator[NodeProto]:
        """The nodes that work on examples, less rounding and mere copies."""
        return (node for node in self.graph.node if node.op_type not in _SILENT and self._live & set(node.output))

    def weights(self, node: NodeProto) -> Iterator[tuple[str, Array, Array | None]]:
        """Name, numbers, and zero point of each tensor that the file gives to a node; scalars and whole-number arguments left out."""
        for name in node.input:
            zero, maker = None, self.made_by.get(name)
            if maker is not None and maker.op_type == "DequantizeLinear" and maker.input[0] in self.numbers:
                name, zero = maker.input[0], self._zero(maker)
            elif name in self.numbers and self.numbers[name].data_type in (onnx.TensorProto.INT64, onnx.TensorProto.BOOL):
                continue
            if name in self.numbers and self.numbers[name].dims:
                yield name, numpy_helper.to_array(self.numbers[name]), zero

    def _zero(self, node: NodeProto) -> Array | None:
        if len(node.input) < 3 or node.input[2] not in self.numbers:
            return None
        zero = numpy_helper.to_array(self.numbers[node.input[2]])
        if zero.size <= 1:
            return zero.reshape(())
        axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 1)
        form = [1] * len(self.numbers[node.input[0]].dims)
        form[axis] = zero.size
        return zero.reshape(form)


def view(stored: Stored, example: Array, threads: int, context: StepContext) -> Inside:
    """Looks into a graph.

    Raises:
        ModelError: the file is damaged, or the graph does not take the example.
    """
    path = stored.file("weights")
    session = open_session(path, threads, stored.title)
    held = constants(stored.model, len(example))
    free = next((each.name for each in session.get_inputs() if each.name not in held), "")
    feed = {**held, free: example}
    context.progress(0.3, "timing the graph")
    try:
        whole = middle(repeated(lambda: session.run(None, feed), context.check))
    except Exception as error:  # the binding's exceptions have no base of their own
        raise ModelError(f'"{stored.title}" does not take its own input: {str(error).splitlines()[0][:300]}', "Check its input.") from error
    context.progress(0.6, "timing each operator")
    events = _profiled(path, threads, stored.title, feed, context.check)
    context.progress(0.9, "looking at the weights")
    graph = _Graph(onnx.load(os.fspath(path)))
    times, rounding, added = _placed(graph, events)
    layers = _layers(graph, times)
    return Inside(runtime_words("onnxruntime"), tuple(unique(layers)), whole, _notes(graph, layers, whole, rounding, added))


def _profiled(path: Path, threads: int, title: str, feed: dict[str, Array], check: Callable[[], None]) -> dict[tuple[str, str], float]:
    """The median seconds that each executed operator took, by its name and kind."""
    spent: dict[tuple[str, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="greenbench-", ignore_cleanup_errors=True) as folder:
        session = open_session(path, threads, title, profile=Path(folder) / "profile")
        for _ in range(_CALLS):
            check()
            session.run(None, feed)
        for event in json.loads(Path(session.end_profiling()).read_bytes()):
            if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
                spent[(event["name"], event["args"].get("op_name", ""))].append(event["dur"] / 1e6)
    # The first calls meet cold caches. A name that occurs twice in a call counts twice.
    return {key: (middle(seconds[len(seconds) // 5 :]) or 0.0) * max(len(seconds) // _CALLS, 1) for key, seconds in spent.items()}


def _placed(graph: _Graph, events: dict[tuple[str, str], float]) -> tuple[dict[str, float], float, float]:
    """Seconds by the first output of the file's own operators, then those of rounding, then those of operators the file does not have."""
    times: dict[str, float] = defaultdict(float)
    rounding = added = 0.0
    for (name, kind), seconds in events.items():
        node = _origin(graph, name, kind)
        if kind in _ROUNDING or (node is not None and node.op_type in _ROUNDING):
            rounding += seconds
        elif node is None:
            added += seconds
        else:
            times[node.output[0]] += seconds
    return times, rounding, added


def _origin(graph: _Graph, name: str, kind: str) -> NodeProto | None:
    """The file's operator that an executed one came from: named alike, or the nearest before it of the same kind."""
    plain = name
    while (shorter := _ADDED.sub("", plain)) != plain and plain not in graph.by_name:
        plain = shorter
    start = graph.by_name.get(plain) or graph.made_by.get(plain)
    waiting: list[NodeProto] = [start] if start is not None else []
    seen: set[str] = set()
    while waiting:
        node = waiting.pop(0)
        if _family(node.op_type) == _family(kind):
            return node
        for made in node.input:
            maker = graph.made_by.get(made)
            if maker is not None and maker.output[0] not in seen:
                seen.add(maker.output[0])
                waiting.append(maker)
    return None


def _family(kind: str) -> str:
    plain = _FAMILY.sub("", kind)
    return "MatMul" if plain in ("Gemm", "DynamicQuantizeMatMul", "MatMulNBits") else plain


def _layers(graph: _Graph, times: dict[str, float]) -> list[Layer]:
    layers = []
    counted: set[str] = set()
    for node in graph.rows():
        weights = list(graph.weights(node))
        fresh = [name for name, _, _ in weights if name in graph.trained and name not in counted]
        counted |= set(fresh)
        zero = weights[0][2] if weights else None
        arrays = [array for _, array, _ in weights]
        layers.append(
            Layer(
                name=next((found for name, _, _ in weights if (found := layer_name(name))), "")
                or _scope(node)
                or node.name
                or node.output[0],
                kind=node.op_type,
                shape=graph.shapes.get(node.output[0], ())[1:],
                parameters=sum(array.size for name, array, _ in weights if name in fresh),
                macs=_macs(node, graph.shapes),
                seconds=times.get(node.output[0]),
                **weight_facts(arrays, zero),
            )
        )
    return layers


def _macs(node: NodeProto, shapes: dict[str, tuple[int, ...]]) -> int | None:
    try:
        return node_multiply_adds(node, shapes)
    except ModelError:
        return None


def _scope(node: NodeProto) -> str:
    """The layer of the PyTorch network that the exporter notes: the last but one of "['', 'stem', 'stem.2', 'relu']"."""
    text = next((entry.value for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"), "")
    scopes = re.findall(r"'([^']*)'", text)
    return scopes[-2] if len(scopes) > 1 else ""


def _notes(graph: _Graph, layers: list[Layer], whole: float | None, rounding: float, added: float) -> tuple[str, ...]:
    notes = []
    total = sum(layer.seconds or 0.0 for layer in layers) + rounding + added
    fused = sum(layer.seconds is None for layer in layers)
    if whole:
        notes.append(
            f"The whole takes {whole * 1e3:.3g} ms; the runtime's own profiler, which costs time itself, adds up to {total * 1e3:.3g} ms."
        )
    if fused:
        notes.append(
            f"{fused} operators have no time of their own: the runtime fused or removed them; a fused time stands at its first part."
        )
    pairs = sum(node.op_type == "DequantizeLinear" for node in graph.graph.node)
    if pairs:
        notes.append(f"{pairs} operators that round and scale are not listed; those that remain take {rounding * 1e3:.3g} ms.")
    if added:
        notes.append(f"Operators that the runtime added (changes of layout) take {added * 1e3:.3g} ms.")
    return tuple(notes)
