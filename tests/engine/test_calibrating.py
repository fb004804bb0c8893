"""A sweep over a scripted machine finds the machine's own line; it stops when asked, and refuses what would mean little."""

import threading
import time

import psutil
import pytest

from greenbench.core.calibration import LoadLevel, SweepPlan
from greenbench.core.errors import CalibrationError, Cancelled
from greenbench.core.measurement import Channel, Domain, Provenance, Sample, SourceReport, SourceState
from greenbench.engine.calibrating import Sweep, choose, enough_s, sweep_plan
from greenbench.engine.calibrations import CalibrationBook
from greenbench.engine.load import Load
from greenbench.meters.ledger import EnergyLedger

S = 1_000_000_000
OFFSET_W, GAIN = 14.0, 1.25


def channel(key, domain, provenance=Provenance.COUNTER, refresh_s=0.1, **more):
    return Channel(key=key, title=key.capitalize(), domain=domain, provenance=provenance, covers=key, refresh_s=refresh_s, **more)


PLUG = channel("plug", Domain.SYSTEM, Provenance.EXTERNAL, 1.0)
PACKAGE = channel("package", Domain.PACKAGE)
CORE = channel("core", Domain.CORE, counted=False, inside="package")
BOARD = channel("board", Domain.GPU, Provenance.INTEGRATED)
BATTERY = channel("battery", Domain.BATTERY, Provenance.INTEGRATED)
MODEL = channel("model", Domain.PACKAGE, Provenance.MODELLED)


class Machine:
    """A computer at a plug: 8 W idle, 48 W at full load, and a plug that shows the mean of the last second. `wait` lets time pass.

    It is the load that a sweep sets, and the stop that it waits on.
    """

    def __init__(self, plug_ends_s=1e9, follows=True):
        self.now_ns, self.level, self.alive = 100 * S, LoadLevel(cpu=0.0), True
        self.ledger = EnergyLedger([PLUG, PACKAGE])
        self.joules, self.recent_w = 0.0, [8.0] * 10
        self.plug_ends_ns, self.follows = 100 * S + plug_ends_s * S, follows
        self.set_levels, self.asked_to_stop = [], False
        self._pass(3)

    def set(self, level):
        self.level = level
        self.set_levels.append(level)
        return True

    def wait(self, timeout):
        self._pass(timeout)
        return self.asked_to_stop

    def _pass(self, seconds):
        for _ in range(max(round(seconds * 10), 1)):
            self.now_ns += S // 10
            watts = 8.0 + 40.0 * self.level.cpu
            self.joules += watts / 10
            self.recent_w = [*self.recent_w[1:], watts]
            self.ledger.add([Sample(channel="package", t_ns=self.now_ns, energy_j=self.joules, power_w=watts)])
            if self.now_ns % S == 0 and self.now_ns <= self.plug_ends_ns:
                wall_w = OFFSET_W + GAIN * sum(self.recent_w) / 10 if self.follows else 50.0
                self.ledger.add([Sample(channel="plug", t_ns=self.now_ns, power_w=wall_w)])

    def sweep(self, seconds=10.0, busy=lambda: False):
        pair = choose(self.ledger.channels)
        return Sweep(pair, sweep_plan(pair, seconds), self.ledger, self, clock=lambda: self.now_ns, busy=busy)


def test_the_sweep_finds_the_machines_own_line():
    machine, told = Machine(), []
    found = machine.sweep().run(told.append, machine)
    assert found.offset_w == pytest.approx(OFFSET_W, abs=1e-6)
    assert found.gain == pytest.approx(GAIN, abs=1e-7)
    assert (found.low_w, found.high_w) == (pytest.approx(8.0), pytest.approx(48.0))
    assert (found.external, found.counters, found.n) == ("plug", ("package",), 9)
    assert not found.recorded
    assert [level.cpu for level in machine.set_levels] == [0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25, 0, 0], "up, down, and then nothing"
    assert [p.fraction for p in told] == sorted(p.fraction for p in told)
    assert told[-1].fraction == 1.0
    assert told[0].words == "idle"
    assert told[0].remaining_s == pytest.approx(90, abs=1)
    heard = [window for progress in told for window in progress.fresh]
    assert len(heard) == found.windows == 9 * 7, "three seconds of each level settle"


def test_the_first_seconds_of_a_level_do_not_count():
    """The plug still shows the load before: taken in, they would bend the line."""
    machine = Machine()
    sweep = machine.sweep()
    assert sweep.plan.settle_s == 3.0
    sweep.run(lambda progress: None, machine)
    for window in sweep.windows:
        begun_ns = sweep.windows[0].t0_ns - 3 * S + window.level * 10 * S
        assert begun_ns + 3 * S <= window.t0_ns < window.t1_ns <= begun_ns + 10 * S


def test_stop_ends_it_at_once():
    machine = Machine()
    machine.asked_to_stop = True
    with pytest.raises(Cancelled):
        machine.sweep().run(lambda progress: None, machine)
    assert len(machine.set_levels) == 1


def test_nothing_is_swept_during_a_run():
    machine = Machine()
    with pytest.raises(CalibrationError, match="A run is under way"):
        machine.sweep(busy=lambda: True).run(lambda progress: None, machine)
    assert not machine.set_levels


def test_a_meter_that_falls_silent_is_told_before_the_other_loads_are_held():
    machine = Machine(plug_ends_s=14)
    with pytest.raises(CalibrationError, match="Plug gave no reading"):
        machine.sweep().run(lambda progress: None, machine)
    assert len(machine.set_levels) < 5


def test_a_meter_of_something_else_gives_no_calibration():
    machine = Machine(follows=False)
    with pytest.raises(CalibrationError, match="does not follow the counters"):
        machine.sweep().run(lambda progress: None, machine)


def test_a_load_that_died_is_told():
    machine = Machine()
    machine.alive = False
    with pytest.raises(CalibrationError, match="makes the load ended"):
        machine.sweep().run(lambda progress: None, machine)


def test_the_pair_is_the_whole_and_its_parts():
    pair = choose([PACKAGE, CORE, BOARD, PLUG, BATTERY])
    assert pair.external == PLUG, "a wall meter before a battery"
    assert pair.counters == (PACKAGE, BOARD), "cores lie inside the package"
    assert choose([PACKAGE, PLUG, BATTERY], "battery").external == BATTERY
    assert choose([PACKAGE, BATTERY]).external == BATTERY


@pytest.mark.parametrize(
    ("channels", "wanted", "says"),
    [
        ([PACKAGE], "", "no external meter"),
        ([PLUG], "", "no counters to calibrate"),
        ([PLUG, MODEL], "", "no counters to calibrate"),
        ([PLUG, PACKAGE], "Yokogawa", 'called "Yokogawa"'),
        ([PLUG, PLUG.model_copy(update={"key": "other"}), PACKAGE], "", "2 meters of the whole machine"),
    ],
)
def test_what_cannot_be_paired_is_refused_with_a_remedy(channels, wanted, says):
    with pytest.raises(CalibrationError, match=says) as refused:
        choose(channels, wanted)
    assert refused.value.remedy


def test_a_meter_that_nobody_added_is_not_answered_for_by_another():
    silent = SourceReport(
        key="external:shelly", title="Shelly in the lab", state=SourceState.STANDBY, provenance=Provenance.EXTERNAL, reason="No answer."
    )
    with pytest.raises(CalibrationError, match='There is no meter "nope"') as refused:
        choose([PACKAGE], "nope", [silent])
    assert refused.value.remedy == "There are: external:shelly (Shelly in the lab)."
    for wanted in ("", "shelly", "the lab"):
        with pytest.raises(CalibrationError, match="Shelly in the lab gives no reading"):
            choose([PACKAGE], wanted, [silent])


def test_a_slow_meter_wants_longer_loads():
    slow = choose([PLUG.model_copy(update={"refresh_measured_s": 4.0}), PACKAGE])
    assert enough_s(slow) == 400.0
    with pytest.raises(CalibrationError, match="too short for Plug") as refused:
        sweep_plan(slow, 10.0)
    assert "at least 20 s" in refused.value.remedy
    assert sweep_plan(slow, 60.0).window_s == 4.0


def test_a_gpu_among_the_counters_is_loaded_too():
    plan = sweep_plan(choose([PLUG, PACKAGE, BOARD]), 10.0, gpu=True)
    assert {level.gpu for level in plan.levels} == {0.0, 0.25, 0.5, 1.0}
    assert plan.levels[-1] == LoadLevel(cpu=0.0)
    assert plan.total_s == 10.0 * len(plan.levels)
    assert plan.levels[-2].words == "GPU 50 %"


def test_what_is_kept_reads_back_and_a_damaged_file_calibrates_nothing(tmp_path):
    machine, book = Machine(), CalibrationBook(tmp_path)
    found = machine.sweep().run(lambda progress: None, machine)
    assert book.fitting([PACKAGE])[1].startswith("no calibration")
    book.keep(found)
    newer = found.model_copy(update={"gain": 1.3, "date": "2999-01-01T00:00:00+00:00"})
    book.keep(newer)
    assert book.all() == (newer,), "an earlier one of the same machine and channels gives way"
    assert book.fitting([PACKAGE, CORE, MODEL]) == (newer, "")
    assert "with board besides" in book.fitting([PACKAGE, BOARD])[1]
    assert "no counter" in book.fitting([MODEL])[1]
    elsewhere = found.model_copy(update={"hostname": "another"})
    book.keep(elsewhere)
    assert book.forget() == 1
    assert book.all() == (elsewhere,)
    assert "another machine (another" in book.fitting([PACKAGE])[1]
    book.path.write_text("{", encoding="utf-8")
    assert book.all() == ()


def test_the_load_works_for_its_share_of_a_core_rests_when_idle_and_ends_with_its_parent():
    """However busy the machine is besides: it never takes more than its share, and without its parent it is gone."""
    load = Load(1)
    try:
        process = psutil.Process(load._child.pid)
        load.set(LoadLevel(cpu=0.5))
        started_s = _worked_s(process)
        deadline = time.monotonic() + 60
        while _worked_s(process) < started_s + 0.3:
            assert time.monotonic() < deadline, "it does not work"
            threading.Event().wait(0.05)
        assert _share_of_a_core(process, 1.0) < 0.7
        load.set(LoadLevel(cpu=0.0))
        _share_of_a_core(process, 0.3)
        assert _share_of_a_core(process, 0.4) < 0.1
    finally:
        load._child.close_input()
    gone, alive = psutil.wait_procs([process], timeout=20)
    load.close()
    assert gone
    assert not alive


def _worked_s(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


def _share_of_a_core(process: psutil.Process, seconds: float) -> float:
    """Processor time over wall time."""
    before, start = _worked_s(process), time.monotonic()
    threading.Event().wait(seconds)
    return (_worked_s(process) - before) / (time.monotonic() - start)


def test_a_plan_survives_json():
    plan = SweepPlan(levels=(LoadLevel(cpu=0.5),), seconds=10.0, settle_s=3.0, window_s=1.0)
    assert SweepPlan.model_validate_json(plan.model_dump_json()) == plan
