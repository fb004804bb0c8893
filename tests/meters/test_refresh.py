"""Refresh interval and resolution are what a source shows, and a source that stands still has none."""

import random

import pytest

from greenbench.core.measurement import SourceState
from greenbench.meters.battery import BatteryMeter
from greenbench.meters.meter import NS
from greenbench.meters.nvml import NvmlMeter
from greenbench.meters.rapl import RaplMeter
from greenbench.meters.refresh import RefreshWatch
from greenbench.meters.study import study
from greenbench.meters.track import CounterTrack

A = "GPU-aaaa1111"


class Passing:
    """Each wait passes on the fake clock, after which the machine goes on."""

    def __init__(self, clock, go_on) -> None:
        self.clock, self.go_on = clock, go_on

    def wait(self, timeout):
        self.clock.tick(timeout)
        self.go_on()
        return False


def watch_counter(refresh_s, pause_s, seconds, unit=1e-6, step_units=1000, jitter=random.Random(4)):
    """A counter that gains a random number of steps each `refresh_s`, read every `pause_s`."""
    watch, value, t_s, due_s = RefreshWatch(unit), 0, 1.0, 1.0
    while t_s < 1 + seconds:
        before = value
        while due_s <= t_s:
            value += step_units * jitter.randint(3, 9)
            due_s += refresh_s
        watch.see(round(t_s * NS), (value - before) * unit)
        t_s += pause_s * jitter.uniform(0.8, 1.2)
    return watch


@pytest.mark.parametrize(("refresh_s", "pause_s"), [(0.001, 0.00025), (0.1, 0.004), (0.02, 0.004), (2.0, 0.5)])
def test_the_interval_is_found_to_a_tenth(refresh_s, pause_s):
    watch = watch_counter(refresh_s, pause_s, 40 * refresh_s)
    assert watch.interval_s == pytest.approx(refresh_s, rel=0.1)


def test_too_slow_a_look_tells_nothing():
    assert watch_counter(0.001, 0.1, 10).interval_s is None
    assert watch_counter(0.1, 0.05, 10).interval_s is None


def test_the_resolution_is_the_largest_step_that_all_are_made_of():
    assert watch_counter(0.1, 0.004, 4, step_units=1000).resolution == pytest.approx(1e-3)
    assert RefreshWatch(1e-6).resolution == 1e-6
    assert RefreshWatch().resolution is None


def test_a_value_refreshed_to_the_same_number_does_not_double_the_interval():
    watch = RefreshWatch(1e-3)
    rng, level = random.Random(1), 50.0
    for step in range(2000):
        new = 50.0 + rng.choice([0, 0, 1, 2]) if step % 25 == 0 else level
        watch.see(NS + step * 4_000_000, new - level)
        level = new
    assert watch.interval_s == pytest.approx(0.1, rel=0.05)


def test_a_stalled_counter_has_no_refresh_interval():
    track = CounterTrack("c", unit_j=1e-6)
    for step in range(200):
        track.advance(step // 20 * 0.5, NS + step * 5_000_000)
    assert track.watch.interval_s is None
    for step in range(200, 600):
        track.advance(step // 20 * 0.5, NS + step * 5_000_000)
    assert track.watch.interval_s == pytest.approx(0.1, rel=0.05)
    track.advance(599 // 20 * 0.5, 60 * NS)
    assert track.watch.interval_s is None
    assert track.watch.resolution == 1e-6


def test_what_was_seen_does_not_flicker():
    watch = watch_counter(0.1, 0.004, 4)
    found = watch.interval_s
    for step in range(1, 400):
        watch.see(100 * NS + step * 10_000_000, float(step % 3 == 0))
    assert watch.interval_s == found


def test_a_close_look_finds_what_rapl_and_nvml_really_do(clock, powercap, nvml, board):
    powercap.laptop()
    library = nvml(board(A, energy_mj=1000))
    start_ns = clock.now_ns

    def go_on():
        passed_s = (clock.now_ns - start_ns) / NS
        ticks, hundredths = int(passed_s / 0.001), int(passed_s / 0.1)
        powercap.set("intel-rapl:0", 5_000_000 + 20_000 * ticks + ticks * ticks % 97)
        library.boards[0].energy_mj = 1000 + 7_000 * hundredths + hundredths % 5

    rapl, gpu = RaplMeter(powercap.root, clock), NvmlMeter(lambda: library, clock)
    told = []
    study([rapl, gpu], Passing(clock, go_on), clock, told.extend)
    package = rapl.report().channels[0]
    assert package.refresh_measured_s == pytest.approx(0.001, rel=0.15)
    assert package.resolution == 1e-6
    assert gpu.report().channels[0].refresh_measured_s == pytest.approx(0.1, rel=0.1)
    assert gpu.report().channels[0].resolution == pytest.approx(1e-3)
    # What was read meanwhile is told at the ordinary beat: twenty times in two seconds, and to the last joule.
    mine = [sample for sample in told if sample.channel == package.key]
    assert 18 <= len(mine) <= 23
    assert mine[-1].energy_j - mine[0].energy_j == pytest.approx(0.02 * 2050, rel=0.06)
    # Counters that stood still the while say nothing of themselves.
    assert [channel.key for channel in rapl.report().channels] == [package.key]


def test_after_the_look_nvml_is_spared_again(clock, nvml, board):
    library = nvml(board(A, instant_mw=1000))
    meter = NvmlMeter(lambda: library, clock)
    study([meter], Passing(clock, lambda: None), clock, lambda samples: None)
    meter.read()
    library.boards[0].instant_mw = 2000
    clock.tick(0.01)
    assert meter.read() == ()


def test_a_failure_in_the_look_is_told_as_a_gap(clock, powercap):
    powercap.laptop()
    rapl, told = RaplMeter(powercap.root, clock), []
    reads = [0]

    def go_on():
        reads[0] += 1
        if reads[0] == 300:
            (powercap.root / "intel-rapl:0" / "energy_uj").write_text("")
        elif reads[0] != 301:
            powercap.set("intel-rapl:0", 5_000_000 + 10_000 * reads[0])

    study([rapl], Passing(clock, go_on), clock, told.extend)
    mine = [sample for sample in told if sample.channel == "rapl:intel-rapl:0"]
    lost = [index for index, sample in enumerate(mine) if sample.reason]
    assert lost
    assert 0 < lost[0] < len(mine) - 1
    assert [s.t_ns for s in mine] == sorted(s.t_ns for s in mine)


def test_a_battery_is_learnt_in_passing(clock, battery_folder):
    root = battery_folder(status="Discharging", power_now=9_000_000)
    meter = BatteryMeter(root, clock)
    assert meter.report().state is SourceState.IN_USE
    for step in range(200):
        battery_folder(status="Discharging", power_now=9_000_000 + step // 4 % 7 * 10_000)
        meter.read()
        clock.tick(0.5)
    channel = meter.report().channels[0]
    assert channel.refresh_measured_s == pytest.approx(2.0, rel=0.1)
    assert channel.resolution == pytest.approx(0.01)
