"""The meter process: a steady beat under a fake clock, and a real process that starts, speaks and ends with its parent."""

import itertools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from greenbench.core.external import ExternalKind, add_meter, described
from greenbench.core.measurement import Facts, Provenance, Sample, SourceReport, SourceState
from greenbench.core.messages import Hello, LookAgain, Samples, Shutdown, Sources, decode_event, encode
from greenbench.meters.discover import channels_in_use
from greenbench.meters.ledger import EnergyLedger
from greenbench.meters.replay import load_recording
from greenbench.meters.sampler import Beat, Sampler

SQUARE = Path(__file__).parents[1] / "recordings" / "square.jsonl"
NS = 1_000_000_000


class FakeMeter:
    """A sample at each read, which takes `cost_s`; its state is set from outside."""

    def __init__(self, clock, cost_s=0.0) -> None:
        self.clock, self.cost_s, self.state = clock, cost_s, SourceState.IN_USE
        self.read_at = []

    def report(self):
        return SourceReport(key="fake", title="Fake", state=self.state, provenance=Provenance.COUNTER)

    def read(self):
        self.read_at.append(self.clock.now_ns)
        self.clock.tick(self.cost_s)
        return (Sample(channel="c", t_ns=self.clock.now_ns, power_w=1.0),)

    def close(self):
        pass


class FakeFacts:
    def read(self):
        return Facts(t_ns=0)


class StopAfter:
    """Lets the clock run to each deadline, and ends after so many waits."""

    def __init__(self, clock, waits, on_wait=lambda n: None) -> None:
        self.clock, self.left, self.waits, self.on_wait = clock, waits, 0, on_wait

    def wait(self, timeout):
        self.clock.tick(timeout)
        self.waits += 1
        self.on_wait(self.waits)
        return self.waits > self.left


def run(clock, meter, waits, beat=None, on_wait=lambda n: None):
    said = []
    Sampler([meter], FakeFacts(), said.append, clock).run(StopAfter(clock, waits, on_wait), beat or Beat())
    return said


def test_the_beat_does_not_drift_with_the_cost_of_reading(clock):
    start, meter = clock.now_ns, FakeMeter(clock, cost_s=0.03)
    run(clock, meter, 20)
    assert [t - start for t in meter.read_at] == [i * NS // 10 for i in range(20)]


def test_missed_deadlines_are_skipped_and_not_made_up_for(clock):
    start, meter = clock.now_ns, FakeMeter(clock, cost_s=0.25)
    run(clock, meter, 4)
    assert [t - start for t in meter.read_at] == [0, 3 * NS // 10, 6 * NS // 10, 9 * NS // 10]


@pytest.mark.parametrize(("interval_s", "per_second"), [(0.1, (9, 11)), (0.01, (6, 8)), (0.001, (6, 8))])
def test_samples_travel_five_to_ten_times_a_second(clock, interval_s, per_second):
    said = run(clock, FakeMeter(clock), round(2 / interval_s), Beat(interval_s))
    batches = [message for message in said if isinstance(message, Samples)]
    assert per_second[0] <= len(batches) / 2 <= per_second[1]
    assert sum(len(batch.samples) for batch in batches) == round(2 / interval_s)


def test_facts_come_twice_a_second(clock):
    said = run(clock, FakeMeter(clock), 100)
    batches = [message for message in said if isinstance(message, Samples)]
    assert [i for i, batch in enumerate(batches) if batch.facts] == list(range(0, len(batches), 5))


def test_sources_are_told_first_and_again_only_when_one_changes(clock):
    meter = FakeMeter(clock)

    def change(wait):
        if wait == 45:
            meter.state = SourceState.SILENT

    said = run(clock, meter, 100, on_wait=change)
    told = [message.reports[0].state for message in said if isinstance(message, Sources)]
    assert told == [SourceState.IN_USE, SourceState.SILENT]
    assert isinstance(said[0], Sources)


def test_when_it_is_asked_all_sources_look_anew_at_once(clock):
    class Seldom(FakeMeter):
        looked = 0

        def look_again(self):
            self.looked += 1

    meter, asked, said = Seldom(clock), threading.Event(), []

    def ask(wait):
        if wait == 5:
            meter.state = SourceState.SILENT
            asked.set()

    Sampler([meter], FakeFacts(), said.append, clock, asked).run(StopAfter(clock, 10, ask), Beat())  # one second: no look is due
    assert meter.looked == 1
    assert [message.reports[0].state for message in said if isinstance(message, Sources)] == [SourceState.IN_USE, SourceState.SILENT]
    assert len(meter.read_at) == 10


def test_dithered_readings_fall_anywhere_in_their_interval_and_do_not_drift(clock):
    start, meter = clock.now_ns, FakeMeter(clock, cost_s=0.001)
    run(clock, meter, 2000, Beat(dither=1.0))
    late_s = [(t - start) / NS - i / 10 for i, t in enumerate(meter.read_at)]
    assert 0 <= min(late_s) < 0.002
    assert 0.098 < max(late_s) < 0.102
    assert sum(late_s) / len(late_s) == pytest.approx(0.05, abs=0.004)


def test_a_clock_that_goes_back_does_not_stop_the_beat(clock):
    meter = FakeMeter(clock)

    def change(wait):
        if wait == 20:
            clock.tick(-500)

    said = run(clock, meter, 60, on_wait=change)
    back = next(i for i, (a, b) in enumerate(itertools.pairwise(meter.read_at)) if b < a)
    later = meter.read_at[back + 1 :]
    assert len(later) == 41
    assert later[-1] - later[0] == pytest.approx(4.0 * NS, abs=0.2 * NS)
    assert sum(message.facts is not None for message in said[-20:] if isinstance(message, Samples)) >= 3


def test_a_clock_that_leaps_ahead_skips_what_it_missed(clock):
    meter = FakeMeter(clock)
    run(clock, meter, 40, on_wait=lambda wait: clock.tick(3600) if wait == 20 else None)
    assert len(meter.read_at) == 40
    assert meter.read_at[-1] - meter.read_at[0] == pytest.approx(3603.9 * NS, abs=0.2 * NS)


def test_the_close_look_comes_first_and_is_told_at_the_ordinary_beat(clock):
    meter, said = FakeMeter(clock), []
    Sampler([meter], FakeFacts(), said.append, clock).study(StopAfter(clock, 10**6), Beat())
    assert isinstance(said[0], Sources)
    batches = [message for message in said if isinstance(message, Samples)]
    assert 19 <= len(batches) <= 23
    assert all(len(batch.samples) <= 1 for batch in batches)
    assert len(meter.read_at) > 900


@pytest.mark.parametrize("bad", [(0, 0.1), (-1, 0.1), (float("nan"), 0.1), (0.1, -1), (0.1, 0.1, 1.5)])
def test_a_beat_that_cannot_be_is_refused(bad):
    with pytest.raises(ValueError, match="interval"):
        Beat(*bad)


@pytest.fixture
def start(tmp_path):
    """Starts a real meter process with a home of its own; what is still alive at the end is ended."""
    started = []

    def begin(*arguments):
        command = [sys.executable, "-m", "greenbench.meters.sampler", *arguments]
        environment = {**os.environ, "GREENBENCH_HOME": str(tmp_path)}
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_a_process_speaks_and_ends_with_its_parent(start):
    process = start()
    hello, sources, samples = (decode_event(process.stdout.readline()) for _ in range(3))
    assert isinstance(hello, Hello)
    assert (hello.role, hello.pid) == ("meter", process.pid)
    assert isinstance(sources, Sources)
    assert {report.key for report in sources.reports} >= {"external", "rapl", "nvml", "battery", "model"}
    assert isinstance(samples, Samples)
    assert samples.facts.memory_total_bytes
    process.stdin.close()
    process.stdin = None
    assert process.wait(10) == 0
    assert process.stderr.read() == b""


def test_a_process_ends_on_shutdown_and_bears_with_nonsense(start):
    process = start()
    process.stdout.readline()
    process.stdin.write(b"nonsense\n" + encode(Shutdown()))
    process.stdin.flush()
    assert process.wait(10) == 0
    assert b"nonsense" in process.stderr.read()


def test_a_process_reads_a_plug_that_is_added_while_it_runs_as_soon_as_it_is_asked_to_look(start, tmp_path, plug):
    plug.answers = {"/shelly": {"gen": 2, "mac": "A"}, "/rpc/Switch.GetStatus": {"apower": 61.5, "aenergy": {"total": 1.0}}}
    process = start("--steady")
    process.stdout.readline()
    add_meter(tmp_path, described(ExternalKind.SHELLY, plug.address, "Desk"))
    process.stdin.write(encode(LookAgain()))
    process.stdin.flush()
    states, watts = [], []
    while not watts:
        event = decode_event(process.stdout.readline())
        if isinstance(event, Sources):
            states += [report.state for report in event.reports if report.key == "external:desk"]
        elif isinstance(event, Samples):
            watts += [sample.power_w for sample in event.samples if sample.channel == "external:desk"]
    assert watts == [61.5]
    assert set(states) <= {SourceState.STANDBY, SourceState.IN_USE}


def test_a_process_ends_when_nobody_listens(start):
    process = start()
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(10) == 0


def test_a_recording_through_a_process_keeps_its_joules_and_can_be_recorded_again(start, tmp_path):
    copy = tmp_path / "copy.jsonl"
    process = start("--replay", str(SQUARE), "--record", str(copy), "--interval", "0.02")
    events, ledger = [], EnergyLedger()
    for line in process.stdout:
        events.append(event := decode_event(line))
        if isinstance(event, Sources):
            ledger.declare(channels_in_use(event.reports))
        elif isinstance(event, Samples):
            ledger.add(event.samples)
        if ledger.counted and ledger.curve("rapl:0").watts()[0].size >= 26:
            break
    process.stdin.close()
    process.stdin = None
    assert process.wait(10) == 0
    package = ledger.curve("rapl:0")
    t0 = int(package.watts()[0][0])
    assert package.energy_j(t0 + NS, t0 + 2 * NS) == pytest.approx(30.0)
    assert ledger.window(t0 + NS, t0 + 2 * NS).energy_j == pytest.approx(82.0)
    # The clock that stamps samples is the one that this process has.
    assert abs(events[0].t_ns - t0) < NS
    assert [s.energy_j for s in load_recording(copy).samples if s.channel == "rapl:0"][:26] == [
        s.energy_j for s in load_recording(SQUARE).samples if s.channel == "rapl:0"
    ][:26]


@pytest.mark.parametrize("arguments", [("--replay", "/nowhere/none.jsonl"), ("--interval", "0"), ("--record", "/nowhere/none.jsonl")])
def test_what_cannot_be_done_is_said_with_exit_code_2(start, arguments):
    said, log = start(*arguments).communicate(timeout=10)
    assert said == b""
    assert b"." in log
    assert b"Traceback" not in log


def test_the_process_brings_neither_qt_nor_torch_nor_pandas():
    code = "import json, sys, greenbench.meters.sampler; print(json.dumps(list(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    loaded = set(json.loads(said.stdout))
    assert "greenbench.meters.rapl" in loaded
    assert not loaded & {"torch", "PySide6", "pandas", "codecarbon", "scipy"}
