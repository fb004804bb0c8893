"""Energy at the wall is printed as what it is: a calibrated estimate with its line, never a verdict."""

import csv
import io
import json

import pytest

from greenbench.core.calibration import Calibration
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.metrics import WALL
from greenbench.core.run import RunResult
from greenbench.report.model import build
from greenbench.report.wall import at_the_wall
from greenbench.report.writers.results_json import to_json
from greenbench.report.writers.table_csv import to_csv

LINE = Calibration(
    external="plug", external_title="Shelly Plug S", counters=("rapl:0",), counter_titles=("CPU package",), offset_w=12.4,
    offset_error_w=0.1, gain=1.18, gain_error=0.01, covariance=-0.0009, degrees=7, n=9, windows=63, residual_w=0.21, correlation=0.999,
    low_w=8.0, high_w=45.0, date="2026-11-30T20:00:00+01:00", cpu="CPU", hostname="desk",
)  # fmt: skip


@pytest.fixture
def estimated(measured: RunResult) -> RunResult:
    """Every variant at 40 mJ and more at the wall."""
    variants = []
    for place, variant in enumerate(measured.variants):
        value = 0.04 + place / 100
        wall = Measurement(value=value, low=value * 0.95, high=value * 1.05, n=5, unit="J", provenance=Provenance.MODELLED)
        variants.append(variant if variant.failure else variant.model_copy(update={"metrics": {**variant.metrics, WALL: wall}}))
    return measured.model_copy(update={"variants": tuple(variants), "calibration": LINE})


def test_how_it_was_measured_names_the_estimate_and_its_line(estimated: RunResult) -> None:
    protocol = dict(build(estimated).method.protocol)
    words = protocol["At the wall"]
    assert words.startswith("≈ 40")
    assert "calibrated estimate, not compared ◌" in words
    assert protocol["Calibration"].startswith("wall = 12.4 W ± 0.24 + (1.180 ± 0.024) × counters, 95 %; residual 0.21 W")
    assert "Shelly Plug S against CPU package, 2026-11-30" in protocol["Calibration"]


def test_a_run_without_one_says_nothing_of_it(measured: RunResult) -> None:
    assert at_the_wall(measured) == ""
    assert not {"At the wall", "Calibration"} & set(dict(build(measured).method.protocol))


def test_csv_and_json_carry_it_with_its_mark_and_no_verdict(estimated: RunResult) -> None:
    row = next(csv.DictReader(io.StringIO(to_csv(estimated))))
    assert row[WALL] == "0.04"
    assert row[f"{WALL}_provenance"] == "modelled"
    assert row[f"{WALL}_printed"].startswith("≈ ")
    assert row[f"{WALL}_change"] == ""
    kept = json.loads(to_json(estimated))
    assert kept["calibration"]["gain"] == 1.18
    assert RunResult.model_validate(kept).calibration == LINE


def test_an_extrapolation_says_so(estimated: RunResult) -> None:
    far = [v.model_copy(update={"metrics": {**v.metrics, WALL: v.metrics[WALL].model_copy(update={"reason": "extrapolated: far"})}})
           for v in estimated.measured]  # fmt: skip
    assert at_the_wall(estimated.model_copy(update={"variants": tuple(far)})).endswith("extrapolated: far")
