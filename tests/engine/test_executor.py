"""Executing a plan is events out: in order, a failure stops only its branch, and only what changed runs again."""

import errno
import sys
from dataclasses import replace

import pytest

from greenbench.core import messages
from greenbench.core.catalog import Catalog
from greenbench.core.errors import StepError
from greenbench.core.run import NodeState, RunState
from greenbench.engine.executor import execute, explain
from greenbench.engine.plan import Conditions, make_plan

NODES = {"a": ("source", {"number": 2}), "b": ("add", {"number": 3}), "c": ("add", {"number": 4})}
LINKS = ["a.model -> b.model", "b.model -> c.model"]


def said(world, kind):
    return [event for event in world.events if isinstance(event, kind)]


def test_a_chain_hands_its_files_on(build, world):
    assert execute(make_plan(build(NODES, LINKS)), world) is RunState.FINISHED
    assert [(e.node, e.headline) for e in said(world, messages.NodeFinished)] == [("a", "2"), ("b", "5"), ("c", "9")]


def test_events_of_a_node_come_in_order_and_windows_close(build, world):
    execute(make_plan(build({"a": NODES["a"]}, [])), world)
    tags = [event.tag for event in world.events]
    assert tags == ["node-started", "window-opened", "progress", "metric", "window-closed", "node-finished"]
    window = said(world, messages.WindowClosed)[0].window
    assert window.t1_ns > window.t0_ns


def test_a_second_run_computes_nothing(build, world):
    plan = make_plan(build(NODES, LINKS))
    execute(plan, world)
    world.events.clear()
    execute(plan, world)
    assert all(event.cached for event in said(world, messages.NodeFinished))
    assert not said(world, messages.NodeStarted)


def test_only_what_follows_a_change_runs_again(build, world):
    execute(make_plan(build(NODES, LINKS)), world)
    world.events.clear()
    execute(make_plan(build({**NODES, "b": ("add", {"number": 30})}, LINKS)), world)
    assert [(e.node, e.cached, e.headline) for e in said(world, messages.NodeFinished)] == [
        ("a", True, "2"),
        ("b", False, "32"),
        ("c", False, "36"),
    ]


def test_without_cache_everything_runs(build, world):
    execute(make_plan(build(NODES, LINKS)), world)
    world.events.clear()
    execute(make_plan(build(NODES, LINKS), Conditions(use_cache=False)), world)
    assert len(said(world, messages.NodeStarted)) == 3


def test_a_failure_stops_its_branch_alone(build, world):
    nodes = {**NODES, "b": ("add", {"fail": "user"}), "d": ("add", {}), "e": ("add", {})}
    links = [*LINKS, "a.model -> d.model", "d.model -> e.model"]
    assert execute(make_plan(build(nodes, links)), world) is RunState.FAILED
    assert {e.node: e.state for e in said(world, messages.NodeFailed)} == {"b": NodeState.FAILED, "c": NodeState.SKIPPED}
    assert {e.node for e in said(world, messages.NodeFinished)} == {"a", "d", "e"}
    assert not list((world.cache.folder / "tmp").iterdir())


def test_a_benchmark_goes_on_with_the_models_that_came(build, world):
    nodes = {"a": NODES["a"], "bad": ("add", {"fail": "bug"}), "data": ("data", {}), "bench": ("benchmark", {})}
    links = ["a.model -> bad.model", "a.model -> bench.models", "bad.model -> bench.models", "data.data -> bench.data"]
    assert execute(make_plan(build(nodes, links)), world) is RunState.FAILED
    finished = {e.node: e for e in said(world, messages.NodeFinished)}
    assert finished["bench"].outputs["results"].variants == ("A",)


def test_a_benchmark_runs_each_time(build, world):
    nodes = {"a": NODES["a"], "data": ("data", {}), "bench": ("benchmark", {})}
    plan = make_plan(build(nodes, ["a.model -> bench.models", "data.data -> bench.data"]))
    execute(plan, world)
    world.events.clear()
    execute(plan, world)
    assert [e.node for e in said(world, messages.NodeStarted)] == ["bench"]


def test_stop_ends_the_run_before_the_next_node(build, world):
    looks = iter([False, False, True])
    world.stopped = lambda: next(looks, True)
    assert execute(make_plan(build(NODES, LINKS)), world) is RunState.CANCELLED
    assert [e.node for e in said(world, messages.NodeFinished)] == ["a"]


def test_stop_inside_a_node_cancels_it_and_leaves_no_files(build, world):
    looks = iter([False, True])
    world.stopped = lambda: next(looks, True)
    assert execute(make_plan(build(NODES, LINKS)), world) is RunState.CANCELLED
    assert [(e.node, e.state) for e in said(world, messages.NodeFailed)] == [("a", NodeState.CANCELLED)]
    assert not list((world.cache.folder / "tmp").iterdir())


@pytest.mark.parametrize(
    ("fail", "kind", "words", "remedy"),
    [
        ("user", "Step", "leaves 0 channels", "At most 0.96"),
        ("memory", "Out of memory", "more memory than there is", "smaller batch"),
        ("disk", "Disk full", "disk is full", "Make room"),
        ("bug", "Zero division", "division by zero", "log of this node"),
    ],
)
def test_every_failure_says_where_what_and_what_to_do(build, world, fail, kind, words, remedy):
    execute(make_plan(build({"a": ("source", {"fail": fail})}, [])), world)
    failure = said(world, messages.NodeFailed)[0].failure
    assert failure.kind == kind
    assert failure.message.startswith('"A"')
    assert words in failure.message
    assert remedy in failure.remedy
    assert "Traceback" in failure.log


def test_a_failure_that_begins_with_another_name_still_names_the_node():
    failure = explain(StepError('"/data/pictures" has no images.'), "Pictures")
    assert failure.message == '"Pictures": "/data/pictures" has no images.'
    assert explain(StepError('"Pictures" is empty.'), "Pictures").message == '"Pictures" is empty.'


def test_a_disk_too_full_to_begin_leaves_no_open_window(build, world, monkeypatch):
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.cache, "begin", full)
    execute(make_plan(build({"a": ("source", {})}, [])), world)
    assert said(world, messages.NodeFailed)[0].failure.kind == "Disk full"
    assert len(said(world, messages.WindowOpened)) == len(said(world, messages.WindowClosed))


def test_torch_out_of_memory_is_recognised_without_torch():
    class OutOfMemoryError(RuntimeError):
        pass

    assert explain(OutOfMemoryError("CUDA out of memory"), "Train").kind == "Out of memory"
    assert explain(RuntimeError("DefaultCPUAllocator: can't allocate memory"), "Train").kind == "Out of memory"
    assert explain(ImportError("libtorch_cpu.so: failed to map segment from shared object"), "Train").kind == "Out of memory"
    assert explain(OSError(12, "Cannot allocate memory"), "Train").kind == "Out of memory"
    assert explain(RuntimeError("std::bad_alloc"), "Train").kind == "Out of memory"


def test_a_verdict_on_some_of_the_models_is_not_kept_for_all(build, world, catalog, monkeypatch):
    nodes = {"a": ("source", {}), "b": ("add", {}), "d": ("data", {}), "bench": ("benchmark", {})}
    links = ["a.model -> b.model", "a.model -> bench.models", "b.model -> bench.models", "d.data -> bench.data"]
    pipeline = build(nodes, links)
    kept = Catalog([replace(spec, cacheable=True) if spec.key == "benchmark" else spec for spec in catalog])
    pipeline.catalog = world.catalog = kept
    module = sys.modules["greenbench_test_steps"]
    whole = module.add

    def short_of_memory(inputs, params, context):
        if context.node == "b":
            raise MemoryError
        return whole(inputs, params, context)

    monkeypatch.setattr(module, "add", short_of_memory)
    assert execute(make_plan(pipeline), world) is RunState.FAILED
    monkeypatch.setattr(module, "add", whole)
    world.events.clear()
    execute(make_plan(pipeline), world)
    (bench,) = [event for event in said(world, messages.NodeFinished) if event.node == "bench"]
    assert not bench.cached
    assert bench.outputs["results"].variants == ("A", "B")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError("1156096 requested and 65408 written"),  # numpy.ndarray.tofile, np.save
        RuntimeError("[enforce fail at inline_container.cc] . PytorchStreamWriter failed: No space left on device"),
    ],
)
def test_a_full_disk_is_told_as_such_in_whatever_words_a_library_says_it(error):
    failure = explain(error, "Digits")
    assert failure.kind == "Disk full"
    assert failure.message == '"Digits" could not be written: the disk is full.'


def test_a_full_disk_behind_another_error_is_found():
    error = RuntimeError("cannot save")
    error.__cause__ = OSError("8 requested and 0 written")
    assert explain(error, "Digits").kind == "Disk full"
    assert explain(OSError("3 requested"), "Digits").kind != "Disk full"
