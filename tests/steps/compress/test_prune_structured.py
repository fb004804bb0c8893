"""Prune channels: a smaller model that answers, batch norms that fit it, masks of the new shape."""

import pytest
import torch

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import DataError, ModelError, StepError
from greenbench.core.step import Inputs, Stored
from greenbench.ml.artifacts import Blueprint, load_masks, load_module, save_module
from greenbench.ml.models import architecture_for, build
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


def test_data_for_testing_only_make_batch_norms_anew_on_their_calibration_examples(
    trained, digits, model_only, context, new_context, right
):
    held = {name: split for name, split in digits.dataset.splits.items() if name in ("calibration", "test")}
    testing = Stored(digits.dataset.model_copy(update={"splits": held}), digits.folder, "d", "Tested")
    params = StructuredParams(ratio=0.25, multiple=1)
    made = apply(Inputs({"model": (trained,), "data": (testing,)}), params, context).outputs["model"]
    assert ("info", "batch-norm statistics made anew on 100 calibration images") in context.logs
    alone = new_context()
    bare = apply(model_only, params, alone).outputs["model"]
    assert right(load_module(Stored(made, context.folder, "n", "A"))) > right(load_module(Stored(bare, alone.folder, "n", "B")))


def test_random_inputs_make_no_batch_norms(trained, digits, context):
    noise = digits.dataset.model_copy(update={"random": True, "splits": {"calibration": digits.dataset.splits["calibration"]}})
    with pytest.raises(DataError, match=r"no training examples.*latency only"):
        apply(Inputs({"model": (trained,), "data": (Stored(noise, digits.folder, "d", "Noise"),)}), HALF, context)


def test_a_network_without_batch_norms_touches_no_data(digits, context, tmp_path):
    torch.manual_seed(0)
    plan = Blueprint(architecture_for("mlp", digits.dataset.input, 10, 32), digits.dataset.input, digits.dataset.classes)
    module = build(plan.architecture)
    assert not any(isinstance(layer, torch.nn.modules.batchnorm._BatchNorm) for layer in module.modules())
    model = Stored(save_module(module, tmp_path, plan, trained=True, step="Train"), tmp_path, "t", "Plain")
    gone = Stored(digits.dataset.model_copy(update={"splits": {}}), tmp_path / "nowhere", "d", "Gone")
    outcome = apply(Inputs({"model": (model,), "data": (gone,)}), HALF, context)
    assert outcome.outputs["model"].footprint.parameters < model.model.footprint.parameters
    assert not any("batch" in text for _, text in context.logs)


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


def test_taylor_scores_look_at_training_examples_and_need_data(linked, model_only, context, new_context, handed_on, right):
    params = StructuredParams(ratio=0.25, multiple=1, importance="taylor", scope="global")
    assert right(load_module(handed_on(apply(linked, params, context), context))) > 0.5
    with pytest.raises(StepError, match="on examples"):
        apply(model_only, params, new_context())


def test_cuts_with_training_between_end_at_the_ratio(linked, trained, context, handed_on, right):
    params = StructuredParams(ratio=0.5, multiple=1, cuts=2, epochs=1, learning_rate=0.05)
    outcome = apply(linked, params, context)
    facts = {fact.title: fact for fact in outcome.facts}
    assert facts["Channels"].value == facts["Channels"].before / 2
    assert facts["Trainings"].value == 1
    assert handed_on(outcome, context).model.footprint.parameters < 0.35 * trained.model.footprint.parameters


def test_training_between_cuts_keeps_the_masks(linked, model_only, digits, context, new_context, handed_on):
    sparse = handed_on(prune_weights(model_only, MagnitudeParams(sparsity=0.5, scope="layer"), context), context)
    context = new_context()
    params = StructuredParams(ratio=0.5, multiple=4, cuts=2, epochs=1)
    made = handed_on(apply(Inputs({"model": (sparse,), "data": (digits,)}), params, context), context)
    module, masks = load_module(made), load_masks(made)
    assert set(masks) == set(load_masks(sparse))
    assert all(not module.get_parameter(name)[~mask].any() for name, mask in masks.items())


def test_a_named_block_keeps_its_width(linked, trained, context, new_context, handed_on):
    made = load_module(handed_on(apply(linked, StructuredParams(ratio=0.5, multiple=1, keep="blocks.0"), context), context))
    whole = load_module(trained)
    assert made.blocks[0].second[0].weight.shape == whole.blocks[0].second[0].weight.shape
    assert made.blocks[2].first[0].out_channels < whole.blocks[2].first[0].out_channels
    with pytest.raises(StepError, match=r'no layer "blocks\.7" to leave alone'):
        apply(linked, StructuredParams(keep="blocks.7"), new_context())


def test_what_may_slow_the_smaller_model_is_read_off_it(linked, context):
    outcome = apply(linked, StructuredParams(ratio=0.4, multiple=1), context)
    told = [fact.text for fact in outcome.facts if fact.title == "May slow it"]
    module = load_module(Stored(outcome.outputs["model"], context.folder, "n", "N"))
    odd = [layer for layer in module.modules() if isinstance(layer, torch.nn.Conv2d) and layer.out_channels % 8]
    inner = sum(isinstance(layer, torch.nn.Conv2d) for layer in module.modules())
    assert any(text.startswith(f"{len(odd)} of {inner} layers have a number of channels that is no multiple of 8") for text in told)
