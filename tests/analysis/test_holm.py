"""Of many equal variants, chance finds a difference in five runs of a hundred, and not in every second one."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbench.analysis.compare import compare_accuracy, compare_ratio
from greenbench.analysis.holm import holm
from greenbench.analysis.intervals import paired_ratio
from greenbench.core.metrics import BY_KEY
from greenbench.core.run import Verdict

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)
TIME = BY_KEY["latency_p50"]


def test_adjusted_values_are_holms_as_worked_by_hand():
    # Sorted: 0.005·4 = 0.02, 0.01·3 = 0.03, 0.03·2 = 0.06, 0.04·1 = 0.04, which may not fall below the one before it.
    found = holm([0.01, 0.04, 0.03, 0.005])
    assert [each.p_value for each in found] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert [each.confidence for each in found] == pytest.approx([1 - 0.05 / 3, 1 - 0.05 / 2, 1 - 0.05 / 2, 1 - 0.05 / 4])


def test_a_single_comparison_stays_as_it_is():
    (found,) = holm([0.02])
    assert (found.p_value, found.confidence) == (0.02, pytest.approx(0.95))


@given(P_VALUES)
def test_adjusting_keeps_the_order_and_lies_between_no_correction_and_bonferronis(p_values):
    found = holm(p_values)
    ordered = sorted(zip(p_values, (each.p_value for each in found), strict=True))
    assert all(after[1] >= before[1] for before, after in itertools.pairwise(ordered))
    assert all(p <= adjusted <= min(1.0, len(p_values) * p) + 1e-12 for p, adjusted in ordered)


@given(P_VALUES)
def test_a_comparisons_own_level_rejects_just_where_the_adjusted_value_does(p_values):
    for p, corrected in zip(p_values, holm(p_values), strict=True):
        if abs(corrected.p_value - 0.05) > 1e-9:
            assert (p <= 1 - corrected.confidence + 1e-15) == (corrected.p_value <= 0.05)


def test_what_is_no_probability_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.5, 1.5])


def judged(random, slowdowns, rounds=6, scatter=0.05):
    """Verdicts on variants that are so much slower, all paired with one baseline."""
    shared = random.normal(0, scatter, rounds)
    times = {k: np.exp(random.normal(0, scatter, rounds) + np.log(slow) + shared) for k, slow in enumerate([1.0, *slowdowns])}
    alone = [paired_ratio(times[k + 1], times[0]) for k in range(len(slowdowns))]
    corrected = holm([ratio.p_value for ratio in alone])
    return [compare_ratio(TIME, paired_ratio(times[k + 1], times[0], each.confidence)) for k, each in enumerate(corrected)], alone


def test_six_equal_variants_are_all_left_in_peace_in_95_of_100_runs_and_uncorrected_in_far_fewer():
    random = np.random.default_rng(21)
    wrong = uncorrected = 0
    for _ in range(1500):
        verdicts, alone = judged(random, [1.0] * 6)
        wrong += any(verdict.verdict in (Verdict.LOWER, Verdict.HIGHER) for verdict in verdicts)
        uncorrected += any(ratio.p_value < 0.05 for ratio in alone)
    assert wrong / 1500 <= 0.06
    assert uncorrected / 1500 >= 0.12


def test_a_real_slowdown_among_equal_variants_is_found_more_often_than_by_bonferroni():
    random = np.random.default_rng(22)
    found = bonferroni = 0
    for _ in range(400):
        verdicts, alone = judged(random, [1.3, 1.3, 1.0, 1.0])
        found += sum(verdict.verdict is Verdict.HIGHER for verdict in verdicts[:2])
        bonferroni += sum(ratio.p_value < 0.05 / 4 for ratio in alone[:2])
    assert found >= bonferroni
    assert found / 800 > 0.9


@given(st.floats(0.9, 0.999), st.integers(0, 12), st.integers(0, 12))
def test_verdict_and_interval_of_accuracies_agree_at_any_level(confidence, lost, won):
    found = compare_accuracy("1" * 80 + "0" * lost + "1" * won, "1" * 80 + "1" * lost + "0" * won, confidence)
    assert (found.verdict in (Verdict.LOWER, Verdict.HIGHER)) == (not found.low <= 0 <= found.high and found.verdict is not Verdict.SAME)
