"""Quantize-aware training: really int8, about as right as before, described as what it is."""

import numpy as np
import onnxruntime
import pytest

from greenbench.core.artifact import TRAINING_WORK
from greenbench.core.errors import Cancelled, StepError
from greenbench.core.step import Inputs
from greenbench.ml.artifacts import load_module
from greenbench.steps.hash_weights.apply import apply as hash_weights
from greenbench.steps.hash_weights.spec import HashParams
from greenbench.steps.prune_magnitude.apply import apply as prune_weights
from greenbench.steps.prune_magnitude.spec import MagnitudeParams
from greenbench.steps.quantize_aware.apply import apply
from greenbench.steps.quantize_aware.spec import SPEC, AwareParams


@pytest.fixture(scope="module")
def done(trained, digits, new_context):
    context = new_context()
    return apply(Inputs({"model": (trained,), "data": (digits,)}), AwareParams(epochs=1), context), context


def test_the_int8_model_is_about_as_right_as_the_float_one(done, trained, handed_on, right):
    made = handed_on(*done)
    session = onnxruntime.InferenceSession(str(made.file("weights")), providers=["CPUExecutionProvider"])
    correct = right(lambda x: session.run(None, {session.get_inputs()[0].name: x})[0])
    assert correct > right(load_module(trained)) - 0.03


def test_it_is_described_as_what_it_is(done, trained):
    outcome, context = done
    made = outcome.outputs["model"]
    layers = trained.model.footprint.layers
    assert (made.format, made.precision, made.lineage) == ("onnx", "int8", ("Train", "Compress 1"))
    assert made.notes[-2] == f"{layers} of {layers} convolutions and matrix products execute in int8 on this machine."
    assert made.notes[-1].startswith("Simulated and executed agree on ")
    facts = {fact.title: fact for fact in outcome.facts}
    assert facts["Executes in int8"].value == layers
    assert facts["Executed as trained"].value > 0.98
    assert facts["Accuracy, validation"].before > 0.9
    assert facts["File size"].value < 0.5 * trained.model.footprint.size_bytes
    assert [path.name for path in context.folder.iterdir()] == ["model.int8.onnx"]


def test_its_training_adds_to_the_work_of_the_trainings_before(done, trained):
    work = {fact.title: fact.value for fact in done[0].facts}[TRAINING_WORK]
    assert work > 0
    assert done[0].outputs["model"].training_flop == trained.model.training_flop + work


def test_a_hashed_layer_is_refused_by_name(model_only, digits, context, new_context, handed_on):
    hashed = handed_on(hash_weights(model_only, HashParams(keep_last=False), context), context)
    with pytest.raises(StepError, match="layer classifier is hashed"):
        apply(Inputs({"model": (hashed,), "data": (digits,)}), AwareParams(epochs=1), new_context())


def test_zeros_of_magnitude_pruning_stay_zero(model_only, digits, context, new_context, handed_on):
    sparse = handed_on(prune_weights(model_only, MagnitudeParams(sparsity=0.8), context), context)
    made = apply(Inputs({"model": (sparse,), "data": (digits,)}), AwareParams(epochs=1), new_context()).outputs["model"]
    assert 0 < made.footprint.nonzero_parameters <= sparse.model.footprint.nonzero_parameters


def test_progress_only_rises_and_stop_is_heard(done, linked, context):
    fractions = done[1].fractions
    assert np.all(np.diff(fractions) >= 0)
    assert max(fractions) <= 1
    context.stop_after = 12
    with pytest.raises(Cancelled):
        apply(linked, AwareParams(epochs=1), context)


def test_mixed_precision_is_refused_before_the_run():
    assert SPEC.obstacle(AwareParams()) is None
    assert "float32" in SPEC.obstacle(AwareParams(mixed_precision=True))[0]
