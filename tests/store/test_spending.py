"""Ledgers of many runs are found by pipeline and by time, those of old and broken-off runs made from their nodes."""

from greenbench.core.charge import Charge, ChargeKind
from greenbench.core.measurement import Measurement
from greenbench.core.run import Environment, NodeResult, NodeState, Plan, RunResult, RunState

LINE = Charge(kind=ChargeKind.TRAINING, node="a", title="Train", energy=Measurement(value=5.0, unit="J"), digest="d", flop=1e9, trainings=1)


def put(store, run_id, title="Two models", started="2026-11-22T12:00:00+01:00", **more):
    plan = Plan(title=title, nodes=())
    store.begin_run(run_id, plan, Environment(), started, 0)
    result = RunResult(run_id=run_id, title=title, state=RunState.FINISHED, started=started, plan=plan, seconds=3.0, **more)
    store.finish_run(run_id, RunState.FINISHED, result)


def test_ledgers_are_found_by_pipeline(store):
    put(store, "one", ledger=(LINE,))
    put(store, "two", title="Another", ledger=(LINE, LINE))
    (found,) = store.ledgers(title="Two models")
    assert (found.run_id, found.seconds, found.lines) == ("one", 3.0, (LINE,))
    assert [run.run_id for run in store.ledgers()] == ["one", "two"]


def test_ledgers_are_found_by_the_moment_whatever_its_time_zone(store):
    put(store, "before", started="2026-11-22T11:59:59+00:00", ledger=(LINE,))
    put(store, "after", started="2026-11-22T13:30:00+01:00", ledger=(LINE,))
    assert [run.run_id for run in store.ledgers(since="2026-11-22T12:00:00+00:00")] == ["after"]


def test_a_run_without_ledger_has_a_line_for_each_node(store):
    node = NodeResult(node="t", title="Train", step="train", state=NodeState.DONE, seconds=2.0, energy=Measurement(value=7.0, unit="J"))
    put(store, "old", nodes=(node,))
    store.begin_run("lost", Plan(title="Two models", nodes=()), Environment(), "2026-11-22T12:00:00+01:00", 0)
    store.save_node("lost", node)
    assert [[line.energy.value for line in run.lines] for run in store.ledgers()] == [[7.0], [7.0]]


def test_the_lines_of_a_node_are_those_of_the_run_that_computed_it_last(store):
    again = LINE.model_copy(update={"seconds": 9.0})
    reused = LINE.model_copy(update={"cached": True})
    for run_id, state, line in (("one", NodeState.DONE, LINE), ("two", NodeState.DONE, again), ("three", NodeState.CACHED, reused)):
        put(store, run_id, ledger=(line, LINE.model_copy(update={"digest": "other"})))
        store.save_node(run_id, NodeResult(node="a", title="Train", step="train", digest="d", state=state))
    assert store.first_lines("d") == (again,)
    assert store.first_lines("unknown") == ()
    store.delete_run("two")
    store.delete_run("one")
    assert store.first_lines("d") == ()
