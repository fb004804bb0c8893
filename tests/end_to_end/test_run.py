"""A tiny pipeline through real processes: what is measured, what is kept, and what survives when something dies."""

import os
import signal
from itertools import pairwise

import psutil
import pytest

from greenbench.core import messages
from greenbench.core.measurement import Provenance, WindowKind
from greenbench.core.metrics import METRICS
from greenbench.core.run import NodeState, RunState
from greenbench.engine.runner import LocalRunner
from greenbench.store import Store


def of(seen, kind):
    return [event for event in seen if isinstance(event, kind)]


def test_a_run_measures_every_variant_and_is_kept(finished):
    runner, seen = finished
    result = seen[-1].result

    assert result.state is RunState.FINISHED, [e.failure for e in of(seen, messages.NodeFailed)]
    assert [(v.letter, v.name) for v in result.variants] == [("A", "Train"), ("B", "Pruned")]
    for variant in result.variants:
        assert set(variant.metrics) == {metric.key for metric in METRICS} - {"mean_absolute_error", "mean_iou"}, "one metric judges"
        accuracy = variant.metrics["accuracy"]
        assert accuracy.n == 360
        assert accuracy.low < accuracy.value < accuracy.high
        assert variant.metrics["latency_p50"].value > 0
        assert len(variant.blocks) == 3
        assert [step.title for step in variant.lineage][:2] == ["LeNet", "Train"]
    full, pruned = (v.metrics for v in result.variants)
    assert pruned["nonzero_parameters"].value < 0.6 * full["nonzero_parameters"].value
    assert pruned["size_bytes"].value == pytest.approx(full["size_bytes"].value, rel=0.01)  # zeros do not shrink the file
    assert pruned["size_coded_bytes"].value < 0.7 * full["size_coded_bytes"].value

    assert of(seen, messages.Metric)
    assert of(seen, messages.Calls)
    kept = runner.store.result(result.run_id)
    assert kept == result
    kinds = {window.kind for window in runner.store.windows(result.run_id)}
    # The quick protocol waits for nothing, and pruning by magnitude in one go is one kind of work.
    assert kinds == set(WindowKind) - {WindowKind.COOL_DOWN, WindowKind.PART}


def test_blocks_are_interleaved_and_balanced(finished):
    _, seen = finished
    blocks = [e.window for e in of(seen, messages.WindowClosed) if e.window.kind is WindowKind.BLOCK]
    assert [w.variant for w in blocks] == ["A", "B", "B", "A", "B", "A"]
    assert all(later.t0_ns >= earlier.t1_ns for earlier, later in pairwise(blocks))
    assert all(abs(w.seconds - 0.1) < 0.05 for w in blocks)


def test_energy_says_where_it_comes_from_and_is_never_zero(finished):
    result = finished[1][-1].result
    for variant in result.variants:
        energy = variant.metrics["energy_per_inference"]
        if energy.provenance is Provenance.UNAVAILABLE:
            assert energy.value is None
            assert energy.reason
        else:
            assert energy.value > 0
            assert energy.low <= energy.value <= energy.high
        if energy.provenance is Provenance.MODELLED:
            assert result.variants[1].against["energy_per_inference"].verdict == "not compared"
    assert any(node.energy is not None for node in result.nodes)


def test_the_ledger_charges_every_joule_of_the_run(finished):
    result = finished[1][-1].result
    lines = [line for line in result.ledger if line.energy.value is not None]
    assert {line.node for line in result.ledger} >= {node.id for node in result.plan.nodes}
    assert sum(line.seconds for line in result.ledger) == pytest.approx(result.seconds, rel=1e-6)
    if lines:
        assert result.energy_total.value == pytest.approx(sum(line.energy.value for line in lines))
    pipeline, session = result.spent
    assert (pipeline.scope, session.scope) == ("pipeline", "session")
    assert pipeline.experiments >= 1


def test_a_second_run_reuses_all_but_the_benchmark_and_charges_the_first_cost(finished, brief_plan, until):
    runner, before = finished
    first = before[-1].result
    runner.start(brief_plan())
    seen = until(runner, messages.ResultsReady)
    assert {e.node for e in of(seen, messages.NodeStarted)} == {"bench"}
    second = seen[-1].result
    cost = {node.node: node.energy for node in first.nodes}
    for node in second.nodes:
        if node.state is NodeState.CACHED:
            assert node.energy.value == cost[node.node].value
            assert node.energy.value is not None or node.energy.reason


def test_changing_one_parameter_runs_only_what_follows(finished, brief_plan, until):
    runner, _ = finished
    runner.start(brief_plan(sparsity=0.8))
    seen = until(runner, messages.ResultsReady)
    assert {e.node for e in of(seen, messages.NodeStarted)} == {"prune", "bench"}


def test_stop_ends_a_run_within_seconds_and_twice_is_harmless(runner, brief_plan, until):
    runner.start(brief_plan(epochs=500))
    until(runner, messages.Metric)
    runner.cancel()
    runner.cancel()
    result = until(runner, messages.ResultsReady)[-1].result
    runner.cancel()
    assert result.state is RunState.CANCELLED
    assert not runner.running
    assert {n.node: n.state for n in result.nodes}["train"] is NodeState.CANCELLED


def test_a_killed_worker_is_lost_and_what_was_finished_stays(runner, brief_plan, until):
    run_id = runner.start(brief_plan(epochs=500))
    until(runner, messages.Metric)
    os.kill(runner.worker_pid, signal.SIGKILL)
    seen = until(runner, messages.ResultsReady)
    result = seen[-1].result
    assert result.state is RunState.LOST
    failed = of(seen, messages.NodeFailed)[0]
    assert failed.node == "train"
    assert "SIGKILL" in failed.failure.message
    assert runner.store.runs()[0].id == run_id
    assert runner.store.result(run_id).state is RunState.LOST
    runner.start(brief_plan())
    again = until(runner, messages.NodeStarted)
    assert again[-1].node == "train"  # what was finished before the kill is not computed again


def test_a_killed_meter_comes_back_and_the_results_tell_the_gap(finished, brief_plan, until):
    runner, _ = finished
    runner.start(brief_plan())
    until(runner, messages.WindowOpened, lambda event: event.window.kind is WindowKind.BLOCK)
    before = runner.meter_pid
    os.kill(before, signal.SIGKILL)
    seen = until(runner, messages.ResultsReady)
    result = seen[-1].result
    assert result.state is RunState.FINISHED
    assert [e.alive for e in of(seen, messages.MeterState)][:1] == [False]
    assert runner.meter_pid != before
    assert any(remark.kind == "deviation" and "The meter process was killed" in remark.text for remark in result.warnings)
    assert any(block.energy_j is None for variant in result.variants for block in variant.blocks)


def test_a_killed_variant_fails_alone(finished, brief_plan, until):
    runner, _ = finished
    runner.start(brief_plan())
    until(runner, messages.VariantReady, lambda event: event.variant == "B")
    first = min(psutil.Process(runner.worker_pid).children(), key=lambda process: process.create_time())
    first.kill()
    result = until(runner, messages.ResultsReady)[-1].result
    failed, measured = result.variants
    assert '"Train" cannot be measured: its process was killed (SIGKILL).' in failed.failure.message
    assert failed.failure.remedy
    assert measured.failure is None
    assert measured.metrics["latency_p50"].value > 0


def test_a_second_instance_on_the_same_store_works(finished, brief_plan, until):
    runner, _ = finished
    runner.start(brief_plan())
    other = LocalRunner(runner.home)
    try:
        until(runner, messages.ResultsReady)
        assert other.store.runs()[0].state is RunState.FINISHED  # not marked lost by the newcomer
        other.start(brief_plan())
        assert until(other, messages.ResultsReady)[-1].result.state is RunState.FINISHED
    finally:
        other.close()


def test_closing_in_the_middle_of_a_run_leaves_no_process_and_a_marked_run(home, brief_plan, until):
    runner = LocalRunner(home)
    runner.open()
    run_id = runner.start(brief_plan(epochs=500))
    until(runner, messages.Metric)
    pids = [runner.worker_pid, runner.meter_pid]
    runner.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    with Store(home) as store:
        assert store.result(run_id).state in (RunState.CANCELLED, RunState.LOST)
