"""What does not go together is found before anything is computed, from the steps alone or from what the sources gave."""

import pytest

from greenbench.core import messages
from greenbench.core.errors import PlanError
from greenbench.core.run import NodeState, RunState
from greenbench.core.step import Group
from greenbench.engine.executor import execute
from greenbench.engine.plan import make_plan, problems

CHAIN = {"a": ("source", {}), "b": ("quantize", {}), "c": ("train", {}), "d": ("data", {})}
LINKS = ["a.model -> b.model", "d.data -> b.data", "b.model -> c.model", "d.data -> c.data"]


@pytest.fixture
def typed(catalog):
    """The steps say what they take and make, as the installed ones do."""
    for key, changes in {
        "source": {"group": Group.SOURCES, "makes": {"format": "torch"}},
        "data": {"group": Group.SOURCES},
        "quantize": {"makes": {"format": "onnx", "precision": "int8"}},
        "train": {"takes": ("torch",)},
    }.items():
        for name, value in changes.items():
            object.__setattr__(catalog[key], name, value)
    return catalog


def test_a_step_that_cannot_take_a_format_is_refused_before_the_run(build, typed):
    with pytest.raises(PlanError, match='"C" cannot take "B": it is an ONNX graph'):
        make_plan(build(CHAIN, LINKS))


def test_a_runtime_that_cannot_run_a_format_is_refused_before_the_run(build, typed):
    nodes = {**CHAIN, "bench": ("benchmark", {})}
    pipeline = build(nodes, [*LINKS[:2], "a.model -> bench.models", "b.model -> bench.models", "d.data -> bench.data"])
    del pipeline.nodes["c"]
    assert problems(pipeline) == []
    plan = make_plan(pipeline)
    from greenbench.engine.preflight import mismatches

    eager = tuple(node.model_copy(update={"params": {**node.params, "runtime": "eager"}}) for node in plan.nodes)
    found = mismatches(eager, typed, "cpu")
    assert [str(problem) for problem in found] == [
        '"B" is an ONNX graph, which PyTorch eager cannot run. Set the runtime to ONNX Runtime or OpenVINO or TensorRT.'
    ]


def test_a_mismatch_with_what_a_source_gave_stops_the_run_before_the_first_step(build, typed, world, monkeypatch):
    import sys

    def wide(inputs, params, context):
        outcome = sys.modules["greenbench_test_steps"].add(inputs, params, context)
        narrow = outcome.outputs["model"]
        bigger = narrow.model_copy(update={"input": narrow.input.model_copy(update={"shape": (9,)})})
        return type(outcome)({"model": bigger}, outcome.facts, outcome.headline)

    monkeypatch.setattr(sys.modules["greenbench_test_steps"], "wide", wide, raising=False)
    object.__setattr__(typed["source"], "apply", "greenbench_test_steps:wide")
    nodes = {"a": ("source", {}), "d": ("data", {}), "c": ("train", {}), "e": ("add", {})}
    plan = make_plan(build(nodes, ["a.model -> c.model", "d.data -> c.data", "c.model -> e.model"]))
    assert execute(plan, world) is RunState.FAILED
    started = [event.node for event in world.events if isinstance(event, messages.NodeStarted)]
    assert started == ["a", "d"]
    failed = {event.node: event for event in world.events if isinstance(event, messages.NodeFailed)}
    assert failed["c"].state is NodeState.FAILED
    assert "takes examples of 9" in failed["c"].failure.message
    assert failed["e"].state is NodeState.SKIPPED


def test_sources_are_read_before_anything_is_computed(build, typed, world):
    nodes = {"a": ("source", {}), "b": ("add", {}), "d": ("data", {}), "c": ("train", {})}
    execute(make_plan(build(nodes, ["a.model -> b.model", "b.model -> c.model", "d.data -> c.data"])), world)
    started = [event.node for event in world.events if isinstance(event, messages.NodeStarted)]
    assert started == ["a", "d", "b", "c"]


def test_learning_from_data_for_testing_alone_is_refused_before_the_run(build, typed, world):
    object.__setattr__(typed["train"], "splits", ("validation",))
    nodes = {"a": ("source", {}), "d": ("data", {}), "c": ("train", {})}
    assert execute(make_plan(build(nodes, ["a.model -> c.model", "d.data -> c.data"])), world) is RunState.FAILED
    failed = {event.node: event.failure for event in world.events if isinstance(event, messages.NodeFailed)}
    assert failed["c"].message == '"C" needs validation examples, and the data set "D" has none.'
    assert "Training and testing" in failed["c"].remedy


def test_a_step_for_another_task_is_refused_before_the_run(build, typed, world):
    object.__setattr__(typed["add"], "tasks", ("regression",))
    assert execute(make_plan(build({"a": ("source", {}), "b": ("add", {})}, ["a.model -> b.model"])), world) is RunState.FAILED
    failed = {event.node: event.failure for event in world.events if isinstance(event, messages.NodeFailed)}
    assert failed["b"].message == '"B" works for regression, and "A" is for classification.'


def test_a_teacher_that_is_only_asked_may_be_an_onnx_graph_and_a_student_may_not():
    from greenbench.core.pipeline import Link, Node, Pipeline
    from greenbench.steps import installed

    def taught(student: str, teacher: str, step: str) -> list[str]:
        pipeline = Pipeline(installed())
        pipeline.nodes = {
            "data": Node("data", "data.digits", "Digits"),
            "net": Node("net", "model.library", "Net", {"name": "mlp"}),
            "big": Node("big", "train", "Big"),
            "int8": Node("int8", "quantize.static", "Int8"),
            "taught": Node("taught", step, "Taught"),
        }
        links = [("data", "net"), ("data", "big"), ("data", "int8"), ("data", "taught")]
        pipeline.links = [Link(source, "data", target, "data") for source, target in links]
        pipeline.links += [Link("net", "model", "big", "model"), Link("big", "model", "int8", "model")]
        pipeline.links += [Link(student, "model", "taught", "student"), Link(teacher, "model", "taught", "teacher")]
        return [problem.message for problem in problems(pipeline)]

    assert taught("net", "int8", "distil.soft") == []
    assert taught("int8", "big", "distil.soft") == ['"Taught" cannot take "Int8": it is an ONNX graph.']
    assert taught("net", "int8", "distil.features") == ['"Taught" cannot take "Int8": it is an ONNX graph.']
