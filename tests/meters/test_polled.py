"""A meter over a network never holds up the others; one answer that stays away is bridged, many are a hole, and each state has a remedy."""

import threading

import pytest

from greenbench.core.external import ExternalKind, described
from greenbench.core.measurement import Domain, Provenance, SourceState
from greenbench.meters.energy_curve import EnergyCurve
from greenbench.meters.meter import monotonic
from greenbench.meters.polled import Nature, NoReadingError, PolledMeter, Reading

NS = 1_000_000_000
SILENT = NoReadingError(SourceState.SILENT, "It does not answer.", "Look at it.")


class Scripted:
    """An instrument that gives what it is told to; `takes_s` is how long an answer takes on the fake clock."""

    def __init__(self, clock):
        self.clock, self.next, self.takes_s, self.opened, self.closed = clock, Reading(60.0, step=0.1), 0.01, 0, 0
        self.nature = Nature(1.0, 0.02, "A note.")

    def open(self):
        self.opened += 1

    def read(self):
        self.clock.tick(self.takes_s)
        if isinstance(self.next, Exception):
            raise self.next
        return self.next

    def close(self):
        self.closed += 1


@pytest.fixture
def wall():
    return described(ExternalKind.SHELLY, "10.0.0.1", "Wall")


@pytest.fixture
def scripted(clock):
    return Scripted(clock)


@pytest.fixture
def meter(wall, scripted, clock):
    return PolledMeter(wall, scripted, clock)


def follow(meter, scripted, clock, watts, pause_s=1.0):
    """Asks once for each of the watts, `pause_s` apart, and gives the samples."""
    found = []
    for power in watts:
        scripted.next = power if isinstance(power, Exception) else Reading(power, step=0.1)
        meter.poll()
        found.extend(meter.read())
        clock.tick(pause_s)
    return found


def test_before_the_first_answer_it_stands_by_and_gives_nothing(meter):
    assert meter.report().state is SourceState.STANDBY
    assert meter.report().channels == ()
    assert meter.read() == ()


def test_an_answer_makes_it_the_whole_machine_at_the_wall(meter, scripted, clock):
    (sample,) = follow(meter, scripted, clock, [61.5])
    report = meter.report()
    assert (sample.channel, sample.power_w, sample.energy_j) == ("external:wall", 61.5, None)
    assert report.state is SourceState.IN_USE
    (channel,) = report.channels
    assert (channel.domain, channel.provenance, channel.counted) == (Domain.SYSTEM, Provenance.EXTERNAL, True)
    assert channel.covers == "whole system at the wall, power supply loss included"
    assert (channel.refresh_s, channel.resolution) == (1.0, 0.1)
    assert channel.error == pytest.approx(0.02 + 0.05 / 61.5, rel=0.03)
    assert "100 s or more" in report.reason


def test_whole_watts_are_in_the_error_by_what_they_are_of_the_power(meter, scripted, clock):
    for power in (20.0, 21.0, 19.0):
        scripted.next = Reading(power, step=1.0)
        meter.poll()
        meter.read()
        clock.tick(1.0)
        assert meter.report().channels[0].error == pytest.approx(0.02 + 0.5 / 20, rel=0.03)  # it does not flutter with the load
    scripted.next = Reading(200.0, step=1.0)
    meter.poll()
    meter.read()
    assert meter.report().channels[0].error == pytest.approx(0.02 + 0.5 / 200, rel=0.03)


def test_a_meter_that_others_hang_on_is_never_counted(scripted, clock):
    meter = PolledMeter(described(ExternalKind.SHELLY, "10.0.0.1", options={"whole": False}), scripted, clock)
    follow(meter, scripted, clock, [61.5])
    (channel,) = meter.report().channels
    assert (channel.domain, channel.counted) == (Domain.OTHER, False)
    assert "Counts as the whole machine" not in meter.report().reason


def test_the_time_stamp_is_that_of_the_answer(meter, scripted, clock):
    scripted.takes_s = 0.3
    before_ns = clock.now_ns
    (sample,) = follow(meter, scripted, clock, [61.5])
    assert sample.t_ns == before_ns + round(0.3 * NS)


def test_an_answer_that_took_longer_than_the_refresh_interval_is_no_reading(meter, scripted, clock):
    scripted.takes_s = 1.4
    assert follow(meter, scripted, clock, [61.5]) == []
    report = meter.report()
    assert report.state is SourceState.SILENT
    assert "1.4 s" in report.reason
    assert report.remedy


def test_a_value_that_stands_still_is_confirmed_once_in_each_refresh_interval(meter, scripted, clock):
    samples = follow(meter, scripted, clock, [60.0] * 9, pause_s=0.24)  # 0.25 s apart with the answer's own time
    assert [sample.t_ns - samples[0].t_ns for sample in samples] == [0, NS, 2 * NS]


def test_one_missed_answer_is_bridged(meter, scripted, clock):
    samples = follow(meter, scripted, clock, [60.0, SILENT, 61.0])
    assert [sample.power_w for sample in samples] == [60.0, 61.0]
    assert meter.report().state is SourceState.IN_USE
    assert scripted.opened == 2  # it looked again who answers


def test_five_refresh_intervals_without_an_answer_are_a_hole_told_once(meter, scripted, clock, wall):
    samples = follow(meter, scripted, clock, [60.0, *[SILENT] * 9, 62.0, 62.5])
    assert [sample.power_w for sample in samples] == [60.0, None, 62.0, 62.5]
    assert samples[1].reason == "It does not answer."
    curve = EnergyCurve(meter.report().channels[0])
    for sample in samples:
        curve.add(sample)
    assert curve.energy_j(samples[0].t_ns, samples[2].t_ns) is None
    assert curve.energy_j(samples[2].t_ns, samples[3].t_ns) == pytest.approx(62.25 * (samples[3].t_ns - samples[2].t_ns) / NS)


def test_while_silent_it_says_why_and_what_to_do_and_comes_back_by_itself(meter, scripted, clock):
    follow(meter, scripted, clock, [60.0, *[SILENT] * 7])
    report = meter.report()
    assert (report.state, report.reason, report.remedy) == (SourceState.SILENT, "It does not answer.", "Look at it.")
    assert len(report.channels) == 1  # what it had measured stays its own
    follow(meter, scripted, clock, [61.0])
    assert meter.report().state is SourceState.IN_USE


@pytest.mark.parametrize("state", [SourceState.ABSENT, SourceState.PERMISSION])
def test_one_that_was_heard_stays_in_the_total_as_a_gap_whatever_keeps_it_from_us(meter, scripted, clock, state):
    gone = NoReadingError(state, "It is not on this network.", "Join it.")
    follow(meter, scripted, clock, [60.0, *[gone] * 7])
    report = meter.report()
    assert (report.state, len(report.channels)) == (SourceState.SILENT, 1)
    assert (report.reason, report.remedy) == ("It is not on this network.", "Join it.")


def test_a_reader_that_hangs_is_noticed_though_it_says_nothing(meter, scripted, clock):
    follow(meter, scripted, clock, [60.0])
    clock.tick(5.0)
    (sample,) = meter.read()
    assert sample.power_w is None
    assert meter.report().state is SourceState.SILENT
    assert meter.report().remedy


def test_it_asks_oftener_until_the_refresh_interval_is_known_and_backs_off_where_nobody_answers(meter, scripted, clock):
    assert meter.poll() == 0.25
    scripted.next = SILENT
    assert [meter.poll() for _ in range(7)] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    scripted.next = Reading(60.0)
    assert meter.poll() == 0.25


def test_the_refresh_interval_is_seen_not_believed(meter, scripted, clock):
    # A plug that promises a new value each second and gives one every two.
    pauses = set()
    for i in range(400):
        scripted.next = Reading(60.0 + (clock.now_ns // (2 * NS)) % 2, step=1.0)
        pauses.add(meter.poll())
        meter.read()
        clock.tick(0.24)
        if i == 20:
            assert meter.report().channels[0].refresh_measured_s is None
    assert meter.report().channels[0].refresh_measured_s == pytest.approx(2.0, rel=0.05)
    assert pauses == {0.25, 0.5}


def test_a_counter_makes_the_joules_and_its_wattless_steps_none(meter, scripted, clock):
    found = []
    for energy in (100.0, 100.0, 160.0, 220.0):
        scripted.next = Reading(60.0, energy, step=10.0)
        meter.poll()
        found.extend(meter.read())
        clock.tick(0.99)
    assert [sample.energy_j for sample in found] == [100.0, 160.0, 220.0]
    assert found[-1].power_w == pytest.approx(60.0)
    assert meter.report().channels[0].resolution == 10.0


def test_watts_that_agree_with_the_meters_own_counter_are_said_to(meter, scripted, clock):
    # 3.6 kW: one step of the watt-hour counter each second.
    for second in range(14):
        scripted.next = Reading(3600.0, checked_j=3600.0 * second)
        meter.poll()
        meter.read()
        clock.tick(0.99)
    assert "agree" in meter.report().reason


def test_watts_that_miss_a_tenth_of_what_the_counter_says_are_told(meter, scripted, clock):
    for second in range(14):
        scripted.next = Reading(3240.0, checked_j=3600.0 * second)
        meter.poll()
        meter.read()
        clock.tick(0.99)
    assert "-10.0 %" in meter.report().reason


def test_a_stalled_device_holds_up_nobody(wall):
    """The real thread and the real clock: read and report come back at once while the device is waited for."""
    asked, released = threading.Event(), threading.Event()

    class Stalled(Scripted):
        def read(self):
            asked.set()
            released.wait(30)
            raise SILENT

    meter = PolledMeter(wall, Stalled(None)).start()
    try:
        assert asked.wait(10)
        before_ns = monotonic()
        for _ in range(100):
            assert meter.read() == ()
        assert meter.report().state is SourceState.STANDBY
        assert not meter.wait(0)
        assert monotonic() - before_ns < 0.2 * NS
    finally:
        released.set()
        meter.close()
    assert meter.wait(10)


def test_closing_ends_the_thread_and_looking_again_ends_a_pause(wall, clock):
    asked = threading.Semaphore(0)

    class Silent(Scripted):
        def open(self):
            asked.release()
            raise NoReadingError(SourceState.ABSENT, "Nobody is there.")

    silent = Silent(clock)
    silent.nature = Nature(1000.0, 0.0)  # a pause that no test outlasts
    meter = PolledMeter(wall, silent).start()
    assert asked.acquire(timeout=10)
    meter.look_again()
    assert asked.acquire(timeout=10)
    meter.close()
    assert meter._thread is not None
    meter._thread.join(10)
    assert not meter._thread.is_alive()
    assert silent.closed


def test_an_answer_counts_from_when_it_came_whether_or_not_it_was_read(meter, clock):
    meter.poll()
    assert meter.report().state is SourceState.IN_USE
    assert [sample.power_w for sample in meter.read()] == [60.0]
    assert meter.read() == ()
