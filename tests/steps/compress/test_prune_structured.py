"""Prune channels: a smaller model that answers, batch norms that fit it, masks of the new shape."""

import pytest
import torch

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import ModelError, StepError
from greenbench.core.step import Inputs, Stored
from greenbench.ml.artifacts import load_masks, load_module
from greenbench.steps.prune_magnitude.apply import apply as prune_weights
from greenbench.steps.prune_magnitude.spec import MagnitudeParams
from greenbench.steps.prune_structured.apply import apply
from greenbench.steps.prune_structured.spec import StructuredParams

HALF = StructuredParams(ratio=0.5, multiple=4)


def test_the_saved_model_is_really_smaller_and_reloads_to_the_same_answers(linked, trained, context, handed_on):
    outcome = apply(linked, HALF, context)
    made = handed_on(outcome, context)
    before, after = trained.model.footprint, made.model.footprint
    assert after.parameters < 0.35 * before.parameters
    assert after.flops < 0.4 * before.flops
    assert after.size_bytes < 0.5 * before.size_bytes
    module = load_module(made)
    assert sum(parameter.numel() for parameter in module.parameters()) == after.parameters
    assert module(torch.zeros(3, 1, 8, 8)).shape == (3, 10)
    facts = {fact.title: fact for fact in outcome.facts}
    assert facts["Channels"].value == facts["Channels"].before / 2
    assert outcome.headline == f"{100 * after.parameters / before.parameters:.0f} % of params"


def test_batch_norms_made_anew_on_training_data_help(linked, model_only, context, new_context, handed_on, right):
    params = StructuredParams(ratio=0.25, multiple=1)
    with_data = right(load_module(handed_on(apply(linked, params, context), context)))
    context = new_context()
    outcome = apply(model_only, params, context)
    assert with_data > right(load_module(handed_on(outcome, context)))
    assert "Batch-norm statistics are still those of the whole network" in outcome.outputs["model"].notes[-1]


def test_masks_of_magnitude_pruning_survive_in_the_new_shape(model_only, linked, digits, context, new_context, handed_on):
    sparse = handed_on(prune_weights(model_only, MagnitudeParams(sparsity=0.5, scope="layer"), context), context)
    context = new_context()
    made = handed_on(apply(Inputs({"model": (sparse,), "data": (digits,)}), HALF, context), context)
    module, masks = load_module(made), load_masks(made)
    assert set(masks) == set(load_masks(sparse))
    for name, mask in masks.items():
        assert mask.shape == module.get_parameter(name).shape
        assert torch.equal(mask, module.get_parameter(name) != 0)
    assert any(masks[name].numel() < mask.numel() for name, mask in load_masks(sparse).items())


def test_a_ratio_that_empties_a_layer_is_refused(linked, context):
    with pytest.raises(StepError, match=r'^"Compress 1": ratio 0\.99 leaves 0 channels in \S+; at most 0\.87 keeps one\.'):
        apply(linked, StructuredParams(ratio=0.99), context)


def test_an_onnx_graph_is_refused(trained, context):
    graph = ModelArtifact(**{**trained.model.model_dump(), "format": "onnx"})
    with pytest.raises(ModelError, match="ONNX"):
        apply(Inputs({"model": (Stored(graph, trained.folder, "x", "Graph"),)}), HALF, context)


def test_the_same_seed_gives_the_same_model(linked, context, new_context, handed_on):
    first = load_module(handed_on(apply(linked, HALF, context), context)).state_dict()
    context = new_context()
    second = load_module(handed_on(apply(linked, HALF, context), context)).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
