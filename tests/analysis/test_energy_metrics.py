"""Energy-aware numbers by hand: turned round, scaled, multiplied block by block, and never more certain than their parts."""

import math

import pytest

from greenbench.analysis.energy_metrics import (
    accuracy_per_joule,
    energy_delay_product,
    flops_per_joule,
    inferences_per_joule,
    wh_per_1000,
)
from greenbench.analysis.intervals import block_mean, wilson
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.quote import quote


def joules(value, low=None, high=None, provenance=Provenance.COUNTER):
    return Measurement(value=value, low=low, high=high, n=5, unit="J", provenance=provenance)


def test_inferences_per_joule_turn_the_interval_round():
    found = inferences_per_joule(joules(0.02, 0.01, 0.04))
    assert (found.low, found.value, found.high, found.unit) == (25, 50, 100, "1/J")


def test_an_energy_that_may_be_zero_has_no_upper_end_and_is_printed_so():
    found = inferences_per_joule(joules(0.02, 0.0, 0.04))
    assert (found.value, found.low, found.high) == (50, 25, None)
    assert (quote(found).text, quote(found).interval) == ("50", "25–∞")
    right = accuracy_per_joule(wilson(95, 100).measurement("1"), joules(0.5, 0.0, 1.0))
    assert right.low is not None
    assert right.high is None
    assert inferences_per_joule(joules(0.0, 0.0, 0.0)).value is None


def test_wh_per_thousand_queries():
    found = wh_per_1000(joules(3.6, 1.8, 7.2))
    assert (found.low, found.value, found.high, found.unit) == (0.5, 1.0, 2.0, "Wh")


def test_flops_per_joule():
    found = flops_per_joule(joules(0.5, 0.4, 0.8), Measurement.exact(4e9, "FLOP"))
    assert (found.low, found.value, found.high) == (5e9, 8e9, 1e10)
    assert flops_per_joule(joules(0.5), Measurement.missing("FLOP", "not counted for this format")).reason == "not counted for this format"


def test_energy_delay_is_multiplied_block_by_block():
    """Slow blocks cost more: the mean of the products is more than the product of the means."""
    energies, medians = [1.0, 2.0, 3.0], [0.1, 0.2, 0.3]
    found = energy_delay_product(energies, medians, joules(2.0, 1.9, 2.1), 0.0)
    whole = block_mean([0.1, 0.4, 0.9])
    assert found.value == pytest.approx((0.1 + 0.4 + 0.9) / 3)
    assert found.value > 2.0 * 0.2
    assert found.high == pytest.approx(whole.high)
    assert found.low == 0.0 == max(whole.low, 0.0)


def test_a_block_without_reading_is_left_out_and_the_meters_error_is_kept():
    found = energy_delay_product([1.0, None, 1.0], [0.1, 9.9, 0.1], joules(1.0, 0.9, 1.1), 0.05)
    assert (found.value, found.n) == (pytest.approx(0.1), 2)
    assert found.high - found.value == pytest.approx(0.05 * 0.1)
    with pytest.raises(ValueError):  # noqa: PT011 - strict zip's own
        energy_delay_product([1.0], [0.1, 0.2], joules(1.0), 0.0)


def test_accuracy_per_joule_knows_both_errors():
    right = wilson(95, 100).measurement("1")
    found = accuracy_per_joule(right, joules(0.5, 0.45, 0.55))
    assert found.value == pytest.approx(0.95 / 0.5)
    exact = accuracy_per_joule(right, joules(0.5, 0.5, 0.5))
    assert (exact.low, exact.high) == (pytest.approx(right.low / 0.5), pytest.approx(right.high / 0.5))
    assert found.low < exact.low
    assert found.high > exact.high


def test_right_answers_for_each_joule_are_as_direct_as_the_less_direct_of_both():
    """Counted answers and the joules of a wall meter, or of sampled watts."""
    right = wilson(9, 10).measurement("1")
    marks = {given: accuracy_per_joule(right, joules(0.5, 0.4, 0.6, given)).provenance for given in Provenance if given.measured}
    assert marks == {
        Provenance.EXTERNAL: Provenance.COUNTER,
        Provenance.COUNTER: Provenance.COUNTER,
        Provenance.INTEGRATED: Provenance.INTEGRATED,
    }


@pytest.mark.parametrize(
    "make",
    [inferences_per_joule, wh_per_1000, lambda e: flops_per_joule(e, Measurement.exact(5, "FLOP")),
     lambda e: energy_delay_product([e.value], [0.1], e, 0.0), lambda e: accuracy_per_joule(wilson(9, 10).measurement("1"), e)],
)  # fmt: skip
def test_modelled_stays_modelled_and_no_reading_stays_none(make):
    assert make(joules(0.5, 0.25, 0.75, Provenance.MODELLED)).provenance is Provenance.MODELLED
    gone = make(Measurement.missing("J", "no counter"))
    assert (gone.value, gone.reason) == (None, "no counter")


def test_a_task_without_accuracy_says_so():
    assert "another metric" in accuracy_per_joule(None, joules(0.5)).reason
    assert math.isclose(accuracy_per_joule(wilson(9, 10).measurement("1"), joules(0.5)).value, 1.8)
