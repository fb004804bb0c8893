"""Prune weights: exact sparsity, masks that last, honest facts."""

import pytest
import torch

from greenbench.core.errors import StepError
from greenbench.core.step import Inputs
from greenbench.ml.artifacts import load_masks, load_module
from greenbench.steps.prune_magnitude.apply import apply
from greenbench.steps.prune_magnitude.spec import MagnitudeParams


def test_the_saved_model_has_the_sparsity_asked_for_and_its_masks(model_only, trained, context, handed_on):
    outcome = apply(model_only, MagnitudeParams(sparsity=0.8), context)
    made = handed_on(outcome, context)
    module, masks = load_module(made), load_masks(made)
    total = sum(mask.numel() for mask in masks.values())
    assert sum(int((~mask).sum()) for mask in masks.values()) == round(0.8 * total)
    for name, mask in masks.items():
        assert not module.get_parameter(name)[~mask].any()
    facts = {fact.title: fact for fact in outcome.facts}
    assert facts["Weights at zero"].value == pytest.approx(0.8, abs=1 / total)
    assert facts["Coded size"].value < 0.35 * facts["Coded size"].before
    assert facts["FLOPs"].before is None  # unchanged: zeros are multiplied like other numbers
    assert facts["Distinct weights"].value < facts["Distinct weights"].before
    assert made.model.lineage == ("Train", "Compress 1")
    assert outcome.headline.endswith("% left")


def test_the_input_model_is_left_as_it_was(model_only, trained, context):
    before = load_module(trained).state_dict()
    apply(model_only, MagnitudeParams(), context)
    assert all(torch.equal(value, before[name]) for name, value in load_module(trained).state_dict().items())


def test_pruning_again_keeps_the_first_masks(model_only, context, new_context, handed_on):
    first = handed_on(apply(model_only, MagnitudeParams(sparsity=0.5), context), context)
    context = new_context()
    second = handed_on(apply(Inputs({"model": (first,)}), MagnitudeParams(sparsity=0.7), context), context)
    for name, mask in load_masks(second).items():
        assert not (mask & ~load_masks(first)[name]).any()


def test_less_sparsity_than_the_model_has_is_said(model_only, context, new_context, handed_on):
    first = handed_on(apply(model_only, MagnitudeParams(sparsity=0.5), context), context)
    context = new_context()
    second = apply(Inputs({"model": (first,)}), MagnitudeParams(sparsity=0.2), context).outputs["model"]
    assert "50 % of these weights at zero already" in second.notes[-1]


def test_an_impossible_sparsity_names_node_and_layer(model_only, context):
    with pytest.raises(StepError, match=r'^"Compress 1": ratio 0\.9999 leaves no weight in \S+; at most 0\.9\d+ keeps one\.'):
        apply(model_only, MagnitudeParams(sparsity=0.9999, scope="layer"), context)
