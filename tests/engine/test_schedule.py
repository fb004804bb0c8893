"""Blocks alternate between the variants, and end when the interval is narrow enough or the cap is reached."""

import numpy as np

from greenbench.core.run import Protocol
from greenbench.engine.bench.schedule import WarmUp, is_settled, round_order, still_needed

PROTOCOL = Protocol(name="quick", idle_s=0, warm_up_s=1, block_s=1, min_blocks=3, max_blocks=6, target=0.05)


def steady(value, blocks=3):
    rng = np.random.default_rng(0)
    return [value * (1 + 0.001 * rng.standard_normal(200)) for _ in range(blocks)]


def restless(blocks=3):
    return [np.full(200, 1.0 + 0.2 * (index % 2)) for index in range(blocks)]


def test_rounds_go_forward_and_backward_so_that_drift_hits_all_alike():
    order = [round_order("ABC", number) for number in range(4)]
    assert order == [["A", "B", "C"], ["C", "B", "A"], ["B", "C", "A"], ["A", "C", "B"]]
    # A linear drift adds the same to each variant over two rounds.
    for pair in (order[:2], order[2:]):
        assert len({sum(r.index(v) for r in pair) for v in "ABC"}) == 1


def test_no_variant_always_follows_the_same_one():
    order = [round_order("ABC", number) for number in range(6)]
    assert len({r[r.index("B") - 1] for r in order if r.index("B")}) == 2


def test_two_blocks_settle_nothing_and_equal_blocks_do():
    assert not is_settled(steady(1.0, 2), PROTOCOL)
    assert is_settled(steady(1.0, 3), PROTOCOL)
    assert not is_settled(restless(3), PROTOCOL)


def test_the_baseline_is_timed_as_long_as_any_variant_is():
    assert still_needed({"A": steady(1.0), "B": steady(2.0), "C": restless()}, PROTOCOL) == ["A", "C"]
    assert still_needed({"A": steady(1.0), "B": steady(2.0)}, PROTOCOL) == []


def test_the_cap_ends_it():
    assert still_needed({"A": steady(1.0, 6), "B": restless(6)}, PROTOCOL) == []


def test_warm_up_waits_for_a_flat_slope():
    warm_up = WarmUp()
    for median in (5.0, 4.0, 3.0, 2.5, 2.2, 2.0):
        warm_up.add([median])
    assert not warm_up.flat
    for _ in range(6):
        warm_up.add([2.0])
    assert warm_up.flat


LOOSE = PROTOCOL.model_copy(update={"target": 0.02, "max_blocks": 20})


def test_a_pair_is_timed_until_its_difference_is_known_as_closely_as_each_of_both():
    """Both are within 2 %. Where they scatter against each other their ratio is not, where they drift together it is."""
    apart = {"A": steady(1.0, 4), "B": steady(1.0, 4)}
    apart["A"] = [block * f for block, f in zip(apart["A"], (1.004, 0.996, 1.004, 0.996), strict=True)]
    apart["B"] = [block * f for block, f in zip(apart["B"], (0.996, 1.004, 0.996, 1.004), strict=True)]
    assert all(is_settled(blocks, LOOSE) for blocks in apart.values())
    assert still_needed(apart, LOOSE) == ["A", "B"]
    together = {**apart, "B": apart["A"]}
    assert still_needed(together, LOOSE) == []


def test_a_difference_beyond_doubt_is_not_timed_any_longer():
    noise = (0.996, 1.004, 0.996, 1.004)
    both = [steady(1.0, 4), steady(0.5, 4)]
    far = {"A": [b * f for b, f in zip(both[0], noise, strict=True)], "B": [b * f for b, f in zip(both[1], noise[::-1], strict=True)]}
    assert still_needed(far, LOOSE) == []


def test_joules_that_cannot_be_told_apart_ask_for_more_rounds_unless_the_meter_is_too_coarse():
    latencies = {"A": steady(1.0, 4), "B": steady(1.0, 4)}
    joules = {"A": [1.004, 0.996, 1.004, 0.996], "B": [0.996, 1.004, 0.996, 1.004]}
    assert still_needed(latencies, LOOSE, joules) == ["A", "B"]
    assert still_needed(latencies, LOOSE, joules, {"A": [0.5] * 4, "B": [0.5] * 4}) == []
    assert still_needed(latencies, LOOSE, {"A": joules["A"], "B": [1.0, 1.0, 1.0]}) == []


def test_no_variant_left_needs_no_more_rounds():
    assert still_needed({}, PROTOCOL) == []
