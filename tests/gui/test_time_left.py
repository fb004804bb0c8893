"""The time left is said for the whole run only where every node was timed before."""

from greenbench.core.run import NodeResult, NodeState, Plan, RunResult
from greenbench.gui.time_left import TimeLeft


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
    over = dict.fromkeys(("data", "model", "train", "prune"), 1.0)
    assert time.left({**over, "bench": 0.5}, "bench", None) == 15.0
    assert time.left({**over, "bench": 0.5}, "bench", 12.0) == 12.0


def test_what_changed_takes_as_long_as_before(plan: Plan) -> None:
    time = TimeLeft()
    time.learn(ran(plan, data=1.0, model=1.0, train=20.0, prune=2.0, bench=30.0))
    changed = {node.id: node.model_copy(update={"digest": "other"}) if node.id in ("prune", "bench") else node for node in plan.nodes}
    time.begin(plan.model_copy(update={"nodes": tuple(changed.values())}))
    assert time.left(dict.fromkeys(("data", "model", "train"), 1.0), "prune", None) == 32.0
