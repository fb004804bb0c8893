"""Networks that PyTorch itself executes, from their files to something that takes a batch, and the operators that then run.

A TorchScript file can run code of its author. Here it is loaded without asking, because what lies in the cache was put there by a
source step, which loads a file only after comparing the hash of its bytes with what the user allowed.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from greenbench.core.artifact import ConstantInput, ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.run import Execution
from greenbench.core.step import Stored
from greenbench.ml.artifacts import load_module
from greenbench.ml.models import registry
from greenbench.ml.runtimes.runtime import Call, first_line

_WORDS = {
    torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16", torch.float64: "fp64", torch.int8: "int8", torch.uint8: "int8",
}  # fmt: skip
# What does the arithmetic, as PyTorch's dispatcher names it; the rest is element-wise, pooling, or bookkeeping.
_HEAVY = (
    "convolution", "_convolution", "conv", "addmm", "mm", "bmm", "baddbmm", "addbmm", "mv", "linear", "einsum", "mkldnn_convolution",
    "mkldnn_linear", "mkldnn_rnn_layer", "lstm", "gru", "rnn_tanh", "_thnn_fused_lstm_cell", "_scaled_dot_product", "_native_multi_head",
    "_int_mm", "_weight_int8pack_mm", "_cslt_sparse_mm", "_sparse_semi_structured",
)  # fmt: skip


@dataclass(frozen=True)
class Network:
    """A loaded network on its device. `forward` takes a batch as a tensor and gives whatever the network gives; `dtype` is that of
    its weights, None where it takes whole numbers (tokens) or has no floating-point weights."""

    forward: Callable[[Tensor], Any]
    module: nn.Module
    device: torch.device
    dtype: torch.dtype | None
    title: str

    def call(self, first: Any) -> Call:
        """What takes and gives arrays, made for a network whose outputs look like `first`. On a GPU it ends when the numbers are back
        in memory."""
        forward, device, dtype = self.forward, self.device, self.dtype
        plain = isinstance(first, Tensor)
        narrow = first_tensor(first, self.title).dtype in (torch.float16, torch.bfloat16)
        if plain and not narrow and device.type == "cpu" and dtype in (None, torch.float32):
            # Nothing to convert or move: the shortest way, since it is timed.
            def straight(batch: NDArray[Any]) -> NDArray[Any]:
                with torch.inference_mode():
                    outputs: NDArray[Any] = forward(torch.from_numpy(batch)).numpy()
                return outputs

            return straight

        def run(batch: NDArray[Any]) -> NDArray[Any]:
            with torch.inference_mode():
                outputs = forward(torch.from_numpy(batch).to(device=device, dtype=dtype))
                found = outputs if plain else first_tensor(outputs, self.title)
                array: NDArray[Any] = (found.float() if narrow else found).cpu().numpy()
            return array

        return run

    def tensor(self, batch: NDArray[Any]) -> Tensor:
        """A batch as the network takes it."""
        return torch.from_numpy(batch).to(device=self.device, dtype=self.dtype)


def import_library(stored: Stored) -> None:
    """Imports the library that a network is built from, which takes longer than loading it, and is none of the network's time.

    Raises:
        ModelError: it is not installed, or has no such network.
    """
    if stored.model.format == "torch" and stored.model.architecture is not None:
        registry.import_library(stored.model.architecture)


def load_network(stored: Stored, device: str, batch: int) -> Network:
    """A network of format torch, torchscript or exported, in evaluation mode.

    Raises:
        ModelError: another format, the file is damaged, or the device is not there.
    """
    loaders = {"torch": load_module, "torchscript": load_torchscript, "exported": _exported}
    load = loaders.get(stored.model.format, load_module)  # which says what else it is, and what to do
    return network_of(load(stored), stored, device, batch)


def network_of(module: nn.Module, stored: Stored, device: str, batch: int) -> Network:
    """A module as the network that an artefact describes.

    Raises:
        ModelError: the device is not there.
    """
    model, where = stored.model, torch.device(device)
    try:
        module = module.to(where)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(f'"{stored.title}" cannot be moved to {device}: {first_line(error)}', "Choose another device.") from None
    weights = [*module.parameters(), *module.buffers()]
    floats = next((each.dtype for each in weights if each.is_floating_point()), None)
    takes_floats = np.issubdtype(np.dtype(model.input.dtype), np.floating)
    forward = _with_constants(module, model, batch, where, floats)
    return Network(forward, module, where, floats if takes_floats else None, stored.title)


def load_torchscript(stored: Stored) -> nn.Module:
    """The module of a TorchScript artefact, on the CPU, in evaluation mode.

    Raises:
        ModelError: the file is damaged.
    """
    path = stored.file("weights")
    try:
        with warnings.catch_warnings():  # that the format is on its way out is for its author to hear, not for its user
            warnings.filterwarnings("ignore", message=".*torch.jit.load.* is deprecated", category=FutureWarning)
            module: nn.Module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, ValueError, OSError) as error:
        raise _unreadable(stored, path, "TorchScript", error) from None
    return module.eval()


def _exported(stored: Stored) -> nn.Module:
    module: nn.Module = exported_program(stored).module()
    return module  # already fixed in the mode it was exported in


def exported_program(stored: Stored) -> Any:
    """The torch.export.ExportedProgram of an artefact.

    Raises:
        ModelError: the file is damaged.
    """
    path = stored.file("weights")
    try:
        return torch.export.load(str(path))
    except Exception as error:  # noqa: BLE001 - the loader passes on whatever its unpacking meets
        raise _unreadable(stored, path, "torch.export", error) from None


def _unreadable(stored: Stored, path: Path, kind: str, error: BaseException) -> ModelError:
    return ModelError(f'"{stored.title}": {path.name} cannot be read as {kind}: {first_line(error)}', "Give the file anew.")


def _with_constants(
    module: nn.Module, model: ModelArtifact, batch: int, device: torch.device, floats: torch.dtype | None
) -> Callable[[Tensor], Any]:
    """The network as a function of its one varying input; the others are held."""
    if not model.constants:
        return module
    numbers = _plain_numbers(module)
    held = {each.name: _held(each, batch, device, floats, each.name in numbers) for each in model.constants}
    if model.format == "exported":
        return _in_order(module, held)
    return lambda batch: module(batch, **held)


def _in_order(module: nn.Module, held: dict[str, Any]) -> Callable[[Tensor], Any]:
    """An exported program takes its inputs by place, as they were given when it was made."""
    names = [node.name for node in module.graph.nodes if node.op == "placeholder"]  # type: ignore[union-attr]

    def forward(batch: Tensor) -> Any:
        return module(*(held.get(name, batch) for name in names))

    return forward


def _held(each: ConstantInput, batch: int, device: torch.device, floats: torch.dtype | None, plain: bool) -> Any:
    if plain:
        return each.value if each.dtype.startswith("float") else int(each.value)
    array = np.full(tuple(batch if side == -1 else side for side in each.shape), each.value, dtype=each.dtype)
    tensor = torch.from_numpy(array).to(device)
    return tensor.to(floats) if floats is not None and tensor.is_floating_point() else tensor


def _plain_numbers(module: nn.Module) -> frozenset[str]:
    """The arguments that a TorchScript file wants as Python numbers instead of tensors."""
    schema = getattr(getattr(module, "forward", None), "schema", None)
    kinds = ("IntType", "FloatType", "BoolType", "NumberType")
    return frozenset(each.name for each in schema.arguments if each.type.kind() in kinds) if schema is not None else frozenset()


def first_tensor(outputs: Any, title: str) -> Tensor:
    """The first tensor in whatever a network gives: a tensor, a tuple, a list, a dictionary, and these in each other.

    Raises:
        ModelError: there is none.
    """
    found = next(_tensors(outputs), None)
    if found is None:
        raise ModelError(f'"{title}" gives no tensor, but {type(outputs).__name__}.', "Choose a model whose first output is a tensor.")
    return found


def _tensors(outputs: Any) -> Iterator[Tensor]:
    if isinstance(outputs, Tensor):
        yield outputs
    elif isinstance(outputs, dict):
        for value in outputs.values():
            yield from _tensors(value)
    elif isinstance(outputs, list | tuple):
        for value in outputs:
            yield from _tensors(value)


class OperatorCount(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operators that are dispatched while it is entered, by name, and the heavy ones by the type they compute in."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kinds: Counter[str] = Counter()
        self.heavy: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if not func.is_view and not name.startswith("empty"):
            self.kinds[name] += 1
        if name.startswith(_HEAVY):
            dtype = first.dtype if (first := next(_tensors(result), None)) is not None else None
            self.heavy[_WORDS.get(dtype, str(dtype)) if dtype is not None else "?"] += 1
        return result


def counted(network: Network, batch: NDArray[Any]) -> OperatorCount:
    """What executes when the network answers a batch, operator by operator."""
    count = OperatorCount()
    # Under inference_mode composite operators are dispatched whole; without gradients alone one sees what they consist of.
    with torch.no_grad(), count:
        network.forward(network.tensor(batch))
    return count


def execution(network: Network, count: OperatorCount, runtime: str, threads: int) -> Execution:
    """What a count says; times are added by who measured them."""
    weights = _WORDS.get(network.dtype, "fp32") if network.dtype else "fp32"
    return Execution(
        runtime=runtime,
        version=f"PyTorch {torch.__version__}",
        device=device_words(network.device),
        precision=count.heavy.most_common(1)[0][0] if count.heavy else weights,
        by_precision=dict(count.heavy.most_common()),
        kernels=tuple(count.kinds.most_common()),
        threads=threads,
    )


def device_words(device: torch.device) -> str:
    """ "cpu", or the key with the GPU's name."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)
