"""Quantize int8: really int8, about as right as before, and only calibration images were looked at."""

import numpy as np
import onnxruntime
import pytest

from greenbench.core.artifact import DatasetArtifact
from greenbench.core.errors import Cancelled, DataError, StepError
from greenbench.core.step import Inputs, Stored
from greenbench.ml.artifacts import load_module
from greenbench.steps.prune_magnitude.apply import apply as prune_weights
from greenbench.steps.prune_magnitude.spec import MagnitudeParams
from greenbench.steps.quantize_static.apply import apply
from greenbench.steps.quantize_static.spec import StaticInt8Params


def with_splits(digits: Stored, *names: str) -> Stored:
    """The digits, all other splits and their files gone."""
    artifact = digits.dataset
    files = {role: file for role, file in artifact.files.items() if role.split(".")[0] in names}
    splits = {name: artifact.splits[name] for name in names}
    return Stored(DatasetArtifact(**{**artifact.model_dump(), "splits": splits, "files": files}), digits.folder, "d", "Digits")


@pytest.fixture(scope="module")
def done(trained, digits, new_context):
    """The step, done once with nothing but the calibration split at hand: its outcome and its context."""
    context = new_context()
    data = with_splits(digits, "calibration")
    return apply(Inputs({"model": (trained,), "data": (data,)}), StaticInt8Params(examples=64), context), context


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
    assert made.notes[-1] == f"{layers} of {layers} convolutions and matrix products execute in int8 on this machine."
    facts = {fact.title: fact for fact in outcome.facts}
    assert facts["Executes in int8"].value == layers
    assert facts["Fell back to floating point"].value == 0
    assert facts["Calibration images"].value == 64
    assert facts["Distinct weights"].value < facts["Distinct weights"].before
    assert facts["Coded size"].value < 0.45 * trained.model.footprint.size_coded_bytes
    assert outcome.headline.endswith("kB")
    assert [path.name for path in context.folder.iterdir()] == ["model.int8.onnx"]


def test_progress_only_rises(done):
    fractions = done[1].fractions
    assert np.all(np.diff(fractions) >= 0)
    assert min(fractions) >= 0
    assert max(fractions) <= 1


def test_zeros_of_magnitude_pruning_stay_zero(model_only, digits, context, new_context, handed_on):
    sparse = handed_on(prune_weights(model_only, MagnitudeParams(sparsity=0.8), context), context)
    made = apply(Inputs({"model": (sparse,), "data": (digits,)}), StaticInt8Params(), new_context()).outputs["model"]
    # Folding batch norms leaves one bias where there were a scale and a shift; every other non-zero was one before.
    assert 0 < made.footprint.nonzero_parameters <= sparse.model.footprint.nonzero_parameters
    assert made.footprint.size_coded_bytes < 0.6 * sparse.model.footprint.size_coded_bytes


def test_a_data_set_without_calibration_images_is_refused(trained, digits, context):
    with pytest.raises(DataError, match="no calibration examples"):
        apply(Inputs({"model": (trained,), "data": (with_splits(digits, "test"),)}), StaticInt8Params(), context)


def test_quantising_twice_is_refused(done, digits, context, handed_on):
    with pytest.raises(StepError, match="already quantised"):
        apply(Inputs({"model": (handed_on(*done),), "data": (digits,)}), StaticInt8Params(), context)


def test_stop_is_heard(linked, context):
    context.stop_after = 4
    with pytest.raises(Cancelled):
        apply(linked, StaticInt8Params(), context)
    assert list(context.folder.iterdir()) == []
