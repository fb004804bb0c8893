"""The quick part of tests/speed/metrology.py: joules of known loads through sensor, track, curve and window, and the peers' figures."""

import importlib
import warnings
from pathlib import Path

import numpy as np
import pytest

SPEED = Path(__file__).parents[1] / "speed"


@pytest.fixture
def proof(monkeypatch):
    """A module of tests/speed by name."""
    monkeypatch.syspath_prepend(str(SPEED))
    return importlib.import_module


@pytest.mark.parametrize("load", ["constant", "0.1", "1", "50", "ramps", "bursts"])
@pytest.mark.parametrize(("refresh_s", "rate_hz"), [(0.001, 10), (0.001, 100), (0.1, 10)])
def test_a_counter_is_exact_to_half_a_per_cent_and_within_what_it_states(proof, load, refresh_s, rate_hz):
    energy, signals = proof("metrology_energy"), proof("signals")
    sensor = signals.Sensor(True, refresh_s)
    found = energy.trial(load, sensor, rate_hz, np.random.default_rng(1), traces=3, each=20)
    assert found.close <= energy.CLOSE
    assert found.covered >= energy.SURE


@pytest.mark.parametrize(("load", "refresh_s", "rate_hz"), [("constant", 0.1, 10), ("0.1", 0.001, 100), ("ramps", 0.1, 10)])
def test_watts_that_are_read_densely_are_exact_to_half_a_per_cent(proof, load, refresh_s, rate_hz):
    energy, signals = proof("metrology_energy"), proof("signals")
    sensor = signals.Sensor(False, refresh_s)
    assert energy.dense(load, sensor, rate_hz)
    found = energy.trial(load, sensor, rate_hz, np.random.default_rng(2), traces=4, each=20)
    assert found.close <= energy.CLOSE
    assert found.covered >= energy.SURE


@pytest.mark.parametrize(("load", "refresh_s"), [("5", 0.001), ("10", 0.001), ("50", 0.001), ("50", 0.01), ("bursts", 0.01), ("5", 0.1)])
def test_a_swing_too_fast_for_ten_readings_a_second_is_within_the_stated_error(proof, load, refresh_s):
    energy, signals = proof("metrology_energy"), proof("signals")
    found = energy.trial(load, signals.Sensor(False, refresh_s), 10, np.random.default_rng(3), traces=12, each=15)
    assert found.covered >= 0.93  # 180 windows: 95 % within a standard error
    assert found.half.mean() < 0.4, "an interval that holds everything says nothing"


def test_readings_in_step_with_the_load_would_not_see_it_and_dithered_ones_do(proof, monkeypatch):
    """Why the meter process dithers: ten readings a second, exactly, of a load at 10 Hz."""
    energy, signals = proof("metrology_energy"), proof("signals")
    sensor, rng = signals.Sensor(False, 0.001), np.random.default_rng(4)
    dithered = energy.trial("10", sensor, 10, rng, traces=4, each=15)

    class Steady:
        def __init__(self, rng) -> None:
            self.uniform, self.random = rng.uniform, lambda n: np.full(n, 0.5)

    steady = energy.trial("10", sensor, 10, Steady(rng), traces=4, each=15)
    assert np.sqrt(np.mean(steady.error**2)) > 0.3
    assert steady.covered < 0.5
    assert np.sqrt(np.mean(dithered.error**2)) < 0.06


def test_wraps_and_gaps_keep_their_promises(proof):
    energy = proof("metrology_energy")
    rng = np.random.default_rng(5)
    assert energy.wrapped(rng).broken == []
    assert energy.gapped(rng).broken == []


def test_every_part_of_the_difference_to_zeus_and_codecarbon_is_named(proof):
    pytest.importorskip("zeus.device")
    peers = proof("metrology_peers")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = peers.found()
    for figures in found.values():
        assert len(figures) >= 2
        for figure in figures:
            assert abs(figure.left_j) <= 1e-6 * figure.true_j, figure
    processor = {figure.tool: figure for figure in found["Processor and memory, RAPL (1 ms)"]}
    assert processor["GreenBench"].joules == pytest.approx(processor["GreenBench"].true_j, rel=5e-4)
    assert processor["zeus"].joules == pytest.approx(processor["zeus"].true_j, rel=5e-4)
