"""What a meter leaves open at the ends of blocks stays in a ratio however many rounds there are, and interval and p-value agree."""

import math

import numpy as np
import pytest
from scipy import stats

from greenbench.analysis.edge_ratio import Leeway, edge_share, leeway, open_ratio, open_ratio_of_means, widths
from greenbench.analysis.intervals import paired_ratio, ratio_of_means

VARIANT, BASELINE = [9.0, 8.8, 9.3, 9.1], [10.0, 10.1, 9.9, 10.2]


def test_without_edges_it_is_students_t_on_the_logarithms():
    assert open_ratio(VARIANT, BASELINE, Leeway()) == paired_ratio(VARIANT, BASELINE)
    assert open_ratio_of_means(VARIANT, BASELINE, (0.0, 0.0)) == ratio_of_means(VARIANT, BASELINE)
    # and in the limit of edges that are next to nothing
    narrow, exact = open_ratio(VARIANT, BASELINE, leeway(1e-9, 1e-9)), paired_ratio(VARIANT, BASELINE)
    assert (narrow.low, narrow.high, narrow.p_value) == pytest.approx((exact.low, exact.high, exact.p_value), rel=1e-6)
    near, means = open_ratio_of_means(VARIANT, BASELINE, (1e-9, 1e-9)), ratio_of_means(VARIANT, BASELINE)
    assert (near.low, near.high, near.p_value) == pytest.approx((means.low, means.high, means.p_value), rel=1e-6)


def test_edges_move_energy_from_one_to_the_other_so_their_shares_add_up():
    """A true 3 : 1 of which a tenth of each went to the other: (3 − 0.3) : (1 + 0.1). The interval just reaches the truth."""
    open_ = leeway(0.3 / 2.7, 0.1 / 1.1)
    assert 2.7 / 1.1 * math.exp(open_.up) == pytest.approx(3.0 / 1.0)
    found = open_ratio([2.7] * 5, [1.1] * 5, open_)
    assert found.high == pytest.approx(3.0)


def test_more_rounds_do_not_make_the_edges_smaller():
    few, many = (open_ratio([9.0] * n, [10.0] * n, leeway(0.1, 0.1)) for n in (3, 300))
    assert (few.low, few.high) == pytest.approx((many.low, many.high))
    assert edge_share([10.0] * 3, [1.0] * 3) == pytest.approx(edge_share([10.0] * 300, [1.0] * 300))


def test_the_reciprocal_has_the_reciprocal_interval():
    open_ = leeway(0.3, 0.1)
    there = open_ratio(VARIANT, BASELINE, open_)
    back = open_ratio([1 / v for v in VARIANT], [1 / v for v in BASELINE], open_.turned)
    assert (back.low, back.high, back.p_value) == pytest.approx((1 / there.high, 1 / there.low, there.p_value))


def test_scatter_and_edges_join_as_squares():
    open_ = leeway(0.05, 0.05)
    alone, both = paired_ratio(VARIANT, BASELINE), open_ratio(VARIANT, BASELINE, open_)
    assert math.log(both.high / both.value) == pytest.approx(math.hypot(math.log(alone.high / alone.value), open_.up))


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99, 0.9975])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.03, 0.05, 0.2, 0.9])
@pytest.mark.parametrize("factor", [1.0, 1.04])
def test_an_interval_leaves_out_no_change_just_where_the_p_value_is_below_its_level(confidence, share, factor):
    """Holm's step-down tests at several levels; at none of them may verdict and interval contradict each other."""
    random = np.random.default_rng(1)
    for _ in range(25):
        above, below = (np.exp(random.normal(mean, 0.02, 5)).tolist() for mean in (random.normal(0, 0.05), 0.0))
        found = open_ratio(above, below, leeway(share, share), confidence, factor)
        assert (found.low > 1 or found.high < 1) is (found.p_value <= 1 - confidence)
        means = open_ratio_of_means(above, below, (share / 2, share / 2), confidence)
        assert (means.low > 1 or means.high < 1) is (means.p_value <= 1 - confidence)


def test_steady_rounds_leave_the_normal_p_value_of_the_edges():
    open_ = leeway(0.05, 0.05)
    found = open_ratio([9.0] * 3, [10.0] * 3, open_)
    assert found.p_value == pytest.approx(2 * stats.norm.sf(1.959964 * math.log(10 / 9) / open_.up), rel=1e-6)


def test_edges_as_large_as_the_energy_leave_everything_open():
    found = open_ratio([40.0] * 4, [40.0] * 4, leeway(1.0, 3.0))
    assert found.low < 0.03
    assert found.high > 30
    assert found.p_value == 1.0


def test_energy_that_cannot_be_told_from_zero_gives_no_ratio():
    assert open_ratio_of_means([1.0, -0.5, 0.2], [0.5, 0.6, 0.4], (1.0, 1.0)).low is None


def test_a_width_has_scatter_and_edges_and_edges_alone():
    width, edges = widths([10.0, 10.0, 10.0], [1.0, 1.0, 1.0])
    assert (width, edges) == (pytest.approx(0.2), pytest.approx(0.2))
    assert widths([10.0], [0.0]) == (None, 0.0)
    assert widths([0.0, 0.0], [1.0, 1.0])[1] == math.inf
