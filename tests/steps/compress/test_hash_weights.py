"""Hash weights: a small file that loads back, learns, and is unfolded in ONNX."""

import pytest
import torch

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import StepError
from greenbench.core.step import Inputs, Stored
from greenbench.ml.artifacts import Blueprint, load_module, save_module
from greenbench.ml.compress import packed
from greenbench.ml.export import export_onnx
from greenbench.ml.models import architecture_for, build
from greenbench.steps.hash_weights.apply import apply
from greenbench.steps.hash_weights.spec import HashParams
from greenbench.steps.train.apply import apply as train
from greenbench.steps.train.spec import TrainParams

INPUT = InputSpec(shape=(1, 8, 8), mean=(0.3,), std=(0.4,))


@pytest.fixture
def dense(tmp_path) -> Stored:
    """64-64-64-10, not trained."""
    torch.manual_seed(0)
    plan = Blueprint(architecture_for("mlp", INPUT, 10, 64), INPUT, tuple("0123456789"))
    return Stored(save_module(build(plan.architecture), tmp_path, plan), tmp_path, "m", "Network")


def test_the_plain_file_shrinks_and_the_multiply_adds_do_not(dense, context, handed_on):
    made = handed_on(apply(Inputs({"model": (dense,)}), HashParams(ratio=0.125), context), context).model
    before = dense.model.footprint
    assert made.footprint.flops == before.flops
    # 1/8 of 64·64, 64·64 and 64·10 weights, and of 64, 64 and 10 biases, rounded up
    assert made.footprint.parameters == 512 + 512 + 80 + 8 + 8 + 2
    assert made.footprint.size_bytes < before.size_bytes / 5
    assert [change.kind for change in made.architecture.changes] == ["hashed"] * 3


def test_a_hashed_network_learns_and_stays_hashed(dense, digits, context, new_context, handed_on, right):
    hashed = handed_on(apply(Inputs({"model": (dense,)}), HashParams(ratio=0.25), context), context)
    assert right(load_module(hashed)) < 0.3
    second = new_context()
    outcome = train(Inputs({"model": (hashed,), "data": (digits,)}), TrainParams(epochs=10, learning_rate=0.1), second)
    learnt = handed_on(outcome, second)
    assert right(load_module(learnt)) > 0.85
    assert learnt.model.footprint.parameters == hashed.model.footprint.parameters
    weight = load_module(learnt)[1].weight.detach().abs()
    assert len(weight.unique()) <= 64 * 64 / 4


def test_the_onnx_file_answers_alike_and_holds_the_weights_unfolded(dense, context, new_context, handed_on):
    hashed = handed_on(apply(Inputs({"model": (dense,)}), HashParams(ratio=0.125), context), context)
    folder = new_context().folder
    graph = Stored(export_onnx(hashed, folder), folder, "x", "Exported")
    shapes = sorted(tuple(sorted(array.shape)) for array in packed.onnx_arrays(graph.file("weights")).values() if array.size > 64)
    assert shapes == [(10, 64), (64, 64), (64, 64)]
    assert graph.model.footprint.flops == hashed.model.footprint.flops


def test_a_trained_network_gets_the_nearest_values_and_says_what_that_cost(trained, digits, context, handed_on, right):
    """Only the classifier of a residual network is dense; its values are fitted, and data gives accuracy before and after."""
    outcome = apply(Inputs({"model": (trained,), "data": (digits,)}), HashParams(ratio=0.5), context)
    made = handed_on(outcome, context)
    assert [change.layer for change in made.model.architecture.changes] == ["classifier"]
    accuracy = next(fact for fact in outcome.facts if fact.title.startswith("Accuracy"))
    assert accuracy.before == pytest.approx(0.95, abs=0.05)
    assert 0.1 < right(load_module(made)) <= right(load_module(trained)) + 0.02
    assert next(fact for fact in outcome.facts if fact.title == "Values").text == "the nearest to the trained weights"


def test_a_layer_that_does_not_exist_is_named(dense, context):
    with pytest.raises(StepError, match='no layer "head"'):
        apply(Inputs({"model": (dense,)}), HashParams(keep="head"), context)
