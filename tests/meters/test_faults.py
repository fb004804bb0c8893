"""What sensors and clocks do wrong, over fakes that count, wrap, stall, vanish and come back: a gap or the exact joules, never else."""

import errno
import gc

import pytest

from greenbench.core.measurement import Facts, Sample, SourceState
from greenbench.core.messages import Samples, Sources
from greenbench.meters.discover import channels_in_use
from greenbench.meters.energy_curve import EnergyCurve
from greenbench.meters.ledger import EnergyLedger
from greenbench.meters.machine import Machine
from greenbench.meters.meter import NS
from greenbench.meters.nvml import NvmlMeter
from greenbench.meters.rapl import RaplMeter
from greenbench.meters.sampler import Beat, Sampler

GPU = "GPU-aaaa1111"
PLAIN = Machine("linux", "made up", False, False, 1)


class Counter:
    """A counter file of the bench; one whose driver has gone says so, as sysfs does."""

    def __init__(self, bench, zone) -> None:
        self.bench, self.zone = bench, zone

    def read_j(self):
        if self.zone in self.bench.gone:
            raise OSError(errno.ENODEV, "No such device")
        return self.bench.shown[self.zone]

    def close(self):
        pass


class NoFacts:
    def read(self):
        return Facts(t_ns=0)


class Bench:
    """A processor with memory, and what a parent makes of its meter: the real sampler on a clock that passes with each wait."""

    def __init__(self, clock, powercap, package_w=20.0, memory_w=3.0, range_j=262_143.328850) -> None:
        self.clock, self.range_j = clock, range_j
        self.watts = {"intel-rapl:0": package_w, "intel-rapl:0:0": memory_w}
        self.joules = dict.fromkeys(self.watts, 100.0)
        self.shown = dict(self.joules)
        for zone, name in (("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "dram")):
            powercap.zone(zone, name, 100_000_000, round(range_j * 1e6))
        self.gone: set[str] = set()
        self.meter = RaplMeter(powercap.root, clock, PLAIN, self.open)
        self.ledger, self.said = EnergyLedger(), []
        self.frozen: set[str] = set()
        self.faults: list[tuple[float, object]] = []
        self.start_ns, self.passed_s, self.until_s = clock.now_ns, 0.0, 0.0

    def open(self, path):
        return Counter(self, path.parent.name)

    def at(self, seconds, fault):
        self.faults.append((seconds, fault))

    def run(self, seconds, beat=None):
        """Lets so much time pass, with a reading ten times a second."""
        self.until_s = self.passed_s + seconds
        Sampler([self.meter], NoFacts(), self.hear, self.clock).run(self, beat or Beat())

    def wait(self, timeout):
        self.clock.tick(timeout)
        self.passed_s += timeout
        for zone, watts in self.watts.items():
            self.joules[zone] += watts * timeout
            if zone not in self.frozen:
                self.shown[zone] = self.joules[zone] % self.range_j
        while self.faults and self.faults[0][0] <= self.passed_s + 1e-6:
            self.faults.pop(0)[1]()
        return self.passed_s >= self.until_s

    def hear(self, message):
        self.said.append(message)
        if isinstance(message, Sources):
            reports = [report for report in message.reports if report.state is SourceState.IN_USE]
            silent = [report for report in message.reports if report.state is SourceState.SILENT]
            self.ledger.declare(channels_in_use(reports), channels_in_use(silent))
        elif isinstance(message, Samples):
            self.ledger.add(message.samples)

    def vanish(self, zone="intel-rapl:0"):
        self.gone.add(zone)

    def come_back(self, zone="intel-rapl:0"):
        self.gone.discard(zone)
        self.frozen.discard(zone)

    def window(self, start_s, end_s):
        return self.ledger.window(self.start_ns + round(start_s * NS), self.start_ns + round(end_s * NS))

    @property
    def states(self):
        return [message.reports[0].state for message in self.said if isinstance(message, Sources)]


@pytest.fixture
def bench(clock, powercap):
    return Bench(clock, powercap)


def test_a_sensor_that_vanishes_and_returns_in_mid_window_gives_a_gap_and_no_number(bench):
    bench.at(5.0, bench.vanish)
    bench.at(8.0, bench.come_back)
    bench.run(15.0)
    touched = bench.window(4.0, 9.0)
    assert (touched.energy_j, touched.gap) == (None, True)
    assert touched.reason == "CPU package: The counter has disappeared."
    assert bench.window(1.0, 4.9).energy_j == pytest.approx(23.0 * 3.9)
    assert bench.window(8.5, 14.5).energy_j == pytest.approx(23.0 * 6.0)
    assert bench.states == [SourceState.IN_USE, SourceState.SILENT, SourceState.IN_USE]


def test_a_window_that_lies_in_a_gap_or_only_ends_in_it_has_no_number_either(bench):
    bench.at(5.0, bench.vanish)
    bench.at(8.0, bench.come_back)
    bench.run(15.0)
    for start_s, end_s in ((5.5, 7.5), (2.0, 6.0), (6.0, 12.0)):
        energy = bench.window(start_s, end_s)
        assert (energy.energy_j, energy.gap) == (None, True)


def test_a_counter_that_stalls_is_a_gap_from_its_last_movement_on(bench):
    bench.at(5.0, lambda: bench.frozen.add("intel-rapl:0"))
    bench.at(9.0, bench.come_back)
    bench.run(15.0)
    stalled = bench.window(4.0, 9.5)
    assert (stalled.energy_j, stalled.gap) == (None, True)
    assert "has not moved" in stalled.reason
    assert bench.window(10.0, 14.0).energy_j == pytest.approx(92.0)


def test_a_counter_that_runs_backwards_is_a_gap_and_the_total_never_falls(bench):
    def back():
        bench.joules["intel-rapl:0"] -= 60.0

    bench.at(5.0, back)
    bench.run(12.0)
    broken = bench.window(4.0, 6.0)
    assert (broken.energy_j, broken.gap) == (None, True)
    assert "reset" in broken.reason
    assert bench.window(6.0, 11.0).energy_j == pytest.approx(115.0)


def test_a_counter_that_begins_at_nought_again_is_a_gap(bench):
    bench.at(5.0, lambda: bench.joules.update({"intel-rapl:0": 0.0}))
    bench.run(12.0)
    assert bench.window(4.0, 6.0).gap
    assert bench.window(6.0, 11.0).energy_j == pytest.approx(115.0)


def test_wraps_lose_nothing_whatever_else_happens(clock, powercap):
    bench = Bench(clock, powercap, range_j=65.0)
    bench.run(60.0)
    assert bench.window(1.0, 59.0).energy_j == pytest.approx(23.0 * 58.0)


def test_a_pause_in_which_a_counter_may_have_come_round_unseen_is_a_gap(clock, powercap):
    bench = Bench(clock, powercap, package_w=400.0, range_j=65_000.0)
    bench.at(5.0, bench.vanish)
    bench.at(105.0, bench.come_back)
    bench.run(120.0)
    unseen = bench.window(4.0, 110.0)
    assert (unseen.energy_j, unseen.gap) == (None, True)
    assert bench.window(106.0, 119.0).energy_j == pytest.approx(403.0 * 13.0)


@pytest.mark.parametrize("jump_s", [-3600.0, -0.8])
def test_a_clock_that_goes_back_leaves_a_gap_and_reading_goes_on(clock, powercap, jump_s):
    clock.now_ns = 10_000 * NS
    bench = Bench(clock, powercap)
    bench.at(5.0, lambda: clock.tick(jump_s))
    bench.run(15.0)
    end_ns = clock.now_ns
    later = bench.ledger.window(end_ns - 8 * NS, end_ns - 2 * NS)
    assert later.energy_j == pytest.approx(23.0 * 6.0)
    before = bench.ledger.window(bench.start_ns + NS, bench.start_ns + 4 * NS)
    assert before.energy_j is None, "what was read on the old clock is of times that come again"
    mixed = bench.ledger.window(end_ns - 11 * NS, end_ns - 2 * NS)
    assert (mixed.energy_j, mixed.gap) == (None, True)


def test_a_clock_that_leaps_ahead_costs_no_joule(clock, powercap):
    """The counters went on: a window over the leap has their joules. One that begins or ends in it has none."""
    bench = Bench(clock, powercap)
    bench.at(5.0, lambda: clock.tick(60.0))
    bench.run(15.0)
    assert bench.window(2.0, 70.0).energy_j == pytest.approx(23.0 * 8.0, abs=0.01)
    inside = bench.window(2.0, 30.0)
    assert (inside.energy_j, inside.gap) == (None, True)


def test_a_leap_longer_than_a_counter_takes_to_come_round_is_a_gap(clock, powercap):
    bench = Bench(clock, powercap)
    bench.at(5.0, lambda: clock.tick(3600.0))
    bench.run(15.0)
    assert bench.window(2.0, 3610.0).gap
    assert bench.window(3607.0, 3613.0).energy_j == pytest.approx(23.0 * 6.0)


def test_one_sensor_that_fails_takes_nothing_from_the_rest_of_the_machine(clock, powercap, nvml, board):
    bench, library = Bench(clock, powercap), nvml(board(GPU, energy_mj=1000))
    gpu = NvmlMeter(lambda: library, clock)
    ledger = EnergyLedger(gpu.report().channels)
    for step in range(50):
        library.boards[0].energy_mj = library.NVMLError("GPU is lost") if step == 20 else 1000 + 5_000 * step
        ledger.add(gpu.read())
        clock.tick(0.1)
    bench.run(5.0)
    assert bench.window(6.0, 9.0).energy_j == pytest.approx(69.0)
    start_ns = bench.start_ns
    assert ledger.window(start_ns + round(1.5 * NS), start_ns + round(2.5 * NS)).gap
    assert ledger.window(start_ns + round(2.5 * NS), start_ns + round(4.5 * NS)).energy_j == pytest.approx(100.0)


def test_eight_hours_lose_no_joule_and_take_no_more_room(clock, powercap):
    bench = Bench(clock, powercap, range_j=65_000.0)
    told, things, last = bench.hear, [], [None]

    def hear(message):
        told(message)
        if isinstance(message, Samples):
            last[0] = next((s for s in reversed(message.samples) if s.channel == "rapl:intel-rapl:0"), last[0])
        bench.said.clear()
        bench.ledger.keep_last(600 * NS)

    bench.hear = hear
    beat = Beat(interval_s=1.0, batch_s=2.0)
    for half_hour in range(1, 17):
        bench.run(1800.0, beat)
        ended_s = (clock.now_ns - bench.start_ns) / NS
        assert bench.window(ended_s - 500.0, ended_s - 4.0).energy_j == pytest.approx(23.0 * 496.0, rel=1e-9)
        # The total is what the processor has drawn since the start, nine wraps and all.
        assert last[0].energy_j == pytest.approx(100.0 + 20.0 * (last[0].t_ns - bench.start_ns) / NS, rel=1e-9)
        gc.collect()
        things.append((len(gc.get_objects()), bench.ledger.watts("rapl:intel-rapl:0")[0].size))
        assert ended_s == pytest.approx(1800.0 * half_hour, rel=1e-6)
    assert max(rows for _, rows in things) < 700
    assert things[-1][0] - things[1][0] < 200


@pytest.mark.parametrize("counts", [True, False])
def test_a_run_too_long_to_keep_is_thinned_and_loses_no_joule(channel, counts):
    curve, step_ns = EnergyCurve(channel(refresh_s=0.1), 0.1, most_rows=2000), NS // 10
    for step in range(40_000):
        given = {"energy_j": 2.0 * step} if counts else {"power_w": 20.0}
        curve.add(Sample(channel="c", t_ns=NS + step * step_ns, **given))
    assert curve.watts()[0].size <= 2000
    assert curve.energy_j(NS, NS + 39_999 * step_ns) == pytest.approx(2.0 * 39_999)
    recent_ns = NS + 39_345 * step_ns + 12_345
    assert curve.energy_j(recent_ns, recent_ns + 100 * step_ns) == pytest.approx(200.0)
    old_ns = NS + 1234 * step_ns + 12_345
    assert curve.energy_j(old_ns, old_ns + 10_000 * step_ns) == pytest.approx(20_000.0)


def test_where_a_thinned_past_is_less_exact_the_error_says_so(channel):
    """10 and 30 W by turns of 50 s, so that ends fall between rows that are far apart."""
    curve, step_ns = EnergyCurve(channel(), 0.1, most_rows=500), NS // 10
    joules = [0.0]
    for step in range(20_000):
        joules.append(joules[-1] + (3.0 if step // 500 % 2 else 1.0))
        curve.add(Sample(channel="c", t_ns=NS + step * step_ns, energy_j=joules[step]))
    assert 100 < curve.watts()[0].size <= 500
    for first in range(100, 15_000, 371):
        last = first + 3000
        off_j = abs(curve.energy_j(NS + first * step_ns, NS + last * step_ns) - (joules[last] - joules[first]))
        assert off_j <= curve.edge_error_j(NS + first * step_ns, NS + last * step_ns) + 1e-6


def test_thinning_makes_no_hole_and_fills_none(channel):
    curve, step_ns = EnergyCurve(channel(), 0.1, most_rows=4000), NS // 10
    for step in range(7000):
        sample = Sample(channel="c", t_ns=NS + step * step_ns, energy_j=2.0 * step)
        lost = Sample(channel="c", t_ns=NS + step * step_ns, reason="gone")
        curve.add(lost if 3000 <= step < 3010 else sample)
    assert curve.energy_j(NS + 2990 * step_ns, NS + 3020 * step_ns) is None
    assert curve.why_none(NS + 2990 * step_ns, NS + 3020 * step_ns) == "gone"
    assert curve.energy_j(NS + 2900 * step_ns, NS + 2990 * step_ns) == pytest.approx(180.0)
    assert curve.energy_j(NS + 3015 * step_ns + 7, NS + 3900 * step_ns) == pytest.approx(1770.0, abs=1e-6)
