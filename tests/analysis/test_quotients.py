"""Quotients and products against Fieller's roots, paired data, the delta method, and how often they hold the truth."""

import math

import numpy as np
import pytest

from greenbench.analysis.intervals import Interval, block_mean, ratio_of_means
from greenbench.analysis.quotients import product, quotient
from greenbench.core.measurement import Measurement


def joules(value, low=None, high=None):
    return Measurement(value=value, low=low, high=high, n=5, unit="J")


def test_even_intervals_give_fiellers():
    """Fieller 1954: the roots of (y² − hy²)·r² − 2xy·r + (x² − hx²) = 0."""
    x, hx, y, hy = 264e3, 13e3, 0.053, 0.0025
    found = quotient(joules(x, x - hx, x + hx), joules(y, y - hy, y + hy))
    roots = np.sort(np.roots([y * y - hy * hy, -2 * x * y, x * x - hx * hx]).real)
    assert found.value == pytest.approx(x / y)
    assert (found.low, found.high) == (pytest.approx(roots[0]), pytest.approx(roots[1]))


def test_the_interval_is_that_of_ratio_of_means_where_the_two_are_uncorrelated():
    a, b = np.array([9.0, 11, 9, 11]), np.array([2.0, 2.2, 2.2, 2.0])  # covariance zero
    assert np.cov(a, b)[0, 1] == 0
    found = quotient(block_mean(a).measurement("J"), block_mean(b).measurement("J"))
    fieller = ratio_of_means(a, b)
    assert (found.low, found.high) == (pytest.approx(fieller.low), pytest.approx(fieller.high))


def test_a_lopsided_interval_moves_only_the_end_that_it_concerns():
    even = quotient(joules(100, 90, 110), joules(2, 1.9, 2.1))
    wide = quotient(joules(100, 90, 150), joules(2, 1.9, 2.1))
    assert wide.low == pytest.approx(even.low)
    assert wide.high > even.high


def test_an_exact_making_divides_the_ends_of_the_saving():
    found = quotient(joules(100, 100, 100), joules(2, 1, 4))
    assert (found.low, found.value, found.high) == (pytest.approx(100 / 4), 50, pytest.approx(100 / 1))


def test_the_interval_holds_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(7)
    x, sx, y, sy = 1000.0, 40.0, 2.0, 0.2
    xs, ys = rng.normal(x, sx, 4000), rng.normal(y, sy, 4000)
    hits = 0
    for a, b in zip(xs, ys, strict=True):
        found = quotient(joules(a, a - 1.96 * sx, a + 1.96 * sx), joules(b, b - 1.96 * sy, b + 1.96 * sy))
        hits += found.low <= x / y <= (found.high or math.inf)
    assert 0.94 <= hits / 4000 <= 0.96


def test_a_divisor_that_may_be_zero_leaves_the_quotient_without_upper_end():
    found = quotient(joules(10, 9, 11), joules(1, -0.5, 2.5))
    assert found.value == 10
    assert found.high is None
    with pytest.raises(ValueError, match="positive divisor"):
        quotient(joules(10, 9, 11), joules(-1, -2, 0))


def test_a_product_adds_distances_as_squares_on_the_logarithms():
    """Two factors of ± 10 % and ± 20 % on the logarithm: e to the root of 0.1² + 0.2²."""
    one = Interval(2.0, 2 * math.exp(-0.1), 2 * math.exp(0.1), 5)
    other = Interval(3.0, 3 * math.exp(-0.2), 3 * math.exp(0.2), 9)
    found = product(one, other)
    assert (found.value, found.n) == (6, 5)
    assert math.log(found.high / 6) == pytest.approx(math.hypot(0.1, 0.2))
    assert math.log(6 / found.low) == pytest.approx(math.hypot(0.1, 0.2))
    assert not product(one, Interval(3.0, None, None, 1)).known
