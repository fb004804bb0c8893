"""A planted clock offset is found within its stated interval; where the curves cannot tell, there is a sentence and no number."""

import numpy as np
import pytest

from greenbench.analysis.clock_offset import Cumulative, Readings, clock_offset


def machine_curve(rng, seconds=300.0, least_s=4.0, most_s=15.0, rate_hz=10.0):
    """Watts of a machine that works and rests in turns of random length, as samples at a rate, and their energy."""
    edges, level = [0.0], []
    while edges[-1] < seconds:
        edges.append(edges[-1] + rng.uniform(least_s, most_s))
        level.append(20.0 + rng.uniform(0, 40))
    t_s = np.arange(0.0, seconds, 1 / rate_hz)
    watts = np.asarray(level)[np.searchsorted(edges, t_s, side="right") - 1]
    return t_s, watts


def cumulative(t_s, watts):
    steps = (watts[1:] + watts[:-1]) / 2 * np.diff(t_s)
    return Cumulative(t_s, np.concatenate([[0.0], np.cumsum(steps)]))


def wall_log(rng, machine, offset_s, refresh_s=1.0, noise_w=1.5, cut=(0.0, 0.0)):
    """What a plug logs of it: 10 W and a fifth more, means over its interval, noise, on a clock that is `offset_s` behind."""
    middles = np.arange(machine.t_s[0] + cut[0] + refresh_s, machine.t_s[-1] - cut[1] - refresh_s, refresh_s)
    watts = 10 + 1.2 * machine.mean(middles, refresh_s) + rng.normal(0, noise_w, middles.size)
    return Readings(middles - offset_s, np.round(watts, 1))


@pytest.mark.parametrize("offset_s", [-73.4, -0.37, 0.0, 2.05, 40.0])
def test_a_planted_offset_is_found(offset_s):
    rng = np.random.default_rng(1)
    machine = cumulative(*machine_curve(rng))
    found = clock_offset(wall_log(rng, machine, offset_s), machine, 1.0, (-120, 120))
    assert found.seconds == pytest.approx(offset_s, abs=0.1)
    assert found.half_width_s < 0.4
    assert found.correlation > 0.95


@pytest.mark.parametrize("noise_w", [1.0, 6.0])
def test_the_interval_holds_the_truth_in_95_of_100_runs(noise_w):
    inside = told = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        machine = cumulative(*machine_curve(rng, seconds=120.0))
        truth_s = rng.uniform(-30, 30)
        found = clock_offset(wall_log(rng, machine, truth_s, noise_w=noise_w), machine, 1.0, (-60, 60))
        if found.seconds is not None:
            told += 1
            inside += abs(found.seconds - truth_s) <= found.half_width_s
    assert told >= 95
    assert inside >= 0.92 * told  # fewer would come by chance in one series of twenty


def test_a_log_of_its_own_seconds_is_placed_anywhere():
    rng = np.random.default_rng(3)
    machine = cumulative(*machine_curve(rng))
    found = clock_offset(wall_log(rng, machine, 5000.0), machine, 1.0)
    assert found.seconds == pytest.approx(5000.0, abs=0.1)


def test_a_log_that_began_late_and_ended_early_is_placed():
    rng = np.random.default_rng(4)
    machine = cumulative(*machine_curve(rng))
    found = clock_offset(wall_log(rng, machine, -12.0, cut=(60.0, 40.0)), machine, 1.0, (-60, 60))
    assert found.seconds == pytest.approx(-12.0, abs=0.1)


def test_a_log_much_longer_than_the_run_is_placed():
    rng = np.random.default_rng(5)
    whole = cumulative(*machine_curve(rng, seconds=2000.0))
    log = wall_log(rng, whole, 7.0)
    inside = (whole.t_s >= 900) & (whole.t_s <= 1100)
    run = Cumulative(whole.t_s[inside], whole.energy[inside])
    found = clock_offset(log, run, 1.0, (-120, 120))
    assert found.seconds == pytest.approx(7.0, abs=0.15)


def test_a_fast_analyser_is_placed_to_hundredths_of_a_second():
    rng = np.random.default_rng(6)
    machine = cumulative(*machine_curve(rng, rate_hz=50.0))
    found = clock_offset(wall_log(rng, machine, 1.234, refresh_s=0.1), machine, 0.1, (-10, 10))
    assert found.seconds == pytest.approx(1.234, abs=0.02)
    assert found.half_width_s < 0.05


def test_a_load_that_repeats_itself_cannot_be_told():
    rng = np.random.default_rng(7)
    t_s = np.arange(0.0, 300.0, 0.1)
    machine = cumulative(t_s, np.where((t_s // 5) % 2 > 0, 60.0, 20.0))
    found = clock_offset(wall_log(rng, machine, 3.0, cut=(100.0, 100.0)), machine, 1.0, (-60, 60))
    assert found.seconds is None
    assert "nearly as well" in found.reason


def test_a_log_of_something_else_is_not_alike():
    rng = np.random.default_rng(8)
    machine = cumulative(*machine_curve(rng))
    other = Readings(np.arange(0.0, 300.0), 50 + rng.normal(0, 5, 300))
    found = clock_offset(other, machine, 1.0, (-120, 120))
    assert found.seconds is None
    assert "not alike" in found.reason


def test_a_log_with_the_sign_turned_round_is_not_alike():
    rng = np.random.default_rng(9)
    machine = cumulative(*machine_curve(rng, least_s=20, most_s=40))
    t_s = np.arange(1.0, 299.0)
    turned = Readings(t_s, 200 - machine.mean(t_s, 1.0))
    found = clock_offset(turned, machine, 1.0, (-5, 5))
    assert found.seconds is None


@pytest.mark.parametrize("which", ["log", "machine"])
def test_a_curve_that_stands_still_tells_nothing(which):
    rng = np.random.default_rng(10)
    machine = cumulative(*machine_curve(rng))
    log = wall_log(rng, machine, 0.0)
    if which == "log":
        log = Readings(log.t_s, np.full_like(log.watts, 60.0))
    else:
        machine = Cumulative(np.array([0.0, 300.0]), np.array([0.0, 12_000.0]))
    found = clock_offset(log, machine, 1.0)
    assert found.seconds is None
    assert found.reason


def test_a_constant_load_tells_nothing():
    rng = np.random.default_rng(11)
    machine = cumulative(np.arange(0.0, 300.0, 0.1), np.full(3000, 40.0))
    found = clock_offset(wall_log(rng, machine, 0.0), machine, 1.0, (-60, 60))
    assert found.seconds is None
    assert found.reason


def test_a_log_of_another_day_does_not_overlap():
    rng = np.random.default_rng(12)
    machine = cumulative(*machine_curve(rng))
    found = clock_offset(wall_log(rng, machine, 86_400.0), machine, 1.0, (-120, 120))
    assert found.seconds is None
    assert "120 s" in found.reason


def test_ten_readings_are_too_few():
    rng = np.random.default_rng(13)
    machine = cumulative(*machine_curve(rng))
    found = clock_offset(wall_log(rng, machine, 0.0, cut=(100.0, 188.0)), machine, 1.0)
    assert found.seconds is None
    assert "few" in found.reason
