"""What TorchScript files and exported programs take, give and hold. Loads them: only after trust was asked, from a private copy."""

import warnings
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from greenbench.core.artifact import Footprint
from greenbench.core.errors import FileFormatError
from greenbench.core.jobs import TensorFound
from greenbench.ml.files.archives import check_sums
from greenbench.ml.files.contents import Contents, precision_of

_EXPORT_ANEW = "Export it again with the version of PyTorch that is installed here, or give its weights and its architecture."


def load_script(path: Path, name: str) -> nn.Module:
    """A TorchScript module on the processor, in evaluation mode. Runs code of its author.

    Raises:
        FileFormatError: it is damaged, or cannot be loaded.
    """
    _check_whole(path, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that TorchScript is on its way out is not this file's fault
            module: nn.Module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except Exception as error:  # code of the author can raise anything
        raise FileFormatError(f"{name} cannot be loaded as TorchScript: {_line(error)}.", _EXPORT_ANEW) from error
    return module.eval()


def load_exported(path: Path, name: str) -> torch.export.ExportedProgram:
    """An exported program.

    Raises:
        FileFormatError: it is damaged, or cannot be loaded.
    """
    _check_whole(path, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.load(str(path))
    except Exception as error:  # the deserialiser raises whatever it meets
        raise FileFormatError(f"{name} cannot be loaded as an exported program: {_line(error)}.", _EXPORT_ANEW) from error


def _check_whole(path: Path, name: str) -> None:
    """torch loads a damaged weight without a word; the archive around it has a checksum."""
    if zipfile.is_zipfile(path):
        with open(path, "rb") as stream:
            check_sums(stream, name)


def look_script(module: nn.Module) -> Contents:
    """What a TorchScript module is. The sizes of its inputs are not in such a file."""
    inputs = tuple(TensorFound(name=each, shape=("?",), dtype=dtype) for each, dtype in script_arguments(module).items())
    tensors = dict(module.named_parameters()) | dict(module.named_buffers())
    return Contents(
        title="TorchScript",
        inputs=inputs if len(inputs) > 1 else (),
        parameters=_parameters(module),
        precision=_precision(tensors),
        notes=_script_notes(module),
        refusals=_not_numbers(tensors),
    )


_DTYPES = {"IntType": "int64", "FloatType": "float32", "BoolType": "bool", "NumberType": "float32", "TensorType": "float32"}


def script_arguments(module: nn.Module) -> dict[str, str]:
    """The arguments of a TorchScript module without a default, by name, with their types as arrays have them."""
    schema: Any = module.forward.schema  # type: ignore[attr-defined]
    return {each.name: _DTYPES.get(each.type.kind(), "?") for each in schema.arguments[1:] if not each.has_default_value()}


def look_exported(program: torch.export.ExportedProgram) -> Contents:
    """What an exported program is."""
    placed = {node.name: node.meta.get("val") for node in program.graph.nodes if node.op == "placeholder"}
    inputs = tuple(_found(str(name), placed.get(str(name))) for name in program.graph_signature.user_inputs)
    ends = next((node.args[0] for node in program.graph.nodes if node.op == "output"), ())
    given = {node.name: node.meta.get("val") for node in ends if isinstance(node, torch.fx.Node)}
    outputs = tuple(_found(str(name), given.get(str(name))) for name in program.graph_signature.user_outputs)
    tensors: dict[str, Any] = {name: value for name, value in program.state_dict.items() if isinstance(value, Tensor)}
    notes = [f"It has {len(outputs)} outputs; the first counts."] if len(outputs) > 1 else []
    return Contents(
        title="torch.export",
        inputs=inputs,
        outputs=outputs,
        parameters=sum(value.numel() for value in program.parameters()),
        precision=_precision(tensors),
        notes=tuple(notes),
        refusals=_not_numbers(tensors),
    )


def _found(name: str, value: Any) -> TensorFound:
    if not isinstance(value, Tensor):
        return TensorFound(name=name, shape=(), dtype=type(value).__name__)
    sides = tuple(side if isinstance(side, int) else str(side) for side in value.shape)
    return TensorFound(name=name, shape=sides, dtype=str(value.dtype).removeprefix("torch."))


def footprint(module: nn.Module, arguments: tuple[Tensor, ...] | None, path: Path) -> Footprint:
    """What a module weighs. FLOPs are None without arguments, and where the counter sees nothing of it (operators of its own)."""
    tensors = {id(each): each for each in module.parameters()}.values()
    return Footprint(
        parameters=sum(each.numel() for each in tensors),
        nonzero_parameters=sum(int(torch.count_nonzero(each.detach())) for each in tensors),
        flops=None if arguments is None else _flops(module, arguments),
        size_bytes=path.stat().st_size,
        layers=None,
    )


def _flops(module: nn.Module, arguments: tuple[Tensor, ...]) -> int | None:
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            module(*arguments)
    except (RuntimeError, TypeError, ValueError, NotImplementedError):
        return None
    return int(counter.get_total_flops()) // len(arguments[0]) or None


def _parameters(module: nn.Module) -> int:
    return sum(each.numel() for each in {id(each): each for each in module.parameters()}.values())


def _precision(tensors: dict[str, Any]) -> str:
    sizes: Counter[str] = Counter()
    for tensor in tensors.values():
        if not tensor.is_quantized:
            sizes[str(tensor.dtype).removeprefix("torch.")] += tensor.numel()
    return precision_of(dict(sizes))


def _script_notes(module: nn.Module) -> tuple[str, ...]:
    """What the first weight says of the input, whose size is not in the file."""
    first = next(iter(module.parameters()), None)
    if first is not None and first.dim() == 4:
        return (f"Its first layer looks at {first.shape[1]} channels.",)
    if first is not None and first.dim() == 2:
        return (f"Its first layer takes {first.shape[1]} numbers.",)
    return ()


def _not_numbers(tensors: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.element_size() > 1 and (count := int(torch.isnan(tensor).sum())):
            return ((f'{count:,} values of "{name}" are not numbers (NaN).', "Export an earlier checkpoint: the training came apart."),)
    return ()


def _line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300].rstrip(".") if lines else type(error).__name__
