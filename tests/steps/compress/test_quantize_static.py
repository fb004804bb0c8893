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


def answers(stored):
    session = onnxruntime.InferenceSession(str(stored.file("weights")), providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {session.get_inputs()[0].name: x})[0]


@pytest.mark.parametrize("method", ["minmax", "percentile"])
def test_the_int8_model_is_about_as_right_as_the_float_one(linked, trained, context, handed_on, right, method):
    outcome = apply(linked, StaticInt8Params(method=method, examples=64), context)
    made = handed_on(outcome, context)
    assert right(answers(made)) > right(load_module(trained)) - 0.03
    assert made.model.format == "onnx"
    assert made.model.precision == "int8"
    assert made.model.lineage == ("Train", "Compress 1")
    layers = trained.model.footprint.layers
    assert made.model.notes[-1] == f"{layers} of {layers} convolutions and matrix products execute in int8 on this machine."
    facts = {fact.title: fact for fact in outcome.facts}
    assert facts["Executes in int8"].value == layers
    assert facts["Fell back to floating point"].value == 0
    assert facts["Calibration images"].value == 64
    assert facts["Distinct weights"].value < facts["Distinct weights"].before
    assert facts["Coded size"].value < 0.45 * trained.model.footprint.size_coded_bytes
    assert outcome.headline.endswith("kB")
    assert [path.name for path in context.folder.iterdir()] == ["model.int8.onnx"]


def test_zeros_of_magnitude_pruning_stay_zero(model_only, digits, context, tmp_path, handed_on):
    sparse = handed_on(prune_weights(model_only, MagnitudeParams(sparsity=0.8), context), context)
    context.folder = tmp_path / "int8"
    context.folder.mkdir()
    made = apply(Inputs({"model": (sparse,), "data": (digits,)}), StaticInt8Params(), context).outputs["model"]
    # Folding batch norms leaves one bias where there were a scale and a shift; every other non-zero was one before.
    assert 0 < made.footprint.nonzero_parameters <= sparse.model.footprint.nonzero_parameters
    assert made.footprint.size_coded_bytes < 0.6 * sparse.model.footprint.size_coded_bytes


def test_the_test_split_is_not_needed(trained, digits, context):
    artifact = digits.dataset
    only = {"calibration": artifact.splits["calibration"]}
    files = {role: file for role, file in artifact.files.items() if role.startswith("calibration")}
    data = Stored(DatasetArtifact(**{**artifact.model_dump(), "splits": only, "files": files}), digits.folder, "d", "Digits")
    apply(Inputs({"model": (trained,), "data": (data,)}), StaticInt8Params(), context)


def test_a_data_set_without_calibration_images_is_refused(trained, digits, context):
    artifact = digits.dataset
    data = Stored(DatasetArtifact(**{**artifact.model_dump(), "splits": {"test": artifact.splits["test"]}}), digits.folder, "d", "Digits")
    with pytest.raises(DataError, match="no calibration examples"):
        apply(Inputs({"model": (trained,), "data": (data,)}), StaticInt8Params(), context)


def test_quantising_twice_is_refused(linked, digits, context, tmp_path, handed_on):
    first = handed_on(apply(linked, StaticInt8Params(examples=16), context), context)
    context.folder = tmp_path / "second"
    context.folder.mkdir()
    with pytest.raises(StepError, match="already quantised"):
        apply(Inputs({"model": (first,), "data": (digits,)}), StaticInt8Params(), context)


def test_stop_is_heard(linked, context):
    context.stop_after = 4
    with pytest.raises(Cancelled):
        apply(linked, StaticInt8Params(), context)


def test_progress_only_rises(linked, context):
    apply(linked, StaticInt8Params(examples=48), context)
    assert np.all(np.diff(context.fractions) >= 0)
    assert max(context.fractions) <= 1
