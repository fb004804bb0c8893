"""A few disturbed rounds do not hide what the others show, and the interval still holds the truth as often as it says."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.special import stdtrit

from greenbench.analysis.intervals import paired_ratio
from greenbench.analysis.trimming import FEWEST, centre, set_aside


def covered(values, truth):
    found = centre(values)
    return np.mean(np.abs(found.value - truth) <= stdtrit(found.freedom, 0.975) * found.error)


def test_a_fifth_at_either_end_is_set_aside_from_eight_on():
    assert [set_aside(n) for n in (2, 7, 8, 9, 10, 14, 15, 20)] == [0, 0, 1, 1, 2, 2, 3, 4]


@pytest.mark.parametrize("n", [2, 3, 5, FEWEST - 1])
def test_of_fewer_it_is_the_mean_and_its_standard_error(n):
    values = np.random.default_rng(41).normal(size=n)
    found = centre(values)
    assert (found.value, found.error, found.freedom) == pytest.approx((values.mean(), stats.sem(values), n - 1))


@pytest.mark.parametrize("n", [FEWEST, 13, 20])
def test_it_is_yuens_as_scipy_has_it(n):
    """SciPy's trimmed t-test is of two samples; against itself shifted by d, of two alike, t is d through the error times √2."""
    values = np.random.default_rng(42).normal(size=n)
    found, shift = centre(values), 1.0
    scipys = stats.ttest_ind(values + shift, values, trim=0.2)
    assert shift / (found.error * np.sqrt(2)) == pytest.approx(scipys.statistic)
    assert 2 * found.freedom == pytest.approx(scipys.df)
    assert found.value == pytest.approx(stats.trim_mean(values, 0.2))


@pytest.mark.parametrize("n", [8, 10, 14, 20])
@pytest.mark.parametrize("freedom", [np.inf, 5, 2.5])
def test_it_holds_the_truth_in_94_percent_of_repeats_or_more_and_where_tails_are_long(n, freedom):
    random = np.random.default_rng(43)
    values = random.normal(size=(20_000, n)) if np.isinf(freedom) else random.standard_t(freedom, size=(20_000, n))
    assert 0.935 <= covered(values, 0.0) <= 0.98


@pytest.mark.parametrize(("n", "disturbed"), [(8, 1), (10, 2), (20, 4)])
def test_disturbed_rounds_leave_five_percent_to_be_found_and_equals_to_be_called_equal(n, disturbed):
    random = np.random.default_rng(44)
    found = false = plain = 0
    for _ in range(1500):
        baseline, variant = np.exp(random.normal(0, 0.005, size=(2, n)))
        for place in random.choice(n, disturbed, replace=False):
            (baseline, variant)[random.integers(2)][place] *= random.uniform(1.3, 1.7)
        low, high = paired_ratio(variant, baseline).ends
        false += low > 1 or high < 1
        found += paired_ratio(1.05 * variant, baseline).ends[0] > 1
        logs = np.log(1.05 * variant / baseline)
        plain += stats.t.interval(0.95, n - 1, logs.mean(), stats.sem(logs))[0] > 0
    assert false / 1500 <= 0.065
    assert found / 1500 >= 0.99
    assert plain / 1500 <= 0.5


def test_rows_are_sets_of_their_own():
    values = np.random.default_rng(45).normal(size=(3, 12))
    together, apart = centre(values), [centre(row) for row in values]
    assert together.value == pytest.approx([each.value for each in apart])
    assert together.error == pytest.approx([each.error for each in apart])


@pytest.mark.parametrize("n", [5, 8, 12, 20])
def test_real_rounds_of_one_model_in_two_places_are_called_different_five_times_in_a_hundred_though_half_were_disturbed(n):
    """Which of the two places is called the variant is drawn by lot for each round: then nothing differs but by chance."""
    recorded = json.loads((Path(__file__).parent / "disturbed_rounds.json").read_text(encoding="utf-8"))["rounds"]
    rounds = np.concatenate([np.array(each) for each in recorded])
    assert np.quantile(rounds, 0.9) > 1.4 * np.quantile(rounds, 0.1)
    random = np.random.default_rng(46)
    wrong = 0
    for _ in range(1500):
        drawn = rounds[random.integers(0, len(rounds), n)]
        turned = random.random(n) < 0.5
        low, high = paired_ratio(np.where(turned, drawn[:, 1], drawn[:, 0]), np.where(turned, drawn[:, 0], drawn[:, 1])).ends
        wrong += low > 1 or high < 1
    assert wrong / 1500 <= 0.065
