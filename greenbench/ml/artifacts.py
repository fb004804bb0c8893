"""Networks to files and back, without pickles: safetensors hold the numbers, `Architecture` says how to build the rest.

A structurally pruned network differs from the one its architecture builds in tensor shapes and in a few whole numbers
(channels, groups, features). The shapes are in the file anyway; the numbers that differ go into its header. Loading
builds the architecture, sets both, and then demands that every tensor of the file has its place.
"""

import json
import shutil
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from greenbench.core.artifact import Architecture, InputSpec, LayerChange, ModelArtifact
from greenbench.core.errors import ModelError, StepError
from greenbench.core.runtimes import FORMAT_NOUNS
from greenbench.core.step import Stored
from greenbench.ml.footprint import footprint
from greenbench.ml.models import build
from greenbench.ml.models.registry import PYTHON
from greenbench.ml.models.versions import versioned
from greenbench.ml.unfilled import unfilled

WEIGHTS = "model.safetensors"
MASKS = "masks.safetensors"
_GEOMETRY = "geometry"
_TOKENIZER = "tokenizer"
HALVES = {"fp16": torch.float16, "bf16": torch.bfloat16}
"""The precisions in which a network's numbers take two bytes."""
_GIVE_WEIGHTS = "Give its weights and its architecture instead."

Geometry = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Blueprint:
    """What a module cannot say of itself, for a network that was not a `ModelArtifact` before."""

    architecture: Architecture
    input: InputSpec
    classes: tuple[str, ...]
    trained: bool = False
    task: str = "classification"
    notes: tuple[str, ...] = ()
    origin: str = ""
    licence: str = ""
    digest: str = ""


def save_module(
    module: nn.Module,
    folder: Path,
    like: Stored | ModelArtifact | Blueprint,
    masks: Mapping[str, Tensor] | None = None,
    trained: bool | None = None,
    step: str = "",
) -> ModelArtifact:
    """Writes a module's weights into `folder` and describes it; input, task, classes and history are those of `like`. The tokenizer of a
    text model goes along where `like` is `Stored`.

    `masks` has a boolean tensor (True: kept) for each pruned parameter, by its name in the module. `trained` None keeps
    what `like` says. `step` is appended to the lineage. The coded size of a large network that was no artefact before is left open.

    Raises:
        StepError: a mask does not fit its parameter, or a weight that it removed is not zero.
        ModelError: the folder cannot be written.
    """
    beside = like if isinstance(like, Stored) else None
    like = like.model if isinstance(like, Stored) else like
    if like.architecture is None:
        noun = FORMAT_NOUNS[like.format] if isinstance(like, ModelArtifact) else "no network of the library"
        raise ModelError(f"This model is {noun}; it has no weights that can be saved as a network.", "Use the model before export.")
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in module.state_dict().items()}
    kept = {name: mask.detach().cpu().to(torch.bool).contiguous() for name, mask in (masks or {}).items()}
    _check_masks(state, kept)
    geometry = _differences(_plain_build(like.architecture), module)
    header = {_GEOMETRY: json.dumps(geometry, sort_keys=True)} if geometry else None
    files = {"weights": WEIGHTS}
    _write(state, folder / WEIGHTS, header)
    if kept:
        files["masks"] = MASKS
        _write(kept, folder / MASKS, None)
    if beside is not None and _TOKENIZER in beside.model.files:
        files[_TOKENIZER] = beside.model.files[_TOKENIZER]
        _copy(beside.file(_TOKENIZER), folder / files[_TOKENIZER])
    before = like if isinstance(like, ModelArtifact) else None
    return ModelArtifact(
        format="torch",
        files=files,
        architecture=like.architecture,
        input=like.input,
        task=like.task,
        classes=like.classes,
        trained=like.trained if trained is None else trained,
        footprint=footprint(module, like.input, folder / WEIGHTS, coded=before is not None),
        lineage=((before.lineage if before else ()) + ((step,) if step else ())),
        notes=like.notes,
        origin=like.origin,
        licence=like.licence,
        digest=like.digest,
        training_flop=before.training_flop if before else 0.0,
    )


def changed(stored: Stored, changes: Iterable[LayerChange]) -> Stored:
    """The artefact a network was loaded from, as the `like` to save it by after layers were replaced.

    Raises:
        ModelError: it is no network with an architecture.
    """
    architecture = stored.model.architecture
    if architecture is None:
        raise ModelError(f'"{stored.title}" is {FORMAT_NOUNS[stored.model.format]}; its layers cannot be replaced.', _GIVE_WEIGHTS)
    after = architecture.model_copy(update={"changes": (*architecture.changes, *changes)})
    return replace(stored, artifact=stored.model.model_copy(update={"architecture": after}))


def load_module(stored: Stored) -> nn.Module:
    """The network of an artefact, on the CPU, in evaluation mode; a fresh one with each call, so steps cannot share it.

    Raises:
        ModelError: it is no PyTorch network any more, or the file is damaged or not of this architecture.
    """
    artifact = stored.model
    if artifact.format != "torch" or artifact.architecture is None:
        raise ModelError(
            f'"{stored.title}" is {FORMAT_NOUNS[artifact.format]}, which cannot be trained or pruned any further.',
            _GIVE_WEIGHTS if artifact.digest else "Connect the model before it was converted.",
        )
    path = stored.file("weights")
    state, header = _read(path, stored.title)
    with torch.random.fork_rng(devices=[]), _filling(artifact.architecture):
        module = build(artifact.architecture)
    if artifact.precision in HALVES:
        module = module.to(HALVES[artifact.precision])
    try:
        _set_geometry(module, json.loads(header.get(_GEOMETRY, "{}")))
        _resize(module, state)
        module.load_state_dict(versioned(module, state), strict=True)
    except (RuntimeError, KeyError, AttributeError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelError(
            f'"{stored.title}": the weights do not fit the network {artifact.architecture.name}: {reason}',
            "Run the step that made them again.",
        ) from None
    return module.eval()


def _filling(architecture: Architecture) -> AbstractContextManager[None]:
    """How to build what is loaded right after. The code of a user's own file is left to itself."""
    return nullcontext() if architecture.name == PYTHON else unfilled()


def load_masks(stored: Stored) -> dict[str, Tensor]:
    """The boolean masks of an artefact by parameter name (True: kept); empty if nothing was pruned."""
    if "masks" not in stored.model.files:
        return {}
    return _read(stored.file("masks"), stored.title)[0]


def apply_masks(module: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Sets the masked weights to exactly zero, in place.

    Raises:
        StepError: a mask does not fit the network.
    """
    named = dict(module.named_parameters())
    _check_shapes({name: parameter.shape for name, parameter in named.items()}, masks)
    with torch.no_grad():
        for name, mask in masks.items():
            # Not a product: 0 × NaN or 0 × inf would leave NaN, and −w × 0 leaves −0.
            named[name].masked_fill_(~mask.to(named[name].device), 0.0)


def _check_masks(state: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    _check_shapes({name: tensor.shape for name, tensor in state.items()}, masks)
    for name, mask in masks.items():
        revived = int(torch.count_nonzero(state[name][~mask]))
        if revived:
            raise StepError(f"{revived} pruned weights of {name} are no longer zero.", "A step must keep the masks it was given.")


def _check_shapes(shapes: Mapping[str, torch.Size], masks: Mapping[str, Tensor]) -> None:
    for name, mask in masks.items():
        if name not in shapes:
            raise StepError(f"A pruning mask is for {name}, which this network does not have.", "Prune the network again.")
        if shapes[name] != mask.shape:
            raise StepError(
                f"The pruning mask of {name} has the shape {tuple(mask.shape)}, the weights {tuple(shapes[name])}.",
                "Prune channels first, single weights after.",
            )


def _plain_build(architecture: Architecture) -> nn.Module:
    """The network as its architecture says, where possible without memory: only its whole numbers are looked at."""
    with torch.random.fork_rng(devices=[]):
        try:
            with torch.device("meta"):
                return build(architecture)
        except (NotImplementedError, RuntimeError):  # a constructor that computes with real values
            return build(architecture)


def _differences(plain: nn.Module, module: nn.Module) -> Geometry:
    """The numbers in which the layers of `module` differ from those of `plain`, by layer name."""
    found: Geometry = {}
    layers = dict(plain.named_modules())
    for name, layer in module.named_modules():
        if name not in layers:
            raise ModelError(f"The network has a layer {name} that its architecture does not know.", "Please report this.")
        for attribute, value in vars(layer).items():
            other = vars(layers[name]).get(attribute)
            if attribute != "training" and _is_number(value) and _is_number(other) and value != other:
                found.setdefault(name, {})[attribute] = value
    return found


def _is_number(value: Any) -> bool:
    """A whole number, or a tuple of them (the shape of a LayerNorm)."""
    parts = value if isinstance(value, tuple) else (value,)
    return bool(parts) and all(type(part) is int for part in parts)


def _set_geometry(module: nn.Module, geometry: Geometry) -> None:
    layers = dict(module.named_modules())
    for name, numbers in geometry.items():
        for attribute, value in numbers.items():
            number = tuple(value) if isinstance(value, list) else value
            if not _is_number(number) or not _is_number(vars(layers[name])[attribute]):
                raise ValueError(f"{name}.{attribute} cannot be {value!r}")
            setattr(layers[name], attribute, number)


def _resize(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Gives each tensor of the module the shape that the file has for it."""
    for name, layer in module.named_modules():
        prefix = f"{name}." if name else ""
        for own in (layer._parameters, layer._buffers):
            for leaf, tensor in list(own.items()):
                stored = state.get(prefix + leaf)
                if tensor is None or stored is None or tensor.shape == stored.shape:
                    continue
                if tensor.dim() != stored.dim():
                    raise ValueError(f"{prefix}{leaf} has {stored.dim()} dimensions instead of {tensor.dim()}")
                empty = torch.empty(stored.shape, dtype=tensor.dtype)
                is_parameter = isinstance(tensor, nn.Parameter)
                own[leaf] = nn.Parameter(empty, tensor.requires_grad) if is_parameter else empty


def _write(tensors: dict[str, Tensor], path: Path, header: dict[str, str] | None) -> None:
    try:
        save_file(tensors, path, metadata=header)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path.name} cannot be written: {error}.", "Make room on the disk, or choose another data folder.") from None


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise ModelError(f"{target.name} cannot be written: {error}.", "Make room on the disk, or choose another data folder.") from None


def _read(path: Path, title: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
        return load_file(path), header
    except (SafetensorError, OSError) as error:
        raise ModelError(f'"{title}": {path.name} cannot be read: {error}.', "Clear the cache and run again.") from None
