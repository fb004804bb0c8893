"""A percentile is stated where MLPerf would state it, and its interval needs no distribution."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from greenbench.analysis.percentiles import SHOWN, fewest_calls, percentile, percentiles, queries_needed, ranks, share_above
from greenbench.core.timed import Percentile


def test_the_queries_that_are_needed_are_those_of_mlperfs_table():
    # Reddi 2020, MLPerf Inference, table IV: 90, 95 and 99 % tail latency.
    assert [queries_needed(q) for q in (0.90, 0.95, 0.99)] == [24_576, 57_344, 270_336]
    with pytest.raises(ValueError, match="no upper percentile"):
        queries_needed(0.2)


@given(st.integers(1, 5000), st.sampled_from([0.5, 0.9, 0.95, 0.99]), st.sampled_from([0.9, 0.95, 0.99]))
def test_ranks_are_the_quantiles_of_the_binomial_distribution(n, q, confidence):
    tail = (1 - confidence) / 2
    low, high = int(stats.binom.ppf(tail, n, q)), int(stats.binom.ppf(1 - tail, n, q)) + 1
    assert ranks(n, q, confidence) == ((low or None), (high if high <= n else None))


@pytest.mark.parametrize(("n", "q"), [(100, 0.9), (1000, 0.99), (37, 0.5)])
def test_between_those_ranks_the_truth_lies_in_95_percent_or_more_of_samples_of_any_distribution(n, q):
    low, high = ranks(n, q)
    exact = stats.binom.cdf(high - 1, n, q) - stats.binom.cdf(low - 1, n, q)
    assert exact >= 0.95
    samples = np.sort(np.random.default_rng(41).pareto(1.5, size=(4000, n)), axis=1)
    truth = stats.lomax.ppf(q, 1.5)
    held = np.mean((samples[:, low - 1] <= truth) & (truth <= samples[:, high - 1]))
    assert held == pytest.approx(exact, abs=0.015)


def blocks_of(random, count, calls, level):
    """Blocks with a level of their own, their calls following their neighbours (AR(1))."""
    noise = random.normal(size=(count, calls))
    for k in range(1, calls):
        noise[:, k] = 0.7 * noise[:, k - 1] + math.sqrt(1 - 0.49) * noise[:, k]
    return np.exp(random.normal(0, level, size=(count, 1)) + 0.05 * noise)


@pytest.mark.parametrize(("count", "q"), [(5, 0.5), (8, 0.9), (20, 0.5), (20, 0.99)])
def test_the_interval_holds_the_truth_though_calls_of_a_block_are_correlated(count, q):
    random = np.random.default_rng(42)
    truth = math.exp(stats.norm.ppf(q) * math.hypot(0.05, 0.02))
    held = 0
    for _ in range(300):
        found = percentile(list(blocks_of(random, count, 200, 0.02)), q)
        held += (found.low_s is None or found.low_s <= truth) and (found.high_s is None or truth <= found.high_s)
    assert held / 300 >= 0.92


def test_taking_those_calls_for_independent_would_hold_it_far_too_seldom():
    random = np.random.default_rng(43)
    truth, held = 1.0, 0
    for _ in range(300):
        calls = np.sort(blocks_of(random, 8, 200, 0.02).ravel())
        low, high = ranks(calls.size, 0.5)
        held += calls[low - 1] <= truth <= calls[high - 1]
    assert held / 300 < 0.75


def test_few_calls_have_no_upper_end_for_a_far_percentile_and_support_none():
    found = percentile([np.linspace(1.0, 2.0, 50)], 0.99)
    assert found.high_s is None
    assert (found.n, found.needed, found.supported) == (50, 270_336, False)


def test_enough_calls_support_the_number_itself():
    assert percentile([np.arange(24_576.0) + 1], 0.9).supported
    assert not percentile([np.arange(24_575.0) + 1], 0.9).supported


def test_a_hundred_thousand_calls_of_blocks_that_differ_support_nothing():
    random = np.random.default_rng(47)
    found = percentile([level * np.exp(random.normal(0, 0.01, 15_000)) for level in (1.0, 1.0, 1.6, 1.0, 1.0, 1.6, 1.0, 1.0)], 0.9)
    assert found.enough
    assert not found.supported


def test_a_higher_percentile_never_seems_known_to_end_below_where_a_lower_one_may_be():
    """Three levels of a machine: few blocks say little of how they scatter, for each percentile another thing."""
    random = np.random.default_rng(48)
    for _ in range(100):
        levels = random.choice([1.0, 1.05, 1.6], p=[0.6, 0.2, 0.2], size=5)
        found = percentiles([level * np.exp(random.normal(0, 0.1, 400)) for level in levels])
        for lower, higher in itertools.pairwise(found):
            assert (lower.low_s or 0.0) <= (higher.low_s or 0.0)
            assert (lower.high_s or math.inf) <= (higher.high_s or math.inf)
            assert all(p.low_s is None or p.low_s <= p.value_s for p in found)


def test_all_shown_percentiles_rise_and_nothing_gives_none():
    found = percentiles([np.random.default_rng(0).random(500), np.random.default_rng(1).random(500)])
    assert [each.q for each in found] == list(SHOWN)
    assert sorted(each.value_s for each in found) == [each.value_s for each in found]
    assert percentiles([[], []]) == ()
    with pytest.raises(ValueError, match="no block"):
        percentile([[]], 0.5)


def test_a_cell_has_the_number_only_where_it_may_be_stated():
    exact = Percentile(q=0.9, value_s=0.00142, low_s=0.0013, high_s=0.0016, n=30_000, needed=24_576, supported=True)
    assert exact.in_words(1e3) == "1.42"
    assert exact.model_copy(update={"supported": False}).in_words(1e3) == "1.30 to 1.60"
    assert exact.model_copy(update={"supported": False, "high_s": None}).in_words(1e3) == "over 1.30"
    assert exact.model_copy(update={"supported": False, "low_s": None, "high_s": None}).in_words(1e3) == "—"


def test_the_share_of_late_calls_has_clopper_and_pearsons_bounds():
    # One block: its calls are taken for independent. scipy has the same bounds, two-sided.
    calls = np.r_[np.full(7, 2.0), np.full(993, 0.5)]
    theirs = stats.binomtest(7, 1000).proportion_ci(confidence_level=0.98, method="exact")
    assert share_above([calls], 1.0) == pytest.approx((theirs.low, theirs.high))
    assert share_above([np.zeros(50)], 1.0) == pytest.approx((0.0, 1 - 0.01 ** (1 / 50)))
    assert share_above([np.full(50, 2.0)], 1.0) == pytest.approx((0.01 ** (1 / 50), 1.0))
    with pytest.raises(ValueError, match="no block"):
        share_above([], 1.0)


def test_none_late_shows_one_in_a_hundred_from_459_calls_on():
    assert (fewest_calls(0.01), fewest_calls(0.01, 0.95)) == (459, 299)
    assert share_above([np.zeros(459)], 1.0)[1] <= 0.01 < share_above([np.zeros(458)], 1.0)[1]


def test_late_calls_that_come_together_say_less_of_their_share():
    spread = [np.r_[np.full(2, 2.0), np.zeros(998)] for _ in range(5)]
    together = [np.r_[np.full(10, 2.0), np.zeros(990)], *(np.zeros(1000) for _ in range(4))]
    assert share_above(together, 1.0)[1] > share_above(spread, 1.0)[1] > share_above([np.concatenate(spread)], 1.0)[1]
