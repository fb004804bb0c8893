"""A killed process loses nothing it had committed, its run is marked LOST, and others work on the same file meanwhile."""

import os
import subprocess
import sys

import psutil
import pytest

from greenbench.core.measurement import Sample
from greenbench.core.run import Environment, RunState
from greenbench.store import Store

# Writes batches of a hundred samples and blocks without end, saying after each that it is committed.
WRITER = """
import sys
from greenbench.core.measurement import Sample, Window, WindowKind
from greenbench.core.run import Environment, NodeResult, NodeState, Plan
from greenbench.store import Store

folder, run_id, plan, batches = sys.argv[1], sys.argv[2], Plan.model_validate_json(sys.argv[3]), int(sys.argv[4])
store = Store(folder)
store.begin_run(run_id, plan, Environment(), "2026-11-22T12:00:00+01:00", 0)
store.save_node(run_id, NodeResult(node="teacher", title="Teacher", step="train", state=NodeState.DONE, seconds=3.0))
batch = 0
while batch != batches:
    batch += 1
    store.add_samples(run_id, [Sample(channel="rapl", t_ns=batch * 1000 + i, power_w=float(i)) for i in range(100)])
    window = Window(kind=WindowKind.BLOCK, label="block", t0_ns=0, t1_ns=batch * 10**9, node="bench", variant="A", block=batch, calls=2)
    store.add_window(run_id, window, (0.001, 0.002))
    print(batch, flush=True)
store.close()
"""


@pytest.fixture
def start_writer(tmp_path, plan):
    children = []

    def start(run_id, batches=-1):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), run_id, plan.model_dump_json(), str(batches)], stdout=subprocess.PIPE, text=True
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.stdout.close()
        child.wait()


def read_until(child, batch):
    for line in child.stdout:
        if int(line) >= batch:
            return int(line)
    raise AssertionError("the writer ended before")


def test_a_process_killed_while_it_writes_loses_nothing_that_it_had_said_was_written(tmp_path, start_writer):
    child = start_writer("r")
    said = read_until(child, 20)
    child.kill()
    said = max([said, *(int(line) for line in child.stdout if line.endswith("\n"))])
    child.wait()
    with Store(tmp_path) as store:
        assert store.moved_aside is None
        assert store.mark_lost() == ["r"]
        result = store.result("r")
        assert result.state is RunState.LOST
        assert [(node.node, node.seconds) for node in result.nodes] == [("teacher", 3.0)]
        samples, blocks = store.samples("r", "rapl"), store.latencies("r", "A")
        # One more of each may have been committed before the process could say so, never half of one.
        assert samples.t_ns.size in (100 * said, 100 * (said + 1))
        assert list(blocks) in (list(range(1, said + 1)), list(range(1, said + 2)))
        assert all(values.tolist() == [0.001, 0.002] for values in blocks.values())
        assert result.seconds == len(blocks)
        assert store.runs()[0].seconds == len(blocks)
        assert store.mark_lost() == []


def test_a_run_of_a_process_that_lives_is_left_alone_and_two_instances_write_at_once(tmp_path, plan, start_writer):
    child = start_writer("theirs")
    read_until(child, 3)
    with Store(tmp_path) as store:
        store.begin_run("mine", plan, Environment(), "2026-11-22T12:00:00+01:00", 0)
        for batch in range(40):
            store.add_samples("mine", [Sample(channel="rapl", t_ns=batch * 100 + i, power_w=1.0) for i in range(100)])
        read_until(child, 10)
        assert store.mark_lost() == []
        assert {run.id: run.state for run in store.runs()} == {"mine": RunState.RUNNING, "theirs": RunState.RUNNING}
        assert store.samples("mine", "rapl").t_ns.size == 4000
        assert store.samples("theirs", "rapl").t_ns.size >= 1000


def test_two_processes_that_start_together_both_keep_everything(tmp_path, start_writer):
    children = [start_writer(f"r{number}", batches=15) for number in range(2)]
    for child in children:
        assert read_until(child, 15) == 15
        assert child.wait() == 0
    with Store(tmp_path) as store:
        for number in range(2):
            assert store.samples(f"r{number}", "rapl").t_ns.size == 1500
            assert len(store.windows(f"r{number}")) == 15


@pytest.mark.skipif(sys.platform == "win32", reason="there are no zombies")
def test_a_killed_owner_that_nobody_has_waited_for_counts_as_gone(tmp_path, start_writer):
    child = start_writer("r")
    read_until(child, 1)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
    with Store(tmp_path) as store:
        assert store.mark_lost() == ["r"]


def test_a_process_that_took_over_the_id_of_the_owner_is_not_the_owner(store, plan):
    store.begin_run("r", plan, Environment(), "2026-11-22T12:00:00+01:00", 0)
    with store._database.writing() as connection:
        connection.execute("UPDATE run SET owner_created = owner_created - 3600")
    assert store.mark_lost() == ["r"]


def test_a_finished_run_is_never_lost(store, plan):
    store.begin_run("r", plan, Environment(), "2026-11-22T12:00:00+01:00", 0)
    store.finish_run("r", RunState.CANCELLED, None)
    with store._database.writing() as connection:
        connection.execute("UPDATE run SET owner_created = 0")
    assert store.mark_lost() == []
    assert store.result("r").state is RunState.CANCELLED


def test_a_batch_that_fails_half_way_is_not_kept_by_half(store, plan):
    store.begin_run("r", plan, Environment(), "2026-11-22T12:00:00+01:00", 0)
    good, bad = Sample(channel="rapl", t_ns=1, power_w=5.0), Sample(channel="rapl", t_ns=2**64, power_w=5.0)
    with pytest.raises(OverflowError):
        store.add_samples("r", [good, bad])
    assert store.channels("r") == ()
    store.add_samples("r", [good])
    assert store.samples("r", "rapl").power_w.tolist() == [5.0]
