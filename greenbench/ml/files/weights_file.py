"""Reads the numbers of a network from safetensors or a PyTorch checkpoint, without running anything that was not allowed."""

import hashlib
import io
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from greenbench.core.errors import FileFormatError, ModelError, TrustError
from greenbench.ml.files.archives import check_sums
from greenbench.ml.files.sniff import Kind, sniff
from greenbench.ml.files.trust import ALLOW, question

_KINDS = (Kind.SAFETENSORS, Kind.CHECKPOINT, Kind.OLD_CHECKPOINT, Kind.TAR_CHECKPOINT, Kind.PICKLE)
# Where training programs keep the weights inside what they save; averaged weights are those that are meant to be used.
_NESTED = (
    "state_dict_ema", "model_ema", "ema_state_dict", "ema", "state_dict", "model_state_dict", "model_state", "module", "model", "net",
    "network", "weights", "params", "teacher",
)  # fmt: skip
_PREFIXES = ("_orig_mod.", "module.", "model.", "net.", "network.", "backbone.", "encoder.", "student.")
_NAMED = 3
_AGAIN = "Get the file again; it may be half a download."


@dataclass(frozen=True)
class Weights:
    """Tensors by name, prefixes of wrappers taken off. `notes` say what was chosen and taken off."""

    state: dict[str, Tensor]
    sha256: str
    size_bytes: int
    metadata: dict[str, str]
    notes: tuple[str, ...] = ()

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: tuple(tensor.shape) for name, tensor in self.state.items()}


def read_weights(path: Path, trusted: frozenset[str] = frozenset(), name: str = "") -> Weights:
    """The weights in a file. What is checked and what is loaded are the same bytes: the file is read once. `name` is what to call it,
    where `path` is a copy.

    Raises:
        FileFormatError: it cannot be read, is cut short, or is no file of weights.
        TrustError: it is a pickle that would run code, and its hash is not in `trusted`.
        ModelError: it holds no tensors by name, or some of them are not numbers.
    """
    name = name or path.name
    found = sniff(path)
    if found.kind not in _KINDS:
        raise FileFormatError(f"{name} is a whole network ({found.kind}), not a file of weights.", "Load it as a model file.")
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if found.kind is Kind.SAFETENSORS:
        try:
            loaded: Any = dict(sorted(load_safetensors(content).items()))  # its own order changes from run to run
        except (SafetensorError, ValueError, KeyError) as error:
            raise FileFormatError(f"{name} cannot be read as safetensors: {_short(error)}.", "Get the file again.") from None
    else:
        if found.kind is Kind.CHECKPOINT:
            check_sums(io.BytesIO(content), name)  # torch itself does not look, and would load damaged weights
        loaded = _unpickled(content, path, name, sha256, trusted)
    state, notes = _flattened(loaded, name)
    _check_numbers(state, name)
    return Weights(state, sha256, len(content), dict(found.metadata), notes)


def _short(error: BaseException) -> str:
    """The first line of a library's reason, without the list of all that it would have taken."""
    lines = str(error).strip().splitlines()
    return (lines[0].partition(", expected one of")[0][:200] if lines else type(error).__name__).rstrip(".")


def _unpickled(content: bytes, path: Path, name: str, sha256: str, trusted: frozenset[str]) -> Any:
    """What a checkpoint holds. torch's loader of bare weights has the last word: it runs nothing, whatever our own look missed."""
    asked = question(path)
    if asked and sha256 not in trusted:
        raise TrustError(f"{name} is a {asked[0]} that you have not allowed. {asked[1]}", ALLOW)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old checkpoints are announced on standard error
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=not asked)
    except (ImportError, AttributeError) as error:  # the class of a pickled network
        raise ModelError(
            f"{name} is the pickle of a Python object whose class is not here: {error}.",
            "Save the state dict alone: torch.save(model.state_dict(), path).",
        ) from None
    except pickle.UnpicklingError as error:
        reason = str(error).strip().splitlines()[0]
        raise FileFormatError(f"{name} cannot be read as bare weights: {reason}", "Save them as safetensors.") from None
    except Exception as error:  # a damaged or hostile pickle can raise anything
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FileFormatError(f"{name} cannot be read: {reason}", _AGAIN) from error


def _flattened(loaded: Any, name: str) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The tensors by name in whatever a checkpoint holds, and what was done to find them."""
    notes: list[str] = []
    place = ""
    for _ in range(4):  # nested no deeper than anyone does
        if isinstance(loaded, nn.Module):
            loaded = loaded.state_dict()
        if not isinstance(loaded, Mapping):
            break
        if any(isinstance(value, Tensor) for value in loaded.values()):
            break
        inner = next((key for key in _NESTED if _holds_tensors(loaded.get(key))), None)
        if inner is None:
            break
        loaded, place = loaded[inner], f"{place}{inner} › "
    if not isinstance(loaded, Mapping):
        raise ModelError(
            f"{name} holds a {type(loaded).__name__}, not tensors by name.", "Save the state dict: torch.save(model.state_dict(), path)."
        )
    state = {str(key): value.detach() for key, value in loaded.items() if isinstance(value, Tensor)}
    if not state:
        keys = ", ".join(str(key) for key in list(loaded)[:_NAMED]) or "nothing"
        raise ModelError(f"{name} holds no tensors by name, but: {keys}.", "Save the state dict: torch.save(model.state_dict(), path).")
    if place:
        notes.append(f'The weights were found under "{place.removesuffix(" › ")}" in the file.')
    state, taken = strip_prefixes(state)
    if taken:
        notes.append(f'The prefix "{taken}" was taken off the names.')
    return state, tuple(notes)


def _holds_tensors(value: Any) -> bool:
    if isinstance(value, nn.Module):
        return True
    return isinstance(value, Mapping) and any(isinstance(each, Tensor | Mapping | nn.Module) for each in value.values())


def strip_prefixes(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], str]:
    """The tensors without the names that wrappers (DataParallel, torch.compile, Lightning) put before all of them, and those names.

    A counter that such a wrapper adds beside them (n_averaged of an averaged model) goes too.
    """
    found = {name: tensor for name, tensor in state.items() if name != "n_averaged"}
    taken = ""
    while prefix := next((each for each in _PREFIXES if found and all(name.startswith(each) for name in found)), ""):
        found = {name[len(prefix) :]: tensor for name, tensor in found.items()}
        taken += prefix
    return found, taken


def _check_numbers(state: Mapping[str, Tensor], file: str) -> None:
    """Demands that no weight is NaN."""
    broken = {name: count for name, tensor in state.items() if (count := _not_numbers(tensor))}
    if broken:
        name, count = next(iter(broken.items()))
        more = f" and {len(broken) - 1} more tensors have such values" if len(broken) > 1 else ""
        raise ModelError(
            f'{file}: {count:,} of {state[name].numel():,} values of "{name}" are not numbers (NaN){more}.',
            "The training that made it came apart; take an earlier checkpoint.",
        )


def _not_numbers(tensor: Tensor) -> int:
    if not tensor.is_floating_point() or tensor.is_meta:
        return 0
    if tensor.element_size() == 1:  # isnan does not know the 8-bit floats
        tensor = tensor.float()
    return int(torch.isnan(tensor).sum())
