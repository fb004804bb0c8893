"""The line between a wall meter and the counters: the published line, the closed forms, intervals that hold the truth, and refusals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import linregress

from greenbench.analysis.calibration import beyond, fit, gain_half, offset_half_w, student, system_estimate, why_not, york
from greenbench.core.calibration import Calibration, LoadWindow
from greenbench.core.errors import CalibrationError
from greenbench.core.measurement import Measurement, Provenance

ABOUT = {"external": "plug", "external_title": "Plug", "counters": ("rapl:0",), "date": "2026-01-01", "cpu": "CPU", "hostname": "desk"}
LEVELS = (10.0, 18.0, 26.0, 33.0, 40.0, 33.0, 26.0, 18.0, 10.0)

# Pearson's data with York's weights, the standard example of a line with errors in both directions.
PEARSON_X = np.array([0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
PEARSON_Y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
WEIGHT_X = np.array([1000.0, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1])
WEIGHT_Y = np.array([1.0, 1.8, 4, 8, 20, 20, 70, 70, 100, 500])


def windows(offset=12.0, gain=1.2, levels=LEVELS, each=8, noise_x=0.0, noise_y=0.0, wander=0.0, rng=None):
    """What a sweep reads of a machine on the line: `wander` moves both meters together, the noises each by itself."""
    rng = rng or np.random.default_rng(0)
    found = []
    for level, load_w in enumerate(levels):
        for index in range(each):
            true_w = load_w + wander * rng.standard_normal()
            x = true_w + noise_x * rng.standard_normal()
            y = offset + gain * true_w + noise_y * rng.standard_normal()
            found.append(LoadWindow(level=level, t0_ns=index, t1_ns=index + 1, counters_w=x, external_w=y))
    return found


def test_the_published_line_comes_out():
    """York, Evensen, López Martínez and De Basabe Delgado 2004, table I and section V: a = 5.47991, b = −0.480533, χ² = 11.866."""
    line = york(PEARSON_X, PEARSON_Y, WEIGHT_X**-0.5, WEIGHT_Y**-0.5)
    assert line.offset == pytest.approx(5.47991022, abs=1e-7)
    assert line.gain == pytest.approx(-0.480533407, abs=1e-8)
    assert line.chi2 == pytest.approx(11.8663531941, abs=1e-8)
    assert line.offset_error == pytest.approx(0.29497, abs=5e-4)
    assert line.gain_error == pytest.approx(0.057985, abs=5e-5)


def test_without_errors_in_x_it_is_weighted_least_squares():
    x, y, sigma = PEARSON_X, PEARSON_Y, WEIGHT_Y**-0.5
    line = york(x, y, 0.0, sigma)
    (gain, offset), covariance = np.polyfit(x, y, 1, w=1 / sigma, cov="unscaled")
    assert (line.offset, line.gain) == (pytest.approx(offset), pytest.approx(gain))
    assert (line.offset_error, line.gain_error) == (pytest.approx(math.sqrt(covariance[1, 1])), pytest.approx(math.sqrt(covariance[0, 0])))
    assert line.covariance == pytest.approx(covariance[0, 1])


@given(seed=st.integers(0, 500), correlation=st.floats(-0.8, 0.8))
def test_it_is_the_likeliest_line_also_with_correlated_errors(seed, correlation):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(5, 60, 7))
    y = 10 + 1.3 * x + rng.normal(0, 1, 7)
    sx, sy = rng.uniform(0.2, 1, 7), rng.uniform(0.2, 1, 7)

    def chi2(gain: float) -> float:
        weight = 1 / (sy**2 + gain**2 * sx**2 - 2 * gain * correlation * sx * sy)
        offset = np.sum(weight * (y - gain * x)) / np.sum(weight)
        return float(np.sum(weight * (y - gain * x - offset) ** 2))

    line = york(x, y, sx, sy, correlation)
    best = minimize_scalar(chi2, bracket=(line.gain - 0.05, line.gain + 0.05), options={"xtol": 1e-12})
    assert line.gain == pytest.approx(best.x, abs=2e-6)


def test_equal_noise_gives_the_closed_form_of_least_squares():
    """With an exact x and more misfit than scatter, the errors are those of scipy's plain regression over level means."""
    rng = np.random.default_rng(3)
    bent = windows(levels=tuple(w + rng.normal() for w in LEVELS), noise_y=0.01)
    bent = [w.model_copy(update={"external_w": w.external_w + (0.4 if w.level % 2 else -0.4)}) for w in bent]
    found = fit(bent, ABOUT)
    means = np.array([[np.mean([getattr(w, k) for w in bent if w.level == n]) for n in range(9)] for k in ("counters_w", "external_w")])
    plain = linregress(*means)
    assert (found.gain, found.offset_w) == (pytest.approx(plain.slope, rel=1e-6), pytest.approx(plain.intercept, rel=1e-6))
    assert found.gain_error == pytest.approx(plain.stderr, rel=1e-6)
    assert found.offset_error_w == pytest.approx(plain.intercept_stderr, rel=1e-6)
    assert found.residual_w == pytest.approx(plain.stderr * math.sqrt(np.sum((means[0] - means[0].mean()) ** 2)), rel=1e-6)
    assert gain_half(found) == pytest.approx(2.364624 * plain.stderr, rel=1e-5), "Student's t with 7 degrees of freedom"


@pytest.mark.parametrize(("noise_x", "noise_y", "wander"), [(0.0, 1.0, 0.0), (0.7, 1.0, 0.0), (0.3, 0.8, 2.0)])
def test_the_intervals_hold_the_truth(noise_x, noise_y, wander):
    """Offset, gain and the estimate of a load in between: at least 95 of 100 times, and not by being endless."""
    rng = np.random.default_rng(1)
    repeats, held, halves = 600, np.zeros(3), []
    for _ in range(repeats):
        found = fit(windows(noise_x=noise_x, noise_y=noise_y, wander=wander, rng=rng), ABOUT)
        estimate = system_estimate(Measurement(value=250.0, low=250.0, high=250.0, unit="J"), 10.0, found)
        held += [
            abs(found.offset_w - 12.0) <= offset_half_w(found),
            abs(found.gain - 1.2) <= gain_half(found),
            estimate.low <= 120 + 300 <= estimate.high,
        ]
        halves.append(gain_half(found))
    shares = held / repeats
    assert np.all(shares >= 0.94), shares  # 0.95 less two standard errors of 600 repeats
    assert np.mean(halves) < 0.1


def test_a_load_that_wavers_costs_no_certainty():
    """Both meters follow it, along the line: the errors stay those of the meters."""
    calm, restless = fit(windows(noise_y=0.1), ABOUT), fit(windows(noise_y=0.1, wander=1.5), ABOUT)
    assert restless.gain == pytest.approx(1.2, abs=0.01)
    assert restless.gain_error < 8 * calm.gain_error


def test_what_is_known_exactly_is_found_exactly():
    found = fit(windows(), ABOUT)
    assert (found.offset_w, found.gain) == (pytest.approx(12.0), pytest.approx(1.2))
    assert (found.n, found.windows, found.degrees) == (9, 72, 7)
    assert (found.low_w, found.high_w) == (10.0, 40.0)
    assert found.residual_w < 1e-9
    assert found.correlation == pytest.approx(1.0)
    assert found.equation == "wall = 12.0 W + 1.200 × counters"
    assert Calibration.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"levels": (10.0, 20.0)}, "Only 2 load levels"),
        ({"each": 1}, "Only 0 load levels"),
        ({"levels": (10.0, 10.2, 10.4, 10.2)}, "moved by 0.4 W only"),
        ({"noise_x": 12.0}, "moved by"),
        ({"gain": 0.0, "noise_y": 1.0}, "correlation"),
        ({"gain": -1.0}, "correlation"),
    ],
)
def test_what_would_mean_little_is_refused_with_a_remedy(bad, says):
    with pytest.raises(CalibrationError, match=says) as refused:
        fit(windows(**bad), ABOUT)
    assert refused.value.remedy


def test_the_estimate_joins_its_errors_as_squares():
    found = fit(windows(noise_y=0.5), ABOUT).model_copy(update={"residual_w": 0.3})
    energy = Measurement(value=200.0, low=190.0, high=210.0, n=5, unit="J", provenance=Provenance.COUNTER)
    estimate = system_estimate(energy, 10.0, found)
    gradient = np.array([10.0, 200.0])
    covariance = np.array([[found.offset_error_w**2, found.covariance], [found.covariance, found.gain_error**2]])
    line = student(7) * math.sqrt(gradient @ covariance @ gradient + 3.0**2)
    assert estimate.value == pytest.approx(10 * found.offset_w + 200 * found.gain)
    assert estimate.high - estimate.value == pytest.approx(math.hypot(line, found.gain * 10))
    assert (estimate.unit, estimate.n, estimate.provenance, estimate.reason) == ("J", 5, Provenance.MODELLED, "")


def test_no_reading_gives_no_estimate():
    found = system_estimate(Measurement.missing("J", "the counter is gone"), 10.0, fit(windows(), ABOUT))
    assert (found.value, found.reason) == (None, "the counter is gone")


def test_beyond_the_loads_it_says_so():
    found = fit(windows(), ABOUT)
    assert beyond(found, 10.0) == beyond(found, 40.0) == beyond(found, 42.9) == ""
    assert "from 10 to 40 W" in beyond(found, 60.0)
    estimate = system_estimate(Measurement(value=600.0, unit="J"), 10.0, found)
    assert estimate.value == pytest.approx(840.0)
    assert estimate.reason.startswith("extrapolated")


def test_another_machine_or_other_channels_are_told_apart():
    found = fit(windows(), ABOUT)
    assert why_not(found, "CPU", "desk", ("rapl:0",)) == ""
    assert "another machine (desk, CPU)" in why_not(found, "CPU", "lap", ("rapl:0",))
    assert "another machine" in why_not(found, "Other", "desk", ("rapl:0",))
    assert why_not(found, "CPU", "desk", ("rapl:0", "nvml:1")) == "power is now read with nvml:1 besides"
    assert why_not(found, "CPU", "desk", ()) == "power is now read without rapl:0"
    assert "recording" in why_not(found, "CPU", "desk", ("rapl:0",), recorded=True)
