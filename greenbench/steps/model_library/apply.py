"""Builds a network and writes its weights."""

import torch

from greenbench.core.artifact import InputSpec, ModelArtifact
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.artifacts import Blueprint, save_module
from greenbench.ml.models import architecture_for, build, build_pretrained, check_output, default_input
from greenbench.ml.panel import compact, model_facts
from greenbench.steps.model_library.spec import LibraryParams


def apply(inputs: Inputs, params: LibraryParams, context: StepContext) -> StepOutcome:
    """Builds the network for the linked data, or for the sizes given, and checks that its outputs fit.

    Raises:
        ModelError: no such network, no such weights, or it cannot take such input.
    """
    usual = default_input(params.name)
    linked = inputs.many("data")
    if linked:
        data = linked[0].dataset
        wanted, classes = data.input, data.classes
    else:
        wanted, classes = _asked(usual, params), tuple(str(index) for index in range(params.classes))
    architecture = architecture_for(params.name, wanted, len(classes), params.width or None)
    context.progress(0.1, f"building {architecture.name}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)
        module = build_pretrained(architecture) if params.pretrained else build(architecture)
    context.check()
    check_output(module, wanted, len(classes), architecture.name)
    made = save_module(module, context.folder, Blueprint(architecture, wanted, classes, params.pretrained), step=context.title)
    if params.pretrained and linked and (wanted.mean, wanted.std) != (usual.mean, usual.std):
        made = _with_note(made, context)
    return StepOutcome({"model": made}, model_facts(made), f"{compact(made.footprint.parameters)} params")


def _asked(usual: InputSpec, params: LibraryParams) -> InputSpec:
    channels, height, width = usual.shape
    shape = (params.channels or channels, params.size or height, params.size or width)
    if shape[0] == channels:
        return InputSpec(shape=shape, mean=usual.mean, std=usual.std)
    return InputSpec(shape=shape, mean=(0.0,) * shape[0], std=(1.0,) * shape[0])


def _with_note(made: ModelArtifact, context: StepContext) -> ModelArtifact:
    note = "The pretrained weights expect another normalisation than this data has; train the model before judging it."
    context.log(note, "warning")
    return made.model_copy(update={"notes": (*made.notes, note)})
