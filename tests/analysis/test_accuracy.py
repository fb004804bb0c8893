"""Paired accuracy: the published examples, SciPy's own test, and coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from greenbench.analysis.accuracy import PairedCounts, difference_interval, mcnemar, paired_counts, paired_difference

answers = st.integers(1, 60).flatmap(lambda n: st.tuples(st.text("01", min_size=n, max_size=n), st.text("01", min_size=n, max_size=n)))


# Altman, Machin, Bryant, Gardner 2000, "Statistics with confidence", table 6.2 (worked example of Newcombe's method 10);
# Bentur et al. 2009, as analysed by Fagerland, Lydersen, Laake 2014 (Stat. Med. 33, 2850).
@pytest.mark.parametrize(
    ("table", "low", "high"),
    [((14, 5, 0, 22), 0.011, 0.226), ((1, 1, 7, 12), -0.507, -0.026)],
)
def test_newcombes_interval_gives_the_published_numbers(table, low, high):
    assert difference_interval(PairedCounts(*table)).ends == pytest.approx((low, high), abs=5e-4)


@given(answers)
def test_mcnemar_is_the_two_sided_binomial_test_on_the_disagreements(pair):
    counts = paired_counts(*pair)
    apart = counts.only_variant + counts.only_baseline
    expected = stats.binomtest(counts.only_variant, apart, 0.5).pvalue if apart else 1.0
    assert mcnemar(counts) == pytest.approx(expected)


@given(answers)
def test_the_interval_turns_its_sign_when_the_models_change_places(pair):
    there, back = paired_difference(*pair), paired_difference(*reversed(pair))
    assert (there.value, *there.ends) == pytest.approx((-back.value, -back.ends[1], -back.ends[0]), abs=1e-12)
    assert there.ends[0] - 1e-12 <= there.value <= there.ends[1] + 1e-12


@given(answers)
def test_the_table_counts_every_example_once(pair):
    counts = paired_counts(*pair)
    assert counts.examples == len(pair[0])
    assert counts.both + counts.only_variant == pair[0].count("1")
    assert counts.both + counts.only_baseline == pair[1].count("1")


@pytest.mark.parametrize(("examples", "shares"), [(360, (0.95, 0.02, 0.01)), (360, (0.90, 0.01, 0.05)), (2000, (0.92, 0.02, 0.03))])
def test_the_interval_of_the_difference_holds_the_truth(examples, shares):
    random = np.random.default_rng(3)
    truth = shares[1] - shares[2]
    held = 0
    for table in random.multinomial(examples, [*shares, 1 - sum(shares)], size=1500):
        low, high = difference_interval(PairedCounts(*(int(count) for count in table))).ends
        held += low <= truth <= high
    assert held / 1500 >= 0.93


@pytest.mark.parametrize(("correct", "baseline"), [("", ""), ("10", "1"), ("1x", "11")])
def test_answers_that_cannot_be_paired_are_refused(correct, baseline):
    with pytest.raises(ValueError, match=r"cannot be compared|another character"):
        paired_counts(correct, baseline)
