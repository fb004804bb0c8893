"""The layers of an ONNX graph by the names their author knows, what of them executes in int8, and how a quantiser is run: shared by the
ways to quantise a graph."""

import contextlib
import fnmatch
import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto
from onnxruntime.quantization.shape_inference import quant_pre_process

from greenbench.core.errors import Cancelled, GreenBenchError, StepError
from greenbench.ml.runtimes.onnx_runtime import open_session, operators

Array = NDArray[Any]

# Operators of an optimised graph that multiply and add, by what they compute in. A MatMulNBits multiplies floats, or blocks of rounded
# ones, as its accuracy level says: it is counted by the level.
INT8_OPERATORS = frozenset(
    {
        "QLinearConv", "QLinearMatMul", "QGemm", "ConvInteger", "MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul",
        "QAttention", "DynamicQuantizeLSTM",
    }
)  # fmt: skip
FLOAT_OPERATORS = frozenset(
    {"Conv", "FusedConv", "ConvTranspose", "Gemm", "FusedGemm", "MatMul", "FusedMatMul", "Attention", "LSTM", "GRU", "RNN"}
)
LAYERS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN"})
IN_BLOCKS = 4  # the accuracy level at which a MatMulNBits rounds its input to 8 bits and multiplies integers
_SHOWN = 5


@dataclass(frozen=True)
class Watch:
    """How a long work is watched: `check` raises Cancelled when Stop was pressed, `progress` hears how far it is."""

    check: Callable[[], None] = lambda: None
    progress: Callable[[float], None] = lambda _fraction: None

    def part(self, start: float, end: float) -> "Watch":
        """For a part of the work."""
        return Watch(self.check, lambda done: self.progress(start + (end - start) * done))


@dataclass(frozen=True)
class Executed:
    """What the runtime made of the graph on this machine: the heavy operators it runs in int8 and those left in floats."""

    int8: int
    floats: int
    left: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return self.int8 + self.floats

    @property
    def sentence(self) -> str:
        """How many of the convolutions and matrix products execute in int8, and which kinds do not."""
        text = f"{self.int8} of {self.total} convolutions and matrix products execute in int8 on this machine"
        return f"{text}; in floating point: {', '.join(self.left)}." if self.left else f"{text}."


def executed(path: Path, scratch: Path, title: str = "The model") -> Executed:
    """Optimises a graph as the runtime does before it executes and counts the heavy operators; `scratch` is a free file name."""
    try:
        open_session(path, 1, title, scratch)
        counts = operators(scratch)
        in_blocks = sum(node.op_type == "MatMulNBits" and in_int8_blocks(node) for node in onnx.load(str(scratch)).graph.node)
    finally:
        scratch.unlink(missing_ok=True)
    left = {name: counts[name] for name in sorted(FLOAT_OPERATORS) if counts[name]}
    if counts["MatMulNBits"] > in_blocks:
        left["MatMulNBits"] = counts["MatMulNBits"] - in_blocks
    int8 = sum(counts[name] for name in INT8_OPERATORS) + in_blocks
    return Executed(int8, sum(left.values()), tuple(f"{count} × {name}" for name, count in left.items()))


def in_int8_blocks(node: NodeProto) -> bool:
    """Whether a MatMulNBits may round what comes in and multiply integers."""
    return any(attribute.name == "accuracy_level" and attribute.i == IN_BLOCKS for attribute in node.attribute)


def demand_floats(path: Path) -> None:
    """Raises StepError if the graph is quantised already."""
    counts = operators(path)
    taken = {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulNBits", *INT8_OPERATORS}
    if any(counts[name] for name in taken):
        raise StepError("This model is already quantised.", "Quantise the model before that.")


def prepared(source: Path, target: Path) -> Path:
    """Folds batch norms and infers shapes; some graphs defeat the symbolic inference, for which ONNX's own then stands in."""
    try:
        quant_pre_process(str(source), str(target))
    except Exception as error:  # noqa: BLE001  (the symbolic inference raises bare Exception)
        logging.getLogger(__name__).info("symbolic shape inference gave up: %s", error)
        quant_pre_process(str(source), str(target), skip_symbolic_shape=True)
    return target


def layers_of(graph: onnx.GraphProto) -> dict[str, tuple[str, ...]]:
    """The convolutions, matrix products and recurrent layers that hold weights, or stand in the layer that a PyTorch network's author
    named: names of nodes by that layer."""
    held = {tensor.name for tensor in graph.initializer}
    found: dict[str, list[str]] = {}
    for node in graph.node:
        if node.op_type in LAYERS and node.name:
            found.setdefault(_layer(node, held), []).append(node.name)
    return {name: tuple(nodes) for name, nodes in found.items()}


def _layer(node: NodeProto, held: set[str]) -> str:
    """By the weight it takes ("layer1.0.conv1.weight"), else by what the exporter notes ("['', 'stem', 'stem.2', 'conv2d']"), else its
    own name."""
    weight = node.input[1] if len(node.input) > 1 else ""
    if weight in held and weight.endswith(".weight"):
        return weight.removesuffix(".weight")
    noted = next((entry.value for entry in node.metadata_props if entry.key == "pkg.torch.onnx.name_scopes"), "")
    scopes = re.findall(r"'([^']*)'", noted)
    return (scopes[-2] if len(scopes) > 1 else "") or node.name


def chosen(layers: dict[str, tuple[str, ...]], text: str) -> tuple[str, ...]:
    """The layers that a list of names or patterns ("stem.*, classifier") means, in the order of the graph.

    Raises:
        StepError: a name that is none of the layers, or there is no name at all.
    """
    wanted = [part for part in re.split(r"[,;\s]+", text) if part]
    if not wanted:
        raise StepError("No layer is named that is to stay in floating point.", f"The layers are {_some(list(layers))}.")
    found: set[str] = set()
    for pattern in wanted:
        matching = {name for name, nodes in layers.items() if fnmatch.fnmatchcase(name, pattern) or pattern in nodes}
        if not matching:
            near = get_close_matches(pattern, layers, n=3, cutoff=0.4)
            remedy = f"Nearest: {', '.join(near)}." if near else f"The layers are {_some(list(layers))}."
            raise StepError(f'There is no layer "{pattern}".', remedy)
        found |= matching
    return tuple(name for name in layers if name in found)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}" if names else "none"


@contextlib.contextmanager
def quantising(what: str, remedy: str) -> Iterator[io.StringIO]:
    """Catches what a quantiser prints, warns and logs, and tells what it raises in a sentence.

    Raises:
        StepError: the quantiser failed.
    """
    said = io.StringIO()
    root = logging.getLogger()
    level = root.level
    try:
        with contextlib.redirect_stdout(said), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            root.setLevel(logging.ERROR)
            yield said
    except (GreenBenchError, Cancelled, MemoryError, OSError):
        raise
    except Exception as error:  # the quantisers' exceptions have no base of their own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise StepError(f"{what}: {reason}", remedy) from error
    finally:
        root.setLevel(level)


def answering(path: Path, threads: int = 1) -> Callable[[dict[str, Array]], Array]:
    """What runs a graph on named arrays and gives its first output, in floats.

    Raises:
        ModelError: the file cannot be loaded.
    """
    session = open_session(path, threads, path.name)
    output = session.get_outputs()[0].name
    return lambda feed: np.asarray(session.run([output], feed)[0], dtype=np.float32)
