"""Two ONNX graphs of which one takes a known share longer, and the real bench processes that time them.

The graph is a chain of 200 equal layers (64 to 64, ReLU), so that a slowdown is planted by more of the same layers: 10 more are 5 % more
work of the same kind, and 4 more 2 %. How much longer that really takes is measured directly (`true_ratio`), call by call in one process.
"""

import contextlib
import math
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from greenbench.analysis.intervals import block_mean
from greenbench.core.artifact import Footprint, InputSpec, ModelArtifact
from greenbench.core.clock import now_ns
from greenbench.core.fit import Fit
from greenbench.core.step import Stored
from greenbench.engine.bench.examples import Examples
from greenbench.engine.bench.variant import BenchChild, Variant, described
from greenbench.ml.runtimes.onnx_runtime import open_session

WIDTH = 64
LAYERS = 200
_SURE = 0.005
SLOWER_5, SLOWER_2 = LAYERS + 10, LAYERS + 4


def chain(path: Path, layers: int, width: int = WIDTH) -> None:
    """Writes the graph; equal layers share no weights, as in a real network."""
    random = np.random.default_rng(0)
    nodes, weights, before = [], [], "input"
    for index in range(layers):
        scale = np.sqrt(2 / width)
        weights.append(numpy_helper.from_array(random.normal(0, scale, (width, width)).astype(np.float32), f"w{index}"))
        last = index == layers - 1
        nodes.append(helper.make_node("MatMul", [before, f"w{index}"], ["logits" if last else f"m{index}"]))
        if not last:
            nodes.append(helper.make_node("Relu", [f"m{index}"], [f"r{index}"]))
        before = f"r{index}"
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", width])
    answer = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", width])
    graph = helper.make_graph(nodes, "chain", [given], [answer], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)


def stored(folder: Path, layers: int) -> Stored:
    """A chain as a benchmark receives it."""
    place = folder / f"chain-{layers}"
    place.mkdir(exist_ok=True)
    chain(place / "model.onnx", layers)
    size = (place / "model.onnx").stat().st_size
    footprint = Footprint(parameters=layers * WIDTH**2, nonzero_parameters=layers * WIDTH**2, size_bytes=size)
    classes = tuple(str(index) for index in range(WIDTH))
    model = ModelArtifact(
        format="onnx", files={"weights": "model.onnx"}, input=InputSpec(shape=(WIDTH,)), classes=classes, footprint=footprint
    )
    return Stored(model, place, "", f"chain of {layers}")


class Models:
    """A folder with chains and examples, and processes that time them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.examples = folder / "examples.npy"
        np.save(self.examples, np.random.default_rng(1).random((64, WIDTH), dtype=np.float32))
        self._made: dict[int, Stored] = {}

    def chain(self, layers: int) -> Stored:
        if layers not in self._made:
            self._made[layers] = stored(self.folder, layers)
        return self._made[layers]

    def child(self, letter: str, layers: int) -> BenchChild:
        """A bench process that has loaded a chain; the caller closes it."""
        model = self.chain(layers)
        variant = Variant(letter, model.title, letter, model, model, Examples(self.examples, Fit(model.model.classes)))
        child = BenchChild(variant, 1, lambda: None)
        child.ask(
            "load", model=described(model), runtime="onnxruntime", threads=1, device="cpu", batch=1, examples=str(self.examples),
            judged=False, cores=[],
        )  # fmt: skip
        return child


@contextlib.contextmanager
def models() -> Iterator[Models]:
    """The models in a folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="greenbench-planted-") as folder:
        yield Models(Path(folder))


def true_ratio(made: Models, layers: int, others: int, seconds: float = 2.0, pairs: tuple[int, int] = (6, 15)) -> tuple[float, float]:
    """How much longer the second chain takes, and half the 95 % interval of that, on the logarithm.

    Both sessions are in this process and are called in turn; each ratio is one of two neighbouring calls. The session that was made
    second is a few per cent faster, be it the same graph, because of where it comes to lie in memory: so each is made first as often as
    second, and a pair is both, `seconds` each. At least the first of `pairs`, at most the second: until it is known within half a per cent.
    """
    logs: list[float] = []
    while True:
        there = _in_turn(made, layers, others, seconds)
        back = _in_turn(made, others, layers, seconds)
        logs.append((math.log(there) - math.log(back)) / 2)
        if len(logs) < pairs[0]:
            continue
        mean = block_mean(logs)
        half = mean.ends[1] - mean.value
        if half <= _SURE or len(logs) >= pairs[1]:
            return math.exp(mean.value), half


def _in_turn(made: Models, first: int, second: int, seconds: float) -> float:
    """The median ratio second : first of neighbouring calls, the sessions made in that order."""
    x = np.load(made.examples)[:1]
    runs = [open_session(made.chain(count).file("weights"), 1, "chain") for count in (first, second)]
    ratios: list[float] = []
    end = now_ns() + int(seconds * 1e9)
    while now_ns() < end or len(ratios) < 40:
        times = [0, 0]
        for index in (0, 1) if len(ratios) % 2 == 0 else (1, 0):
            begin = now_ns()
            runs[index].run(None, {"input": x})
            times[index] = now_ns() - begin
        ratios.append(times[1] / times[0])
    return statistics.median(ratios[10:])
