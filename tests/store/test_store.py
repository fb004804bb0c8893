"""What is written is read back, to the last bit, by whoever asks."""

import math
import time
from threading import Barrier, Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbench.core.errors import StoreError
from greenbench.core.measurement import Measurement, Sample, SourceReport, Window, WindowKind
from greenbench.core.run import Environment, NodeResult, NodeState, Plan, RunResult, RunState, VariantResult
from greenbench.store import Store
from greenbench.store.latencies import pack, unpack

STARTED = "2026-11-22T12:00:00+01:00"
durations = st.lists(st.floats(allow_nan=False), max_size=40)
times = st.integers(-(2**62), 2**62)
readings = st.one_of(st.none(), st.floats(allow_nan=False))


def begin(store, run_id, plan, started_ns=0):
    store.begin_run(run_id, plan, Environment(cpu="Test"), STARTED, started_ns)


def block(variant, index, t0_ns=0, node="bench"):
    label = f"block {index} of {variant}"
    return Window(
        kind=WindowKind.BLOCK, label=label, t0_ns=t0_ns, t1_ns=t0_ns + 10**9, node=node, variant=variant, block=index, calls=3, batch=4
    )


@settings(max_examples=40)
@given(data=st.data())
def test_results_are_read_back_as_they_were_joined(shared_store, fresh_run, values_of, data):
    run_id = fresh_run()
    result = data.draw(values_of(RunResult)).model_copy(update={"run_id": run_id})
    shared_store.finish_run(run_id, result.state, result)
    assert shared_store.result(run_id) == result


@settings(max_examples=30)
@given(data=st.data())
def test_nodes_variants_sources_and_plan_are_read_back_before_there_are_results(shared_store, values_of, data):
    plan = data.draw(values_of(Plan))
    environment = data.draw(values_of(Environment))
    nodes = data.draw(st.lists(values_of(NodeResult), max_size=3, unique_by=lambda node: node.node))
    reports = tuple(data.draw(st.lists(values_of(SourceReport), max_size=2)))
    run_id = f"partial-{len(shared_store.runs(10**6))}"
    shared_store.begin_run(run_id, plan, environment, STARTED, 0)
    for node in nodes:
        shared_store.save_node(run_id, node)
    shared_store.save_sources(run_id, reports)
    found = shared_store.result(run_id)
    assert (found.plan, found.environment, found.sources, found.state) == (plan, environment, reports, RunState.RUNNING)
    assert {node.node: node for node in found.nodes} == {node.node: node for node in nodes}


@settings(max_examples=40)
@given(rows=st.dictionaries(st.tuples(st.sampled_from("ab"), times), st.tuples(readings, readings), max_size=20))
def test_samples_are_read_back_by_channel_in_order_of_time(shared_store, fresh_run, rows):
    run_id = fresh_run()
    samples = [Sample(channel=key, t_ns=t, power_w=watts, energy_j=joules) for (key, t), (watts, joules) in rows.items()]
    for start in range(0, len(samples), 7):
        shared_store.add_samples(run_id, samples[start : start + 7])
    assert set(shared_store.channels(run_id)) == {sample.channel for sample in samples}
    for key in "ab":
        mine = sorted((sample for sample in samples if sample.channel == key), key=lambda sample: sample.t_ns)
        found = shared_store.samples(run_id, key)
        assert found.t_ns.tolist() == [sample.t_ns for sample in mine]
        for array, name in ((found.power_w, "power_w"), (found.energy_j, "energy_j")):
            assert [None if math.isnan(value) else value for value in array] == [getattr(sample, name) for sample in mine]


def test_no_reading_is_not_read_back_as_zero(store, plan):
    begin(store, "r", plan)
    store.add_samples("r", [Sample(channel="rapl", t_ns=5, reason="no permission")])
    found = store.samples("r", "rapl")
    assert found.t_ns.tolist() == [5]
    assert np.isnan(found.power_w).all()
    assert np.isnan(found.energy_j).all()
    assert store.samples("r", "other").t_ns.size == 0


@given(durations)
def test_packed_durations_keep_every_bit(values):
    assert unpack(pack(values)).tobytes() == np.array(values, dtype=np.float64).tobytes()


def test_packed_durations_are_small():
    random = np.random.default_rng(0)
    clock = np.round(random.normal(6e5, 1e4, 20_000)) / 1e9
    blob = pack(clock)
    assert len(blob) < 0.35 * clock.nbytes
    assert unpack(blob).tobytes() == clock.tobytes()


@settings(max_examples=30)
@given(data=st.data())
def test_windows_and_their_calls_are_read_back(shared_store, fresh_run, values_of, data):
    run_id = fresh_run()
    windows = data.draw(st.lists(st.tuples(values_of(Window), durations), max_size=5))
    for window, seconds in windows:
        shared_store.add_window(run_id, window, tuple(seconds))
    assert shared_store.windows(run_id) == tuple(window for window, _ in windows)


def test_the_calls_of_a_variant_are_found_by_block(store, plan):
    begin(store, "r", plan)
    store.add_window("r", Window(kind=WindowKind.IDLE, label="idle", t0_ns=0, t1_ns=9))
    for variant, index, seconds in (("A", 0, [1.0, 2.0]), ("B", 0, [9.0]), ("A", 1, [3.0])):
        store.add_window("r", block(variant, index), seconds)
    found = store.latencies("r", "A")
    assert {index: values.tolist() for index, values in found.items()} == {0: [1.0, 2.0], 1: [3.0]}
    assert store.latencies("r", "A", benchmark="another") == {}


def test_the_log_is_kept_in_order_with_level_node_and_time(store, plan):
    begin(store, "r", plan)
    store.add_log("r", "loading")
    store.add_log("r", "odd", "warning", "teacher")
    lines = store.log("r")
    assert [(line.text, line.level, line.node) for line in lines] == [("loading", "info", ""), ("odd", "warning", "teacher")]
    assert lines[0].written <= lines[1].written
    assert lines[0].written.endswith("Z")


def test_the_cost_of_a_node_outlives_its_run_and_is_replaced_by_a_newer_one(store, plan):
    begin(store, "r", plan)
    assert store.node_cost("digest-teacher") is None
    first, second = (Measurement(value=value, low=1.0, high=9.0, unit="J") for value in (5.0, 6.0))
    store.set_node_cost("digest-teacher", first, 12.5)
    store.set_node_cost("digest-teacher", second, 12.5)
    store.delete_run("r")
    assert store.node_cost("digest-teacher") == second


def test_the_list_has_the_newest_run_first_with_its_verdict(store, plan):
    for run_id in ("first", "second", "third"):
        begin(store, run_id, plan)
    variants = (VariantResult(letter="A", node="teacher", name="Teacher"),)
    result = RunResult(
        run_id="second", title=plan.title, state=RunState.FINISHED, started=STARTED, seconds=42.0, plan=plan, variants=variants
    )
    store.finish_run("second", RunState.FINISHED, result, "Int8 needs 40 % less time.")
    runs = store.runs()
    assert [run.id for run in runs] == ["third", "second", "first"]
    assert (runs[1].title, runs[1].state, runs[1].seconds, runs[1].variants) == ("Two models", RunState.FINISHED, 42.0, 1)
    assert runs[1].headline == "Int8 needs 40 % less time."
    assert (runs[1].protocol, runs[1].scenario, runs[1].energy) == (plan.protocol.name, "single-stream", "")
    assert (runs[0].state, runs[0].seconds) == (RunState.RUNNING, None)
    assert [run.id for run in store.runs(limit=1)] == ["third"]


def test_the_beginning_of_an_id_is_enough_if_it_is_the_only_one(store, plan):
    for run_id in ("abc1", "abc2", "abc", "x%y"):
        begin(store, run_id, plan)
    assert store.find("abc1") == "abc1"
    assert store.find("abc") == "abc"
    assert store.find("x") == "x%y"
    with pytest.raises(StoreError, match=r'Several runs begin with "ab": .*abc1'):
        store.find("ab")
    for unknown in ("", "zzz", "%"):
        with pytest.raises(StoreError, match="There is no run"):
            store.find(unknown)


def test_a_run_is_begun_once(store, plan):
    begin(store, "r", plan)
    with pytest.raises(StoreError, match="already a run r"):
        begin(store, "r", plan)


def test_a_deleted_run_leaves_nothing_behind_and_a_late_write_says_so(store, plan):
    begin(store, "r", plan)
    store.add_samples("r", [Sample(channel="rapl", t_ns=1, power_w=5.0)])
    store.add_window("r", block("A", 0), [1.0])
    store.save_node("r", NodeResult(node="data", title="Data", step="data.digits", state=NodeState.DONE))
    store.add_log("r", "hello")
    store.delete_run("r")
    with store._database.reading() as connection:
        for table in ("run", "node", "variant", "window", "channel", "sample", "log"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    with pytest.raises(StoreError, match="There is no run r"):
        store.add_log("r", "too late")


def test_the_place_of_a_deleted_run_is_never_taken_by_another(store, plan, tmp_path):
    begin(store, "old", plan)
    with Store(tmp_path / "home") as other:
        other.add_log("old", "other remembers the run")
        store.delete_run("old")
        begin(store, "new", plan)
        with pytest.raises(StoreError):
            other.add_log("old", "must not land in the new run")
    assert store.log("new") == ()


def test_a_run_that_broke_off_is_put_together_from_its_blocks(store, plan):
    begin(store, "r", plan, started_ns=10**9)
    store.save_node("r", NodeResult(node="pruned", title="Pruned", step="prune", state=NodeState.DONE))
    store.save_node("r", NodeResult(node="data", title="Data", step="data.digits", state=NodeState.CACHED))
    for index in range(3):
        for variant, seconds in (("A", [0.002, 0.004, 0.003]), ("B", [0.001])):
            if variant == "A" or index == 0:
                store.add_window("r", block(variant, index, t0_ns=10**9 * (index + 2)), seconds)
    store.finish_run("r", RunState.LOST, None)
    found = store.result("r")
    assert found.state is RunState.LOST
    assert found.seconds == 4.0
    assert [node.node for node in found.nodes] == ["data", "pruned"]
    teacher, pruned = found.variants
    assert (teacher.letter, teacher.node, teacher.name, teacher.state, teacher.batch) == ("A", "teacher", "Teacher", NodeState.DONE, 4)
    assert (pruned.letter, pruned.node, pruned.state) == ("B", "pruned", NodeState.CANCELLED)
    assert [step.node for step in pruned.lineage] == ["teacher", "pruned"]
    assert [(b.index, b.calls, b.median_s) for b in teacher.blocks] == [(index, 3, 0.003) for index in range(3)]
    assert teacher.metrics["latency_p50"].value == 0.003
    assert "energy_per_inference" not in teacher.metrics
    assert found.warnings[0].kind == "deviation"
    assert (store.runs()[0].seconds, store.runs()[0].variants) == (4.0, 2)


def test_a_saved_variant_takes_precedence_over_its_blocks(store, plan):
    begin(store, "r", plan)
    store.add_window("r", block("A", 0), [0.002])
    saved = VariantResult(letter="A", node="teacher", name="Teacher", benchmark="bench", runtime="ONNX Runtime")
    store.save_variant("r", saved)
    assert store.result("r").variants == (saved,)


def test_the_variants_of_a_second_benchmark_get_letters_of_their_own(store, plan):
    second = plan.nodes[-1].model_copy(update={"id": "again", "title": "Again"})
    begin(store, "r", plan.model_copy(update={"nodes": (*plan.nodes, second)}))
    for node in ("bench", "again"):
        store.add_window("r", block("B", 0, node=node), [0.002])
    assert [(v.benchmark, v.letter, v.name) for v in store.result("r").variants] == [("bench", "B", "Pruned"), ("again", "D", "Pruned")]


def test_what_another_version_wrote_is_refused_with_a_sentence(store, plan):
    begin(store, "r", plan)
    store.set_node_cost("digest", Measurement(value=1.0, unit="J"), 1.0)
    store.add_window("r", block("A", 0), [1.0])
    with store._database.writing() as connection:
        for statement in ("UPDATE run SET result =", "UPDATE window SET body =", "UPDATE node_cost SET energy ="):
            connection.execute(f"""{statement} '{{"from": "the future"}}'""")
    for ask in (store.result, store.windows, lambda run: store.latencies(run, "A")):
        with pytest.raises(StoreError, match="Run r was written by another version"):
            ask("r")
    assert store.node_cost("digest") is None


def test_a_hundred_samples_are_added_in_less_than_five_milliseconds(store, plan):
    begin(store, "r", plan)
    took = []
    for batch in range(15):
        samples = [Sample(channel=f"c{i % 4}", t_ns=batch * 1000 + i, power_w=1.0 * i, energy_j=2.0 * i) for i in range(100)]
        start = time.perf_counter()
        store.add_samples("r", samples)
        took.append(time.perf_counter() - start)
    assert sorted(took)[len(took) // 3] < 5e-3


def test_several_threads_write_and_read_at_once(store, plan):
    begin(store, "r", plan)
    barrier, failures = Barrier(4), []

    def work(number):
        try:
            barrier.wait()
            for i in range(30):
                store.add_samples("r", [Sample(channel=f"c{number}", t_ns=i, power_w=1.0)])
                store.samples("r", f"c{number}")
                store.runs()
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [store.samples("r", f"c{number}").t_ns.size for number in range(4)] == [30] * 4


def test_after_closing_it_says_so_and_closing_twice_is_harmless(tmp_path, plan):
    store = Store(tmp_path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.runs()
