"""Comparing runs says first in what they differ, and how far two numbers of different runs lie apart."""

import math

import pytest

from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.pipeline import Node, Pipeline
from greenbench.core.run import Environment, NodeState, RunResult, RunState, VariantResult
from greenbench.engine.comparing import apart, changed_parameters, unfair, unlike
from greenbench.engine.plan import make_plan
from greenbench.steps import installed


def run(size=16, cpu="one"):
    pipeline = Pipeline(installed(), "Small")
    pipeline.nodes["digits"] = Node("digits", "data.digits", "Digits", {"size": size})
    plan = make_plan(pipeline)
    return RunResult(run_id="r", title="Small", state=RunState.FINISHED, started="", plan=plan, environment=Environment(cpu=cpu))


def test_a_changed_parameter_is_named_with_both_values():
    assert changed_parameters([run(), run(size=32)]) == ["Digits: image size 16 px, then 32 px."]
    assert changed_parameters([run(), run()]) == []


def test_another_processor_is_no_fair_comparison():
    assert unfair([run(), run(cpu="another")]) == ["The runs differ in processors: one, another."]
    assert unfair([run(), run()]) == []


def test_runtimes_and_thread_counts_are_told_in_words():
    def measured(*runtimes):
        size = {"size_bytes": Measurement.exact(1, "B")}
        common = {"benchmark": "b", "state": NodeState.DONE, "metrics": size}
        variants = [VariantResult(letter=key[0].upper(), node=key, name=key, runtime=key, **common) for key in runtimes]
        return run().model_copy(update={"variants": tuple(variants)})

    assert "The runs differ in runtimes: ONNX Runtime; ONNX Runtime and OpenVINO." in unfair(
        [measured("onnxruntime"), measured("onnxruntime", "openvino")]
    )


def one(batch=1, **metrics):
    numbers = {key: Measurement(value=v, low=low, high=high, unit="s") for key, (v, low, high) in metrics.items()}
    return VariantResult(letter="A", node="a", name="a", benchmark="b", runtime="onnxruntime", batch=batch, metrics=numbers)


def test_what_was_measured_otherwise_is_named_in_words():
    assert unlike(run(), one(), run(), one()) == []
    assert unlike(run(cpu="another"), one(batch=8), run(), one()) == ["processor", "batch"]


def test_errors_of_two_runs_are_independent():
    """A product of two log-normals: relative half-widths of 3 % and 4 % join to 5 %."""
    found = apart("latency_p50", one(latency_p50=(2.0, 1.94, 2.06)), one(latency_p50=(4.0, 3.84, 4.16)))
    assert found.value == pytest.approx(-0.5)
    assert (found.low, found.high) == pytest.approx((0.5 * math.exp(-0.05) - 1, 0.5 * math.exp(0.05) - 1))


def test_fractions_are_told_by_their_difference():
    found = apart("accuracy", one(accuracy=(0.95, 0.92, 0.98)), one(accuracy=(0.90, 0.86, 0.94)))
    assert (found.value, found.low, found.high) == pytest.approx((0.05, 0.0, 0.10))


def test_what_is_modelled_or_missing_has_no_difference():
    modelled = one(latency_p50=(2.0, 1.0, 3.0))
    guess = modelled.metrics["latency_p50"].model_copy(update={"provenance": Provenance.MODELLED})
    modelled = modelled.model_copy(update={"metrics": {"latency_p50": guess}})
    assert apart("latency_p50", modelled, one(latency_p50=(2.0, 1.9, 2.1))) is None
    assert apart("latency_p50", one(), one(latency_p50=(2.0, 1.9, 2.1))) is None
