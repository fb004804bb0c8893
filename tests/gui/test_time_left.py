"""The time left is said for the whole run only where every node was timed before."""

import pytest

from greenbench.core.run import LAB, NodeResult, NodeState, Plan, RunResult
from greenbench.gui.time_left import Schedule, TimeLeft


def ran(plan: Plan, **seconds: float) -> RunResult:
    nodes = tuple(
        NodeResult(node=node.id, title=node.title, step=node.step, digest=node.digest, state=NodeState.DONE, seconds=seconds[node.id])
        for node in plan.nodes
        if node.id in seconds
    )
    return RunResult(run_id="r", title=plan.title, state="finished", started="2026-11-22T14:41:00+00:00", plan=plan, nodes=nodes)


def test_a_first_run_has_no_estimate(plan: Plan) -> None:
    time = TimeLeft()
    time.begin(plan)
    assert time.left({"data": 1.0}, "model", 5.0) is None


def test_an_unchanged_pipeline_only_measures_again(plan: Plan) -> None:
    time = TimeLeft()
    time.learn(ran(plan, data=1.0, model=1.0, train=20.0, prune=2.0, bench=30.0))
    time.begin(plan)
    assert time.left({}, "", None) == 30.0
    assert not time.at_most({})
    over = dict.fromkeys(("data", "model", "train", "prune"), 1.0)
    schedule = Schedule(plan.protocol, len(plan.node("bench").inputs["models"]))
    # The parts of the protocol share the thirty seconds; what the node makes of its own fraction does not count.
    assert time.left({**over, "bench": 0.5}, "bench", 1.0) == pytest.approx(30.0 * schedule.left(0.5) / schedule.left(0.0))


def test_what_changed_takes_as_long_as_before(plan: Plan) -> None:
    time = TimeLeft()
    time.learn(ran(plan, data=1.0, model=1.0, train=20.0, prune=2.0, bench=30.0))
    changed = {node.id: node.model_copy(update={"digest": "other"}) if node.id == "prune" else node for node in plan.nodes}
    time.begin(plan.model_copy(update={"nodes": tuple(changed.values())}))
    assert time.left(dict.fromkeys(("data", "model", "train"), 1.0), "prune", None) == 32.0


def test_the_protocol_says_what_a_benchmark_takes_at_most() -> None:
    schedule = Schedule(LAB, 3)
    rounds_s = 20 * 3 * 10 * 2  # blocks, and as much again for the new processes of each round
    assert schedule.left(0.0) == 30 + 3 * 60 + rounds_s + 30
    assert schedule.left(0.12) == 3 * 60 + rounds_s + 30
    assert schedule.left(0.15, warmed=1) == 3 * 60 + rounds_s + 30  # the first is being warmed up
    assert schedule.left(0.15, warmed=3) == 1 * 60 + rounds_s + 30
    assert schedule.left(0.15 + 0.75 * 5 / 20) == pytest.approx(0.75 * rounds_s + 30)
    assert schedule.left(0.9) == 30


def test_a_benchmark_never_seen_is_bounded_by_its_protocol(plan: Plan) -> None:
    time = TimeLeft()
    time.begin(plan.model_copy(update={"protocol": LAB}))
    over = dict.fromkeys(("data", "model", "train", "prune"), 1.0)
    schedule = Schedule(LAB, len(plan.node("bench").inputs["models"]))
    assert time.left({**over, "bench": 0.15}, "bench", 43.0) == schedule.left(0.15)
    assert time.at_most(over)
    time.hear("bench", "warming up A")
    time.hear("bench", "warming up B")
    assert time.left({**over, "bench": 0.15}, "bench", 43.0) == schedule.left(0.15) - LAB.warm_up_s
