"""Builds a network and writes its weights."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from greenbench.core.artifact import Architecture, DatasetArtifact, InputSpec
from greenbench.core.errors import ModelError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.core.task import TASKS
from greenbench.ml.artifacts import Blueprint, save_module
from greenbench.ml.models import Published, architecture_for, build, build_pretrained, check_output, published, resolve
from greenbench.ml.models.efficientnet import compound
from greenbench.ml.models.own import NETWORKS
from greenbench.ml.models.state_files import load_state, read_state
from greenbench.ml.panel import compact, model_facts
from greenbench.steps.model_library.spec import LibraryParams

_USUAL_CLASSES = 10
_OPTIONS = ("hidden_layers", "width_multiplier", "depth_multiplier", "groups", "shuffle", "dropout", "small_images")


def apply(inputs: Inputs, params: LibraryParams, context: StepContext) -> StepOutcome:
    """Builds the network for the linked data, or for the sizes given, and checks that its outputs fit.

    Raises:
        ModelError: no such network, no such weights, or it cannot take such input.
    """
    full = resolve(params.name)
    usual = published(full)
    linked = inputs.many("data")
    data = linked[0].dataset if linked else None
    task = _task(full, usual, data)
    wanted = _grown(_input(usual, params, data), params)
    classes = _classes(usual, params, data, task)
    architecture = architecture_for(full, wanted, len(classes) or 1, params.width or None, _options(full, params))
    context.progress(0.1, f"building {full}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module, anew = _with_weights(architecture, params, usual.outputs)
    context.check()
    check_output(module, wanted, len(classes), full, task)
    blueprint = Blueprint(
        architecture,
        wanted,
        classes,
        trained=_has_weights(params) and not anew,
        task=task,
        notes=_notes(context, anew),
        origin=_origin(full, params),
        licence=usual.licence,
    )
    made = save_module(module, context.folder, blueprint, step=context.title)
    return StepOutcome({"model": made}, model_facts(made), f"{compact(made.footprint.parameters)} params")


def _options(full: str, params: LibraryParams) -> dict[str, Any]:
    """What was chosen of the arguments that only some networks have."""
    chosen = {name: value for name in _OPTIONS if (value := getattr(params, name)) != LibraryParams.model_fields[name].default}
    if params.compound:
        own = NETWORKS[full].options if full in NETWORKS else {}
        if not full.startswith("efficientnet"):
            raise ModelError(f"{full} has no compound coefficient.", "Only efficientnet and efficientnet_small have.")
        width, depth, _ = compound(params.compound)
        chosen.setdefault("width_multiplier", own["width_multiplier"] * width)
        chosen.setdefault("depth_multiplier", own["depth_multiplier"] * depth)
    return chosen


def _grown(wanted: InputSpec, params: LibraryParams) -> InputSpec:
    """The input at the resolution of the compound formula, unless a size was asked for."""
    if not params.compound or params.size or len(wanted.shape) != 3:
        return wanted
    channels, *sides = wanted.shape
    return wanted.model_copy(update={"shape": (channels, *(round(side * compound(params.compound)[2]) for side in sides))})


def _task(full: str, usual: Published, data: DatasetArtifact | None) -> str:
    """What the model is for: the data's task where the network can learn it, else its own."""
    if data is None or usual.task != "classification" or data.random:
        return usual.task
    if TASKS[data.task].trainable:
        return data.task
    noun = TASKS[data.task].title.lower()
    raise ModelError(f"{full} is for {TASKS[usual.task].title.lower()}, the data set is for {noun}.", f"Choose a network for {noun}.")


def _input(usual: Published, params: LibraryParams, data: DatasetArtifact | None) -> InputSpec:
    """What the model takes: its weights' own preprocessing where it has weights, else the data as it is; sizes as asked for."""
    own = usual.input
    if own.kind == "text" and (data is None or data.random or data.input.kind == "text"):
        return own.model_copy(update={"shape": (params.words,)})
    keeps_own = _has_weights(params) or usual.task == "detection"
    if data is None or len(data.input.shape) != 3:
        return _asked(own, params) if data is None else data.input
    side = (params.size, params.size) if params.size else tuple(data.input.shape[1:])
    if keeps_own and len(own.shape) == 3 and usual.available:
        return own.model_copy(update={"shape": (own.shape[0], *side)})
    return data.input.model_copy(update={"shape": (data.input.shape[0], *side)})


def _asked(usual: InputSpec, params: LibraryParams) -> InputSpec:
    if len(usual.shape) != 3:
        return usual
    channels, height, width = usual.shape
    shape = (params.channels or channels, params.size or height, params.size or width)
    if shape[0] == channels:
        return usual.model_copy(update={"shape": shape})
    return InputSpec(shape=shape, mean=(0.0,) * shape[0], std=(1.0,) * shape[0])


def _classes(usual: Published, params: LibraryParams, data: DatasetArtifact | None, task: str) -> tuple[str, ...]:
    """The names of the outputs: the data's, those of the published weights, or numbers; none for a regression."""
    if not TASKS[task].has_classes:
        return ()
    if data is not None and data.task == task and not data.random:
        return data.classes
    # A network of another task than the data's keeps its own classes: it is run, not judged.
    names = usual.classes if _has_weights(params) or task != "classification" else ()
    count = len(data.classes) if data is not None and data.task == task else params.classes
    count = count or len(names) or (usual.outputs if _has_weights(params) else 0) or _USUAL_CLASSES
    return names if count == len(names) else tuple(str(index) for index in range(count))


def _has_weights(params: LibraryParams) -> bool:
    return params.pretrained or bool(params.weights_file)


def _with_weights(architecture: Architecture, params: LibraryParams, published_outputs: int) -> tuple[nn.Module, bool]:
    """The network with the weights that were asked for, and whether its last layer had to start anew."""
    if params.weights_file:
        path = Path(params.weights_file).expanduser()
        module = build(architecture)
        return module, load_state(module, read_state(path), path.name, architecture.name)
    if params.pretrained:
        return build_pretrained(architecture), published_outputs != architecture.arguments["classes"]
    return build(architecture), False


def _notes(context: StepContext, anew: bool) -> tuple[str, ...]:
    if not anew:
        return ()
    note = "The last layer started anew, because the weights are for another number of classes; before training its answers mean nothing."
    context.log(note, "warning")
    return (note,)


def _origin(full: str, params: LibraryParams) -> str:
    if params.weights_file:
        return f"{full}, weights from {Path(params.weights_file).name}"
    return f"{full}, pretrained weights" if params.pretrained else full
