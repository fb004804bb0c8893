"""Intervals hold the truth as often as they say, on calls that are correlated as real ones are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from greenbench.analysis.compare import compare_ratio
from greenbench.analysis.intervals import Interval, block_mean, block_quantile, paired_ratio, quantiles, ratio_of_means, same_rounds, wilson
from greenbench.core.metrics import BY_KEY
from greenbench.core.run import Verdict


def correlated_blocks(random, repeats, blocks, calls, scatter=0.02):
    """Durations around 1 ms: each block has a level of its own, and calls follow their neighbours (AR(1), skewed)."""
    level = random.normal(0, scatter, size=(repeats, blocks, 1))
    noise = random.normal(size=(repeats, blocks, calls))
    for k in range(1, calls):
        noise[..., k] = 0.7 * noise[..., k - 1] + math.sqrt(1 - 0.49) * noise[..., k]
    return 1e-3 * np.exp(level + 0.05 * noise)


@pytest.mark.parametrize("blocks", [3, 5, 8, 20])
@pytest.mark.parametrize("q", [0.5, 0.95])
def test_the_interval_of_a_quantile_holds_the_truth_in_93_percent_of_repeats_or_more(blocks, q):
    random = np.random.default_rng(7)
    truth = 1e-3 * math.exp(0.05 * stats.norm.ppf(q))
    repeats = 1000
    held = 0
    for repeat in correlated_blocks(random, repeats, blocks, calls=120):
        low, high = block_quantile(repeat, q).ends
        held += low <= truth <= high
    assert 0.93 <= held / repeats <= 0.98


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=60), st.floats(0, 1))
def test_quantiles_of_a_block_agree_with_scipy(block, q):
    assert quantiles([block], q)[0] == pytest.approx(float(stats.mstats.mquantiles(block, q, alphap=1 / 3, betap=1 / 3)[0]))


def test_a_bootstrap_over_three_blocks_would_be_too_narrow_which_is_why_it_is_not_used():
    random = np.random.default_rng(8)
    held = 0
    for medians in np.median(correlated_blocks(random, 400, 3, calls=60), axis=2):
        means = np.log(medians)[random.integers(0, 3, size=(400, 3))].mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        held += low <= math.log(1e-3) <= high
    assert held / 400 < 0.85


def test_calls_taken_for_independent_would_hold_the_truth_far_too_seldom():
    random = np.random.default_rng(9)
    held = 0
    for repeat in correlated_blocks(random, 200, 5, calls=60):
        calls = np.log(repeat.ravel())
        low, high = stats.t.interval(0.95, calls.size - 1, calls.mean(), stats.sem(calls))
        held += low <= math.log(1e-3) <= high
    assert held / 200 < 0.75


def test_the_interval_is_students_t_on_logarithms():
    blocks = [[1e-3], [1.1e-3], [1.25e-3], [0.9e-3]]
    logs = np.log([1e-3, 1.1e-3, 1.25e-3, 0.9e-3])
    expected = np.exp(stats.t.interval(0.95, 3, logs.mean(), stats.sem(logs)))
    found = block_quantile(blocks, 0.5)
    assert found.ends == pytest.approx(tuple(expected))
    assert found.value == pytest.approx(stats.gmean([1e-3, 1.1e-3, 1.25e-3, 0.9e-3]))
    assert found.n == 4


def test_the_mean_over_blocks_is_students_t():
    values = [10.0, 11.5, 9.0, 10.2, 10.9]
    expected = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert block_mean(values).ends == pytest.approx(tuple(expected))


def test_one_block_has_a_value_and_no_interval():
    assert block_quantile([[2.0, 4.0, 3.0]], 0.5) == Interval(3.0, None, None, 1)
    assert block_mean([3.0]) == Interval(3.0, None, None, 1)
    assert paired_ratio([3.0], [2.0]) == Interval(1.5, None, None, 1)
    assert not block_mean([3.0]).known
    with pytest.raises(ValueError, match="no interval"):
        _ = block_mean([3.0]).ends


def test_empty_blocks_are_left_out_and_none_at_all_is_refused():
    assert block_quantile([[], [1.0], [1.0]], 0.5).n == 2
    with pytest.raises(ValueError, match="no block"):
        block_quantile([[], []], 0.5)
    with pytest.raises(ValueError, match="finite"):
        block_mean([1.0, math.nan])


def test_a_clock_that_did_not_tick_still_gives_a_quantile():
    assert block_quantile([[0.0, 0.0], [0.0, 2.0]], 0.5).value == 0.5


def drifting_pair(random, rounds, slowdown):
    """Block medians of baseline and variant in balanced order (A B, B A …) on a machine that slows by 1 % a block."""
    drift = np.exp(0.01 * np.arange(2 * rounds))
    first, second = drift[0::2], drift[1::2]
    even = np.arange(rounds) % 2 == 0
    place_a, place_b = np.where(even, first, second), np.where(even, second, first)
    noise = np.exp(random.normal(0, 0.008, size=(2, rounds)))
    return place_b * noise[0] * slowdown, place_a * noise[1]


@pytest.mark.parametrize("rounds", [3, 4, 6, 8])
def test_a_model_against_itself_is_called_different_in_5_percent_or_less_under_drift(rounds):
    random = np.random.default_rng(10)
    repeats = 2000
    wrong = 0
    for _ in range(repeats):
        low, high = paired_ratio(*drifting_pair(random, rounds, slowdown=1.0)).ends
        wrong += low > 1 or high < 1
    assert wrong / repeats <= 0.05 + 0.01


@pytest.mark.parametrize(("rounds", "least"), [(4, 0.5), (6, 0.9), (8, 0.95)])
def test_a_planted_slowdown_of_5_percent_is_found_under_drift(rounds, least):
    random = np.random.default_rng(11)
    found = sum(paired_ratio(*drifting_pair(random, rounds, slowdown=1.05)).ends[0] > 1 for _ in range(500))
    assert found / 500 >= least


def order(number, variants, turning):
    """Forward, then backward; with `turning` each pair of rounds begins with another variant."""
    start = number // 2 * (variants // 3) if turning else 0
    forward = [(place + start) % variants for place in range(variants)]
    return forward if number % 2 == 0 else forward[::-1]


@pytest.mark.parametrize(("turning", "least", "most"), [(True, 0.0, 0.065), (False, 0.075, 0.2)])
def test_noise_that_outlasts_a_block_is_met_by_an_order_whose_neighbours_change(turning, least, most):
    """Seven equal models, six rounds, noise with a correlation of 0.6 from block to block; the first against the last."""
    random = np.random.default_rng(14)
    wrong = 0
    for _ in range(2000):
        noise = random.normal(0, 0.01, size=42)
        for k in range(1, 42):
            noise[k] = 0.6 * noise[k - 1] + 0.8 * noise[k]
        rounds = [dict(zip(order(number, 7, turning), noise[7 * number :], strict=False)) for number in range(6)]
        low, high = paired_ratio(np.exp([found[6] for found in rounds]), np.exp([found[0] for found in rounds])).ends
        wrong += low > 1 or high < 1
    assert least <= wrong / 2000 <= most


def test_pairing_removes_a_drift_that_hides_the_same_slowdown_from_unpaired_blocks():
    random = np.random.default_rng(12)
    unpaired = paired = 0
    for _ in range(200):
        variant, baseline = drifting_pair(random, 6, slowdown=1.05)
        paired += paired_ratio(variant, baseline).ends[0] > 1
        unpaired += bool(stats.ttest_ind(np.log(variant), np.log(baseline)).pvalue < 0.05)
    assert paired > 2 * unpaired


def test_only_rounds_that_both_have_are_paired():
    assert same_rounds({0: 1.0, 1: 2.0, 2: 3.0}, {2: 30.0, 0: 10.0, 7: 70.0}) == ([1.0, 3.0], [10.0, 30.0])
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_ratio([1.0, 2.0], [1.0])


def test_a_counter_that_did_not_move_falls_back_to_the_ratio_of_means():
    variant, baseline = [0.0, 2.0, 1.0, 1.0], [2.0, 4.0, 3.0, 3.1]
    assert paired_ratio(variant, baseline) == ratio_of_means(variant, baseline)
    assert paired_ratio(variant, baseline).value == pytest.approx(4.0 / 12.1)


def test_the_ends_of_fiellers_interval_are_the_ratios_that_a_t_test_just_rejects():
    variant, baseline = np.array([1.0, 1.3, 0.9, 1.2, 1.1]), np.array([2.0, 2.2, 1.9, 2.3, 2.05])
    for end in ratio_of_means(variant, baseline).ends:
        assert stats.ttest_1samp(variant - end * baseline, 0).pvalue == pytest.approx(0.05)


def test_fieller_holds_the_truth_as_often_as_it_says():
    random = np.random.default_rng(13)
    held = 0
    for _ in range(1000):
        both = random.normal(0, 0.1, size=5)
        found = ratio_of_means(1.0 + both + random.normal(0, 0.1, 5), 2.0 + both + random.normal(0, 0.1, 5))
        low, high = found.ends
        held += low <= 0.5 <= high
    assert 0.93 <= held / 1000 <= 0.97


def test_a_baseline_that_may_be_zero_gives_no_interval():
    assert not ratio_of_means([1.0, 2.0, 3.0], [-1.0, 1.0, 0.5]).known
    with pytest.raises(ValueError, match="zero"):
        ratio_of_means([1.0, 2.0], [-1.0, 1.0])


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy(counts):
    k, n = counts
    expected = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    found = wilson(k, n)
    assert found.ends == pytest.approx((expected.low, expected.high), abs=1e-12)
    low, high = found.ends
    assert 0 <= low <= found.value <= high <= 1


@pytest.mark.parametrize(("k", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_not_a_share(k, n):
    with pytest.raises(ValueError, match="not a share"):
        wilson(k, n)


def test_the_relative_width_is_what_a_stop_rule_compares_with_its_target():
    assert Interval(2.0, 1.9, 2.1, 3).relative_width == pytest.approx(0.1)
    assert Interval(2.0, None, None, 1).relative_width is None


def test_an_interval_becomes_a_measurement_with_unit_and_provenance():
    found = Interval(2.0, 1.9, 2.1, 3).measurement("s")
    assert (found.value, found.low, found.high, found.n, found.unit, found.provenance) == (2.0, 1.9, 2.1, 3, "s", "counter")


def same_model_twice(random, rounds, renewed, *, within=0.002, between=0.0034):
    """Block medians of one model in two places. Where a process lies in memory moves its median by `between`, for all its life: eight
    processes of one small ONNX graph scattered by 0.34 % in the first decile of their calls, the blocks of each by 0.2 %."""
    placed = random.normal(0, between, size=(2, rounds if renewed else 1))
    return np.exp(placed + random.normal(0, within, size=(2, rounds)))


@pytest.mark.parametrize("rounds", [3, 5, 8])
def test_new_processes_for_each_round_keep_equal_models_from_being_called_different(rounds):
    random, metric = np.random.default_rng(15), BY_KEY["latency_p50"]
    shares = {}
    for renewed in (True, False):
        verdicts = [compare_ratio(metric, paired_ratio(*same_model_twice(random, rounds, renewed))).verdict for _ in range(1500)]
        shares[renewed] = sum(verdict in (Verdict.LOWER, Verdict.HIGHER) for verdict in verdicts) / 1500
    assert shares[True] <= 0.02
    assert shares[False] >= 0.10
