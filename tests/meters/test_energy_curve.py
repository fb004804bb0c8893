"""Joules of known signals by closed form, and no joules where there was no reading."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbench.core.measurement import Provenance, Sample
from greenbench.meters.energy_curve import EnergyCurve

NS = 1_000_000_000


def s(seconds):
    return round(seconds * NS)


@pytest.fixture
def counter(channel):
    return EnergyCurve(channel())


@pytest.fixture
def sensor(channel):
    return EnergyCurve(channel("nvml:GPU-1", provenance=Provenance.INTEGRATED, refresh_s=0.1))


def count(curve, pairs):
    for t_s, energy_j in pairs:
        curve.add(Sample(channel=curve.channel.key, t_ns=s(t_s), energy_j=energy_j))


def sense(curve, pairs):
    for t_s, power_w in pairs:
        curve.add(Sample(channel=curve.channel.key, t_ns=s(t_s), power_w=power_w))


def lose(curve, t_s, reason="gone"):
    curve.add(Sample(channel=curve.channel.key, t_ns=s(t_s), reason=reason))


def test_a_constant_power_is_power_times_time_at_any_edges(counter, sensor):
    count(counter, [(1 + i / 10, 12.0 * i / 10) for i in range(51)])
    sense(sensor, [(1 + i / 10, 12.0) for i in range(51)])
    for curve in (counter, sensor):
        assert curve.energy_j(s(1.234), s(4.321)) == pytest.approx(12.0 * (4.321 - 1.234))
        assert curve.mean_power_w(s(1.234), s(4.321)) == pytest.approx(12.0)


def test_a_ramp_is_exact_for_watts_also_between_readings(sensor):
    sense(sensor, [(1 + i / 4, 8.0 * i / 4) for i in range(21)])
    a, b = 1.3, 4.9
    assert sensor.energy_j(s(a), s(b)) == pytest.approx(4.0 * ((b - 1) ** 2 - (a - 1) ** 2))


def test_a_square_wave_read_by_a_counter_is_exact_on_its_readings(counter):
    energy, pairs = 0.0, [(1.0, 0.0)]
    for i in range(1, 41):
        energy += 0.1 * (30.0 if (i - 1) // 10 % 2 else 10.0)
        pairs.append((1 + i / 10, energy))
    count(counter, pairs)
    assert counter.energy_j(s(2), s(3)) == pytest.approx(30.0)
    assert counter.energy_j(s(1), s(5)) == pytest.approx(80.0)


def test_a_step_between_readings_is_within_the_stated_error(counter):
    # 10 W, and 30 W from 2.05 s on, read ten times a second: the line through the interval of the step is off by at most s/4 · ΔP.
    def true_j(t_s):
        return 10.0 * (t_s - 1) + 20.0 * max(t_s - 2.05, 0.0)

    count(counter, [(1 + i / 10, true_j(1 + i / 10)) for i in range(31)])
    off = abs(counter.energy_j(s(2.05), s(3.5)) - (true_j(3.5) - true_j(2.05)))
    refresh = 0.001 / 2 * (20.0 + 30.0)
    assert off == pytest.approx(0.1 / 4 * 20.0)
    assert counter.edge_error_j(s(2.05), s(3.5)) == pytest.approx(0.1 / 4 * 20.0 + refresh)


def test_refresh_alone_is_the_error_of_a_steady_sensor(sensor):
    sense(sensor, [(1 + i / 10, 50.0) for i in range(101)])
    assert sensor.edge_error_j(s(2), s(8)) == pytest.approx(0.1 * 50.0)


@pytest.mark.parametrize("window", [(0.5, 2.0), (1.5, 3.05), (3.05, 4.0)])
def test_a_window_beyond_the_readings_is_not_covered(counter, window):
    count(counter, [(1 + i / 10, i / 10) for i in range(21)])
    assert counter.energy_j(s(window[0]), s(window[1])) is None
    assert counter.covered_until_ns == s(3)


@pytest.mark.parametrize("give", [count, sense])
def test_no_reading_is_a_gap_and_never_zero(counter, sensor, give):
    curve = counter if give is count else sensor
    give(curve, [(1 + i / 10, float(i)) for i in range(11)])
    lose(curve, 2.1, "The counter has disappeared.")
    lose(curve, 2.2, "The counter has disappeared.")
    assert curve.covered_until_ns is None
    assert curve.heard_until_ns == s(2.2)
    assert curve.last() is None
    give(curve, [(2.3 + i / 10, 20.0 + i) for i in range(11)])
    assert curve.energy_j(s(1.5), s(2.5)) is None
    assert curve.energy_j(s(2.05), s(2.06)) is None
    assert curve.energy_j(s(2.15), s(2.25)) is None
    assert curve.why_none(s(1.5), s(2.5)) == "The counter has disappeared."
    assert curve.energy_j(s(1.2), s(1.9)) is not None
    assert curve.energy_j(s(2.4), s(3.1)) is not None
    assert curve.covered_until_ns == s(3.3)


def test_a_sensor_that_stays_away_too_long_leaves_a_hole(sensor):
    sense(sensor, [(1.0, 10.0), (1.1, 10.0), (1.6, 10.0), (1.7, 10.0)])
    assert sensor.energy_j(s(1.0), s(1.7)) == pytest.approx(7.0)
    sense(sensor, [(2.3, 10.0), (2.4, 10.0)])
    assert sensor.energy_j(s(1.0), s(2.4)) is None
    assert sensor.why_none(s(1.0), s(2.4)) == "No reading for 0.6 s."
    assert np.isnan(sensor.watts()[1]).sum() == 1


def test_a_counter_went_on_counting_through_a_hole_that_the_window_spans(counter):
    count(counter, [(1.0, 0.0), (1.1, 1.0), (3.1, 21.0), (3.2, 22.0)])
    assert counter.energy_j(s(1.05), s(3.15)) == pytest.approx(21.0)
    assert counter.energy_j(s(1.0), s(2.0)) is None
    assert counter.energy_j(s(2.0), s(3.2)) is None


def test_a_total_that_falls_is_another_process_and_leaves_a_hole(counter):
    count(counter, [(1.0, 100.0), (1.1, 101.0), (1.2, 3.0), (1.3, 4.0)])
    assert counter.energy_j(s(1.0), s(1.3)) is None
    assert counter.energy_j(s(1.2), s(1.3)) == pytest.approx(1.0)


def test_late_samples_are_dropped(counter):
    count(counter, [(1.0, 0.0), (1.1, 1.0), (1.05, 99.0), (1.1, 5.0), (1.2, 2.0)])
    assert counter.energy_j(s(1.0), s(1.2)) == pytest.approx(2.0)


def test_forgetting_the_past_keeps_what_a_later_window_needs(counter):
    count(counter, [(1 + i / 10, 3.0 * i / 10) for i in range(101)])
    counter.forget(s(6.05))
    assert counter.energy_j(s(6.05), s(8.0)) == pytest.approx(3.0 * 1.95)
    assert counter.energy_j(s(2.0), s(8.0)) is None
    assert len(counter.watts()[0]) == 51


def test_a_window_that_ends_before_it_begins_is_a_mistake(counter):
    with pytest.raises(ValueError, match="ends before"):
        counter.energy_j(2, 1)


@given(st.lists(st.tuples(st.floats(0.01, 0.3), st.floats(0.0, 300.0)), min_size=3, max_size=400), st.data())
def test_energies_of_adjoining_windows_add_up_and_agree_with_numpy(steps, data):
    times = np.round(np.cumsum([dt for dt, _ in steps]) * NS).astype(np.int64) + NS
    watts = np.array([power for _, power in steps])
    channel = _sensor_channel()
    curve = EnergyCurve(channel)
    for t_ns, power in zip(times.tolist(), watts.tolist(), strict=True):
        curve.add(Sample(channel="p", t_ns=t_ns, power_w=power))
    first, last = int(times[0]), int(times[-1])
    middle = data.draw(st.integers(first, last))
    whole = np.trapezoid(watts, times / NS)
    assert curve.energy_j(first, last) == pytest.approx(whole, rel=1e-6, abs=1e-6)
    assert curve.energy_j(first, middle) + curve.energy_j(middle, last) == pytest.approx(whole, rel=1e-6, abs=1e-6)
    assert math.isclose(curve.energy_j(middle, middle), 0.0, abs_tol=1e-9)


def _sensor_channel():
    from greenbench.core.measurement import Channel, Domain

    return Channel(key="p", title="P", domain=Domain.GPU, provenance=Provenance.INTEGRATED, covers="", refresh_s=0.1)
