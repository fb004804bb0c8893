"""Scores that are numbers: intervals and paired verdicts as SciPy and closed forms have them."""

import numpy as np
import pytest
from scipy import stats

from greenbench.analysis.compare import compare_scores
from greenbench.analysis.scores import infinite, mean_score, paired_scores, paired_t_test
from greenbench.core.metrics import BY_KEY
from greenbench.core.run import Verdict

ERROR, IOU = BY_KEY["mean_absolute_error"], BY_KEY["mean_iou"]


def scores(seed, size=400, mean=2.0):
    return np.random.default_rng(seed).gamma(2.0, mean / 2, size)


def test_the_interval_is_students_t():
    values = scores(0)
    found = mean_score(values.tolist(), fraction=False)
    expected = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.value == pytest.approx(values.mean())


def test_the_interval_holds_the_mean_of_skewed_errors_about_95_times_in_100():
    held = 0
    for seed in range(300):
        found = mean_score(scores(seed, 200).tolist(), fraction=False)
        held += found.low <= 2.0 <= found.high
    assert 0.91 < held / 300 < 0.985


def test_the_interval_stays_within_what_is_possible():
    assert mean_score([0.0, 0.0, 3.0], fraction=False).low == 0.0
    assert mean_score([1.0, 1.0, 0.6], fraction=True).high == 1.0


def test_examples_without_anything_to_judge_are_left_out():
    assert mean_score([0.5, float("nan"), 0.7], fraction=True).n == 2
    mine, other = paired_scores([1.0, float("nan"), 3.0], [1.0, 2.0, 4.0])
    assert (mine.tolist(), other.tolist()) == ([1.0, 3.0], [1.0, 4.0])


def test_answers_that_are_no_numbers_are_counted_and_have_no_mean():
    assert infinite([1.0, float("inf"), float("inf")]) == 2
    with pytest.raises(ValueError, match="finite"):
        mean_score([1.0, float("inf")], fraction=False)


def test_the_p_value_is_that_of_the_paired_t_test():
    mine, other = scores(1), scores(1) + np.random.default_rng(2).normal(0.1, 0.5, 400)
    assert paired_t_test(mine, other) == pytest.approx(stats.ttest_rel(mine, other).pvalue)
    assert paired_t_test(mine, mine) == 1.0


@pytest.mark.parametrize("shift", [0.0, 0.02, 0.05, 0.08, 0.2, -0.1])
def test_interval_and_test_agree_on_whether_errors_differ(shift):
    other = scores(3)
    mine = other + np.random.default_rng(4).normal(shift, 0.5, 400)
    found = compare_scores(ERROR, mine.tolist(), other.tolist())
    rejected = stats.ttest_rel(mine, other).pvalue < 0.05
    assert (found.low > 0 or found.high < 0) == rejected
    assert found.change == pytest.approx(mine.mean() / other.mean() - 1)


def test_a_lower_error_is_good_and_said_so():
    other = scores(5)
    found = compare_scores(ERROR, (0.8 * other).tolist(), other.tolist())
    assert (found.verdict, found.good, found.text) == (Verdict.LOWER, True, "20 % lower")


def test_a_lower_iou_is_bad_and_in_points():
    other = np.random.default_rng(6).uniform(0.4, 0.9, 300)
    found = compare_scores(IOU, (other - 0.05).tolist(), other.tolist())
    assert (found.verdict, found.good, found.text) == (Verdict.LOWER, False, "5.0 pp lower")


def test_equal_scores_are_the_same():
    assert compare_scores(ERROR, [1.0, 2.0], [1.0, 2.0]).verdict is Verdict.SAME


@pytest.mark.parametrize(
    ("mine", "other", "reason"),
    [
        ([], [1.0], "no answers"),
        ([1.0], [1.0, 2.0], "tested on 1 examples"),
        ([float("inf"), 1.0], [1.0, 1.0], "not numbers"),
        ([1.0, 1.0], [0.0, 0.0], "makes no error"),
        ([float("nan")], [1.0], "no example could be judged"),
    ],
)
def test_what_cannot_be_compared_says_why(mine, other, reason):
    found = compare_scores(ERROR, mine, other)
    assert found.verdict is Verdict.NOT_COMPARED
    assert reason in found.reason
