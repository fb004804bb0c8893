"""Weights of a known network from a local file: bare numbers only, and every tensor that does not fit is named."""

import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from greenbench.core.errors import FileFormatError, ModelError
from greenbench.ml.files.sniff import Kind, sniff
from greenbench.ml.models.adapting import load_fitting

# How training scripts wrap the weights they save, and the prefixes that wrappers around a network leave in the names.
_NESTS = ("state_dict", "model_state_dict", "model_state", "model", "net", "weights", "state_dict_ema", "model_ema")
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.")
_CHECKPOINTS = (Kind.CHECKPOINT, Kind.OLD_CHECKPOINT)
_COUNTER = "num_batches_tracked"  # torch before 0.4.1 did not write it, and no answer depends on it
_NAMED = 4


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file or of a PyTorch state dict, by name, on the CPU; nothing in the file is executed.

    Raises:
        FileFormatError: it is something else, damaged, or needs more than numbers.
        ModelError: there are no tensors in it.
    """
    found = sniff(path)
    if found.kind is Kind.SAFETENSORS:
        try:
            return load_file(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise FileFormatError(f"{path.name} cannot be read: {error}.", "Get the file again.") from None
    if found.kind not in _CHECKPOINTS:
        raise FileFormatError(f"{path.name} is a {found.kind.value} file, not bare weights.", "Use the step Model file for it.")
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise FileFormatError(
            f"{path.name} holds more than numbers: reading it would run code, so it was not read.",
            "Save its state_dict() alone, best as safetensors.",
        ) from None
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, AttributeError) as error:
        raise FileFormatError(f"{path.name} cannot be read: {_first_line(error)}", "Get the file again.") from None
    return _tensors(loaded, path.name)


def _tensors(loaded: Any, name: str) -> dict[str, Tensor]:
    for nest in _NESTS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(nest), Mapping):
            loaded = loaded[nest]
    found = {key: value for key, value in loaded.items() if isinstance(value, Tensor)} if isinstance(loaded, Mapping) else {}
    if not found:
        raise ModelError(f"There are no named tensors in {name}.", "Choose a file that was saved from a network's state_dict().")
    return {str(key): tensor.detach() for key, tensor in found.items()}


def load_state(module: nn.Module, state: Mapping[str, Tensor], file: str, network: str) -> bool:
    """Loads the weights into the network, in place; returns whether its last layer had to start anew, because the file is for another
    number of outputs. First-layer filters are converted to the network's channels.

    Raises:
        ModelError: names missing, unexpected or reshaped keep the file from being this network's; or a weight is not a number.
    """
    own = module.state_dict()
    fitted = _without_prefix(state, own)
    missing = [name for name in own if name not in fitted and not name.endswith(_COUNTER)]
    unexpected = [name for name in fitted if name not in own]
    if missing or unexpected:
        parts = [f"{word}: {_listed(names)}" for word, names in (("missing", missing), ("unexpected", unexpected)) if names]
        raise ModelError(f"{file} does not hold the weights of {network}; {'; '.join(parts)}.", "Choose the network they were saved from.")
    broken = next((name for name, tensor in fitted.items() if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all())), "")
    if broken:
        raise ModelError(f"{file}: {broken} has values that are not numbers.", "Get the file again, or train the network again.")
    anew = load_fitting(module, fitted)
    wrong = [name for name in anew if not _other_outputs(own[name], fitted[name])]
    if wrong or len(anew) > 2:
        shapes = (f"{name} {_size(fitted[name])} instead of {_size(own[name])}" for name in (wrong or anew)[:_NAMED])
        raise ModelError(f"{file} does not fit {network} as it is built here: {', '.join(shapes)}.", "Choose its width, size and channels.")
    return bool(anew)


def _other_outputs(own: Tensor, given: Tensor) -> bool:
    """Whether two tensors differ in their first axis alone, as the last layer does for another number of classes."""
    return own.dim() == given.dim() and own.dim() <= 2 and own.shape[1:] == given.shape[1:]


def _without_prefix(state: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state with the prefix of a wrapper taken off its names, where that brings them nearer to the network's."""
    best = dict(state)
    for _ in range(2):
        for prefix in _PREFIXES:
            if all(name.startswith(prefix) for name in best):
                shorter = {name.removeprefix(prefix): tensor for name, tensor in best.items()}
                if len(shorter.keys() & own.keys()) > len(best.keys() & own.keys()) or not best.keys() & own.keys():
                    best = shorter
    return best


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:_NAMED]) + (f" and {len(every) - _NAMED} more" if len(every) > _NAMED else "")


def _size(tensor: Tensor) -> str:
    return "×".join(str(side) for side in tensor.shape) or "one number"


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
