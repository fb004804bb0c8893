"""Carbon under other assumptions is arithmetic: kWh × PUE × intensity, and Strubell's table by it."""

import pytest

from greenbench.analysis.emissions import emissions, equivalents, ratio
from greenbench.core.carbon import co2e_g, grams
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import CarbonFactor, Plan, RunResult, RunState, VariantResult

KWH = 3.6e6
WORLD = CarbonFactor(region="World average", intensity_g_per_kwh=475)
CLEAN = CarbonFactor(region="Clean", intensity_g_per_kwh=50, pue=1.2)


def test_strubells_bert_by_the_same_arithmetic():
    """Table 3: 12,041.51 W × 79 h with a PUE of 1.58 and 0.954 lb for each kWh: 1,438 lb of CO2e (the paper's own product gives 1,434)."""
    factor = CarbonFactor(region="USA 2018", intensity_g_per_kwh=0.954 * 453.59237, pue=1.58)
    assert co2e_g(12_041.51 * 79 * 3600, factor) / 453.59237 == pytest.approx(1438, rel=4e-3)


def test_grams_are_modelled_and_keep_the_interval():
    found = grams(Measurement(value=KWH, low=0.9 * KWH, high=1.2 * KWH, n=4, unit="J", provenance=Provenance.EXTERNAL), CLEAN)
    assert (found.value, found.low, found.high) == (pytest.approx(60), pytest.approx(54), pytest.approx(72))
    assert (found.provenance, found.unit, found.n) == (Provenance.MODELLED, "g", 4)


def test_no_reading_stays_no_reading():
    found = grams(Measurement.missing("J", "no counter"), WORLD)
    assert found.value is None
    assert found.reason == "no counter"
    assert grams(Measurement(value=1.0, unit="J"), None).value is None


def run(carbon=WORLD):
    energy = Measurement(value=0.036, low=0.03, high=0.04, n=5, unit="J")
    variant = VariantResult(letter="A", node="a", name="A", benchmark="b", metrics={"energy_per_inference": energy})
    return RunResult(
        run_id="r", title="t", state=RunState.FINISHED, started="", plan=Plan(title="t", nodes=()), variants=(variant,), carbon=carbon
    )


def test_another_grid_changes_the_grams_and_nothing_else():
    own, other = emissions(run()), emissions(run(), CLEAN)
    assert own.of("A").per_billion.value == pytest.approx(0.036e9 / KWH * 475)
    assert other.of("A").per_billion.value == pytest.approx(own.of("A").per_billion.value * ratio(CLEAN, WORLD))
    assert other.of("A").energy == own.of("A").energy
    assert ratio(CLEAN, WORLD) == pytest.approx(50 * 1.2 / 475)


def test_a_year_is_the_rate_times_its_days():
    found = emissions(run(), rate=1000).of("A")
    assert found.per_year.value == pytest.approx(found.per_inference.value * 1000 * 365.25)


def test_without_a_factor_there_are_no_grams():
    assert emissions(run(None)) is None


def test_equivalents_by_hand():
    found = {each.what: each for each in equivalents(KWH, WORLD)}
    assert found["hours of a 10 W lamp"].amount == pytest.approx(100)
    assert found["litres of water brought from 20 to 100 °C"].amount == pytest.approx(10.755, rel=1e-3)
    assert found["km in a passenger car"].amount == pytest.approx(475 / (400 / 1.609344))
    assert found["full charges of a phone's battery of 15.4 Wh"].amount == pytest.approx(1000 / 15.4)
    assert all(each.source for each in found.values())


def test_equivalents_take_the_building_into_account():
    lamp = next(each for each in equivalents(KWH, CLEAN) if "lamp" in each.what)
    assert lamp.amount == pytest.approx(120)
    assert not any("car" in each.what for each in equivalents(KWH))
