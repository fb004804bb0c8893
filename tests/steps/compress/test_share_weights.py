"""Share weights: few values, a small packed file that reads back, fine-tuning that helps and keeps the sharing."""

import numpy as np
import pytest
import torch

from greenbench.core.artifact import TRAINING_WORK
from greenbench.core.step import Inputs
from greenbench.ml.artifacts import load_masks, load_module
from greenbench.ml.compress import layers, packed
from greenbench.steps.prune_magnitude.apply import apply as prune_weights
from greenbench.steps.prune_magnitude.spec import MagnitudeParams
from greenbench.steps.share_weights.apply import apply
from greenbench.steps.share_weights.spec import SharingParams


def most_distinct(module) -> int:
    return max(len(layer.weight.unique()) for layer in layers.weighted_layers(module).values())


def test_the_packed_file_reads_back_to_the_saved_model_and_its_ledger_adds_up(model_only, trained, context, handed_on):
    outcome = apply(model_only, SharingParams(bits=4, conv_bits=4), context)
    made = handed_on(outcome, context)
    state = load_module(made).state_dict()
    back = packed.read(made.file("packed"))
    assert set(back) == set(state)
    assert all(np.array_equal(back[name], value.numpy()) for name, value in state.items())
    parts = sum(fact.value for fact in outcome.facts if fact.title.startswith("Coded: "))
    size = made.file("packed").stat().st_size
    assert parts == size == made.model.footprint.size_coded_bytes
    assert size < 0.25 * trained.model.footprint.size_coded_bytes
    assert made.model.footprint.size_bytes == pytest.approx(trained.model.footprint.size_bytes, rel=0.01)
    assert most_distinct(load_module(made)) <= 16
    assert "further would undo it" in made.model.notes[-1]


def test_fine_tuning_the_shared_values_helps_and_keeps_them_shared(linked, model_only, context, new_context, handed_on, right):
    plain = right(load_module(handed_on(apply(model_only, SharingParams(bits=2, conv_bits=2), context), context)))
    context = new_context()
    outcome = apply(linked, SharingParams(bits=2, conv_bits=2, epochs=3), context)
    module = load_module(handed_on(outcome, context))
    assert right(module) > plain
    assert most_distinct(module) <= 4
    assert {name for name, _ in context.metrics} >= {"loss", "accuracy"}
    facts = {fact.title: fact.value for fact in outcome.facts}
    assert "Accuracy, validation" in facts
    assert facts[TRAINING_WORK] == outcome.outputs["model"].training_flop - linked.one("model").model.training_flop > 0


def test_pruned_weights_stay_zero_through_sharing_and_fine_tuning(model_only, digits, context, new_context, handed_on):
    sparse = handed_on(prune_weights(model_only, MagnitudeParams(sparsity=0.6), context), context)
    context = new_context()
    made = handed_on(apply(Inputs({"model": (sparse,), "data": (digits,)}), SharingParams(epochs=1), context), context)
    module, masks = load_module(made), load_masks(made)
    assert {name: mask.sum() for name, mask in masks.items()} == {name: mask.sum() for name, mask in load_masks(sparse).items()}
    for name, mask in masks.items():
        weight = module.get_parameter(name)
        assert not weight[~mask].any()
        assert len(weight[mask].unique()) <= 16


def test_zero_epochs_leave_the_values_as_k_means_found_them(linked, model_only, context, new_context, handed_on):
    first = load_module(handed_on(apply(model_only, SharingParams(), context), context)).state_dict()
    context = new_context()
    second = load_module(handed_on(apply(linked, SharingParams(epochs=0), context), context)).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
