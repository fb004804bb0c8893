"""Comparing runs says first in what they differ."""

from greenbench.cli.compare import changed_parameters, unfair
from greenbench.core.measurement import Measurement
from greenbench.core.pipeline import Node, Pipeline
from greenbench.core.run import Environment, NodeState, RunResult, RunState, VariantResult
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
