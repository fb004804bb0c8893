"""The record behind the plots: phases from nodes and windows, variants by their letter, gaps where there was no reading."""

import math

import pytest

from greenbench.core import messages
from greenbench.core.measurement import Sample, Window, WindowKind
from greenbench.core.run import Plan, PlannedNode, Source
from greenbench.gui.live.record import SHARED, LiveRecord, variant_of_nodes

S = 1_000_000_000


def _node(id: str, **inputs: tuple[str, ...]) -> PlannedNode:
    sources = {port: tuple(Source(node=name, output="model") for name in names) for port, names in inputs.items()}
    return PlannedNode(id=id, step="any", version=1, title=id.capitalize(), params={}, inputs=sources, digest=id)


@pytest.fixture
def plan() -> Plan:
    nodes = (
        _node("model"),
        _node("train", model=("model",)),
        _node("prune", model=("train",)),
        _node("tune", model=("prune",)),
        _node("int8", model=("train",)),
        _node("bench", models=("train", "tune", "int8")),
    )
    return Plan(title="p", nodes=nodes)


@pytest.fixture
def record(plan: Plan) -> LiveRecord:
    record = LiveRecord()
    record.take(messages.RunStarted(run_id="r", t_ns=10 * S, plan=plan))
    return record


def test_a_node_has_the_mark_of_the_one_variant_it_makes(plan: Plan) -> None:
    assert variant_of_nodes(plan) == {"model": SHARED, "train": 0, "prune": 1, "tune": 1, "int8": 2}


def test_nodes_are_phases_and_windows_cut_the_benchmark_into_its_own(record: LiveRecord) -> None:
    record.take(messages.NodeStarted(node="tune", t_ns=11 * S))
    record.take(messages.NodeFinished(node="tune", digest="", cached=False, t_ns=14 * S, seconds=3))
    record.take(messages.NodeStarted(node="bench", t_ns=14 * S))
    block = Window(kind=WindowKind.BLOCK, label="block 1", t0_ns=15 * S, t1_ns=16 * S, node="bench", variant="C", block=1)
    record.take(messages.WindowOpened(window=block))
    assert record.measuring
    record.take(messages.WindowClosed(window=block))
    assert not record.measuring
    assert [(p.name, p.start, p.end, p.variant) for p in record.phases] == [
        ("Tune", 11, 14, 1),
        ("Bench", 14, 15, SHARED),
        ("block 1", 15, 16, 2),
        ("Bench", 16, None, SHARED),
    ]
    record.take(messages.WindowOpened(window=block.model_copy(update={"t0_ns": 16 * S + 1000, "variant": "A"})))
    assert [(p.name, p.variant) for p in record.phases[2:]] == [("block 1", 2), ("block 1", 0)], "no phase for the moment between"
    assert record.phase_at(12).node == "tune"
    assert record.phase_at(10.5) is None


def test_no_reading_is_a_gap_and_says_why(record: LiveRecord) -> None:
    record.take(messages.Samples(samples=(Sample(channel="p", t_ns=11 * S, power_w=20.0),)))
    record.take(messages.Samples(samples=(Sample(channel="p", t_ns=12 * S, reason="The counter vanished."),)))
    assert record.power["p"].y[0] == 20.0
    assert math.isnan(record.power["p"].y[1])
    assert record.power["p"].last is None
    assert record.why_no_reading["p"] == "The counter vanished."


def test_a_new_run_forgets_latencies_and_phases_but_keeps_the_watts(record: LiveRecord, plan: Plan) -> None:
    record.take(messages.Samples(samples=(Sample(channel="p", t_ns=11 * S, power_w=20.0),)))
    record.take(messages.Calls(node="bench", variant="B", t_ns=(12 * S, 13 * S), latency_s=(0.01, 0.02)))
    assert record.latency["bench/B"].variant == 1
    record.take(messages.RunStarted(run_id="s", t_ns=20 * S, plan=plan))
    assert not record.latency
    assert not record.phases
    assert len(record.power["p"]) == 1
    assert record.origin == 20.0


def test_a_run_that_breaks_off_leaves_no_open_window(record: LiveRecord) -> None:
    block = Window(kind=WindowKind.BLOCK, label="block 1", t0_ns=15 * S, node="bench", variant="A")
    record.take(messages.WindowOpened(window=block))
    record.take(messages.RunFinished(run_id="r", state="lost", t_ns=17 * S))
    assert not record.measuring
    assert record.phases[-1].end == 17
