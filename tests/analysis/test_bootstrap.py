"""The second opinion holds the truth as often as it says, on blocks that do not scatter normally."""

import math

import numpy as np
import pytest

from greenbench.analysis.bootstrap import ratio_by_bootstrap
from greenbench.analysis.intervals import paired_ratio


@pytest.mark.parametrize("blocks", [10, 20])
def test_it_holds_the_truth_in_93_percent_of_repeats_or_more_though_the_scatter_is_skewed(blocks):
    random = np.random.default_rng(31)
    held, repeats = 0, 800
    for repeat in range(repeats):
        scatter = 0.02 * (random.exponential(1.0, size=(2, blocks)) - 1.0)
        low, high = ratio_by_bootstrap(1.1 * np.exp(scatter[0]), np.exp(scatter[1]), seed=repeat).ends
        held += low <= 1.1 <= high
    assert 0.92 <= held / repeats <= 0.99


def test_on_normal_scatter_it_says_what_students_t_says():
    random = np.random.default_rng(32)
    ratios = []
    for repeat in range(40):
        variant, baseline = np.exp(random.normal(0, 0.02, (2, 15)))
        exact, second = paired_ratio(variant, baseline), ratio_by_bootstrap(variant, baseline, seed=repeat)
        assert second.value == pytest.approx(exact.value)
        ratios.append(math.log(second.high / second.low) / math.log(exact.high / exact.low))
    assert np.median(ratios) == pytest.approx(1.0, abs=0.1)


def test_equal_blocks_leave_no_width():
    found = ratio_by_bootstrap([2.0] * 10, [1.0] * 10)
    assert (found.value, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))


@pytest.mark.parametrize(("variant", "baseline", "why"), [([1.0] * 9, [1.0] * 9, "10 pairs"), ([1.0] * 10, [0.0] * 10, "positive")])
def test_too_few_blocks_and_what_has_no_ratio_are_refused(variant, baseline, why):
    with pytest.raises(ValueError, match=why):
        ratio_by_bootstrap(variant, baseline)
