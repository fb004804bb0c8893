"""A run begins in the store before the meter's next word is kept with it: the meter speaks while the machine is still being looked at."""

import threading

import pytest

from greenbench.core import messages
from greenbench.core.advice import Advice, Tone
from greenbench.core.clock import now_ns
from greenbench.core.errors import StoreError
from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.core.run import Environment, Plan
from greenbench.engine import runner as module
from greenbench.engine.runner import LocalRunner

PACKAGE = Channel(key="package", title="Package", domain=Domain.PACKAGE, provenance=Provenance.COUNTER, covers="", refresh_s=0.1)
RAPL = SourceReport(key="rapl", title="RAPL", state=SourceState.IN_USE, provenance=Provenance.COUNTER, channels=(PACKAGE,))


class NoWorker:
    """A worker that never answers."""

    pid = 0

    def __init__(self, *arguments, **more):
        self.alive = False

    def send(self, line):
        return True

    def stop(self, grace_s=2.0):
        return 0


@pytest.fixture
def runner(tmp_path, monkeypatch):
    made = LocalRunner(tmp_path)
    monkeypatch.setattr(module, "Child", NoWorker)
    made._on_meter(messages.Sources(reports=(RAPL,)))
    yield made
    made.close()


def speak(runner, joules):
    runner._on_meter(messages.Samples(samples=(Sample(channel="package", t_ns=now_ns(), energy_j=joules, power_w=10.0),)))


def errors(runner):
    found = []
    while not runner.events.empty():
        event = runner.events.get()
        found += [event.text] if isinstance(event, messages.Log) and event.level == "error" else []
    return found


def test_samples_that_come_while_a_run_begins_do_not_cost_its_history(runner, monkeypatch):
    def slow_snapshot():
        speak(runner, 1.0)
        return Environment()

    monkeypatch.setattr(module, "snapshot", slow_snapshot)
    run_id = runner.start(Plan(title="Test", nodes=()))
    speak(runner, 2.0)
    assert errors(runner) == []
    # The last reading before the start is the run's as well: its first window is interpolated from it.
    assert runner.store.samples(run_id, "package").energy_j.tolist() == [1.0, 2.0]


def test_a_run_that_cannot_be_kept_does_not_begin(runner, monkeypatch):
    def full(*arguments):
        raise StoreError("The disk is full.")

    monkeypatch.setattr(runner.store, "begin_run", full)
    with pytest.raises(StoreError, match="full"):
        runner.start(Plan(title="Test", nodes=()))
    assert not runner.running


def test_what_the_linter_said_before_a_run_is_kept_with_it_however_it_ends(runner, monkeypatch):
    monkeypatch.setattr(module, "_LAST_SAMPLES_S", 0.0)
    told = (Advice(code="on-battery", tone=Tone.WARNING, title="The machine runs on battery", text="It drains."),)
    for said in (told, ()):
        run_id = runner.start(Plan(title="Test", nodes=()), said)
        ending = threading.Thread(target=runner._on_worker_end, args=(1,))
        ending.start()
        ending.join()
        assert runner.store.result(run_id).lint == said
