"""The difference of accuracies that a test set can show: by the normal interval, and at the level that is shared among comparisons."""

import pytest
from scipy.stats import norm

from greenbench.analysis.resolution import least_difference


@pytest.mark.parametrize(("examples", "comparisons"), [(360, 1), (360, 3), (10_000, 6)])
def test_it_is_the_interval_of_a_quarter_of_the_examples_judged_differently(examples: int, comparisons: int) -> None:
    z = norm.ppf(1 - 0.05 / comparisons / 2)
    assert least_difference(examples, comparisons) == pytest.approx(z * (0.25 / examples) ** 0.5)


def test_four_times_the_examples_show_half_the_difference_and_more_comparisons_a_larger_one_only() -> None:
    assert least_difference(400) == pytest.approx(2 * least_difference(1600))
    assert least_difference(400, 6) > least_difference(400, 3) > least_difference(400, 1)


def test_without_examples_there_is_none() -> None:
    with pytest.raises(ValueError, match="needs examples"):
        least_difference(0)
