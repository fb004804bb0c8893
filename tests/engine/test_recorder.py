"""What must be said beside the numbers is in the results: gaps in the power readings, company on the machine, gaps in the data."""

import psutil
import pytest

from greenbench.core import messages
from greenbench.core.artifact import DatasetArtifact, InputSpec, SplitInfo
from greenbench.core.errors import StoreError
from greenbench.core.run import Environment, Plan, PlannedNode, RunResult, RunState
from greenbench.engine.company import company, late_company
from greenbench.engine.recorder import Recorder
from greenbench.meters.ledger import EnergyLedger
from greenbench.store import Store

PLAN = Plan(title="Small", nodes=(PlannedNode(id="d", step="data", version=1, title="Pictures", params={}, digest="x"),))


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path) as opened:
        yield opened


def begin(store, run_id, started="2026-01-01T00:00:00+00:00"):
    store.begin_run(run_id, PLAN, Environment(), started, 0)
    return run_id


@pytest.fixture
def complaints():
    return []


@pytest.fixture
def recorder(store, complaints):
    return Recorder(begin(store, "one"), PLAN, store, EnergyLedger(), complaints.append)


def test_a_dead_meter_is_a_deviation_told_once(recorder):
    recorder.on_event(messages.MeterState(alive=True))
    for _ in range(3):
        recorder.on_event(messages.MeterState(alive=False, text="The meter process was killed (SIGKILL); it is started again."))
    (remark,) = recorder.warnings
    assert remark.kind == "deviation"
    assert "was killed (SIGKILL)" in remark.text
    assert "has no energy" in remark.text


@pytest.mark.parametrize("cached", [False, True])
def test_what_a_data_set_lacks_is_a_warning_also_from_the_cache(recorder, cached):
    split = SplitInfo(examples=3, digest="d")
    data = DatasetArtifact(
        kind="array", name="p", input=InputSpec(shape=(1,)), classes=("cat", "dog"), splits={"test": split}, notes=("No dog.",)
    )
    recorder.on_event(messages.NodeFinished(node="d", digest="x", cached=cached, t_ns=1, seconds=1.0, outputs={"data": data}))
    assert [(w.kind, w.text) for w in recorder.warnings] == [("warning", '"Pictures": No dog.')]


def test_a_store_that_fails_is_told_once_and_the_record_goes_on(recorder, store, complaints, monkeypatch):
    def full(*_):
        raise StoreError("The disk is full.", "Make room.")

    monkeypatch.setattr(store, "save_node", full)
    monkeypatch.setattr(store, "add_log", full)
    recorder.on_event(messages.NodeStarted(node="d", t_ns=1))
    recorder.on_event(messages.Log(text="hello"))
    assert complaints == ["The disk is full. Make room. The run goes on, but its history is not kept."]
    assert recorder.nodes["d"].state == "running"


def test_a_run_beside_another_is_told_and_a_dead_or_finished_one_is_no_company(store, recorder, monkeypatch):
    assert company(store, "one") == ""
    begin(store, "two")
    assert "(one)" in company(store, "two")
    store.finish_run("one", RunState.FINISHED, None)
    assert company(store, "two") == ""
    begin(store, "three")

    def gone(pid):
        raise psutil.NoSuchProcess(pid)

    monkeypatch.setattr("greenbench.store.recording.psutil.Process", gone)
    assert company(store, "two") == ""


def test_the_run_that_began_first_is_told_at_its_end_of_those_that_came_beside_it(store):
    begin(store, "before", "2026-01-01T00:00:00+00:00")
    store.finish_run("before", RunState.FINISHED, ended_after("before", 60.0))
    first = "2026-01-01T00:05:00+00:00"
    begin(store, "first", first)
    assert late_company(store, "first", first) == ""
    begin(store, "second", "2026-01-01T01:06:00+01:00")  # another zone: a minute later
    assert "(second)" in late_company(store, "first", first)
    store.finish_run("second", RunState.FINISHED, ended_after("second", 10.0))
    assert "(second)" in late_company(store, "first", first)
    assert late_company(store, "first", first, told="Another run was under way (second)") == ""


def ended_after(run_id, seconds):
    return RunResult(run_id=run_id, title="Small", state=RunState.FINISHED, started="", seconds=seconds, plan=PLAN)
