"""MLPerf's three scenarios, and new processes between rounds, through real processes."""

import os

import pytest

from greenbench.core import messages
from greenbench.core.measurement import WindowKind
from greenbench.core.run import Protocol, RunState, Scenario
from greenbench.engine.plan import Conditions, make_plan

BRIEF = Protocol(name="quick", idle_s=0.1, warm_up_s=0.3, block_s=0.2, min_blocks=2, max_blocks=2, target=0.05)


@pytest.fixture
def measured(tiny, runner, until):
    """Runs the tiny pipeline under a scenario; gives runner and result."""

    def run(protocol=BRIEF, **params):
        pipeline = tiny()
        bench = pipeline.nodes["bench"]
        pipeline.nodes["bench"] = bench.but(params={**bench.params, "accuracy": False, **params})
        runner.start(make_plan(pipeline, Conditions(protocol=protocol)))
        result = until(runner, messages.ResultsReady)[-1].result
        assert result.state is RunState.FINISHED, [node.failure for node in result.nodes]
        return result

    return run


def test_each_round_has_a_process_of_its_own_where_starting_one_is_quick(measured, runner):
    # Blocks so long that even a busy machine starts a process in less.
    result = measured(BRIEF.model_copy(update={"restart_rounds": 1, "block_s": 2.5}))
    blocks = [w for w in runner.store.windows(result.run_id) if w.kind is WindowKind.BLOCK]
    assert {(w.variant, w.block): w.process for w in blocks} == {(v, b): b for v in "AB" for b in (0, 1)}
    assert all(0 < w.cpu_s <= 1.5 * w.seconds for w in blocks)
    for variant in result.variants:
        assert all(0 < block.conditions.load_own <= 1.5 for block in variant.blocks)
        assert all(0 <= block.conditions.load_others <= (os.cpu_count() or 1) for block in variant.blocks)


def test_offline_finds_a_batch_for_each_model_and_serving_counts_the_queue(measured):
    offline = measured(scenario="offline", max_batch=8)
    for variant in offline.variants:
        assert variant.scenario is Scenario.OFFLINE
        best = max(variant.batches, key=lambda each: each.throughput)
        assert (variant.batch, [each.batch for each in variant.batches][:2]) == (best.batch, [1, 2])
    server = measured(scenario="server", rate=50.0, bound_s=5.0, find_rate=False)
    for variant in server.variants:
        assert variant.batch == 1
        assert variant.served.queries == sum(block.calls for block in variant.blocks)
        assert variant.served.late == 0
        assert variant.served.rate == 50.0
