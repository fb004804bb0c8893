"""Verdicts follow the rules of the report, and their words mean what a reader takes them to mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbench.analysis.accuracy import paired_counts
from greenbench.analysis.compare import (
    baseline,
    change_text,
    compare_accuracy,
    compare_counts,
    compare_ratio,
    not_compared,
    points,
    reduction,
)
from greenbench.analysis.intervals import Interval
from greenbench.core.metrics import BY_KEY
from greenbench.core.run import Verdict
from greenbench.report.verdicts import printed

ENERGY, TIME, SIZE = BY_KEY["energy_per_inference"], BY_KEY["latency_p50"], BY_KEY["size_bytes"]


def ratio(value, low, high, n=5):
    return Interval(value, low, high, n)


@pytest.mark.parametrize(
    ("metric", "interval", "verdict", "text", "good"),
    [
        (ENERGY, (0.88, 0.86, 0.90), Verdict.LOWER, "12 % less", True),
        (ENERGY, (1.439, 1.427, 1.45), Verdict.HIGHER, "44 % more", False),
        (ENERGY, (1.002, 0.995, 1.009), Verdict.SAME, "no difference within ±1 %", None),
        (ENERGY, (0.995, 0.992, 0.998), Verdict.SAME, "no difference within ±1 %", None),
        (ENERGY, (0.96, 0.90, 1.02), Verdict.UNCLEAR, "cannot tell yet", None),
        (TIME, (0.347, 0.346, 0.349), Verdict.LOWER, "65 % less time", True),
        (TIME, (1.403, 1.396, 1.411), Verdict.HIGHER, "40 % more time", False),
        (TIME, (2.41, 2.3, 2.5), Verdict.HIGHER, "2.4 times as long", False),
        (BY_KEY["throughput"], (1.3, 1.2, 1.4), Verdict.HIGHER, "30 % more", True),
        (BY_KEY["throughput"], (0.7, 0.6, 0.8), Verdict.LOWER, "30 % less", False),
    ],
)
def test_verdicts_on_ratios(metric, interval, verdict, text, good):
    found = compare_ratio(metric, ratio(*interval))
    assert (found.verdict, found.text, found.good) == (verdict, text, good)
    assert (found.change, found.low, found.high) == pytest.approx(tuple(end - 1 for end in interval))


@pytest.mark.parametrize(
    ("interval", "verdict", "text", "margin"),
    [
        ((1.003, 0.985, 1.021), Verdict.SAME, "no difference within ±2.5 %", 0.025),
        ((1.002, 0.995, 1.009), Verdict.SAME, "no difference within ±1 %", 0.01),  # closer than the protocol asks: say so
        ((1.011, 1.002, 1.020), Verdict.HIGHER, "1.1 % more time", None),  # found, though it lies within the resolution
        ((1.010, 0.994, 1.026), Verdict.UNCLEAR, "cannot tell yet", None),
    ],
)
def test_a_protocol_that_looks_less_closely_says_within_how_much_it_found_nothing(interval, verdict, text, margin):
    found = compare_ratio(TIME, ratio(*interval), resolution=0.025)
    assert (found.verdict, found.text, found.margin) == (verdict, text, margin)
    if verdict is Verdict.SAME:
        assert printed(TIME, found).text == text.removeprefix("no difference ")
    if margin == 0.025:
        assert compare_ratio(TIME, ratio(*interval)).verdict is Verdict.UNCLEAR


def test_one_block_cannot_tell_and_says_why():
    found = compare_ratio(TIME, Interval(0.5, None, None, 1))
    assert found.verdict is Verdict.UNCLEAR
    assert found.low is None
    assert "1 paired block cannot show" in found.reason


@given(st.floats(0.01, 50), st.floats(0, 3), st.floats(0, 3))
def test_a_verdict_never_contradicts_its_interval(value, below, above):
    found = compare_ratio(ENERGY, ratio(value, value - below, value + above))
    match found.verdict:
        case Verdict.SAME:
            assert -0.01 <= found.low <= found.high <= 0.01
        case Verdict.LOWER:
            assert found.high < 0
        case Verdict.HIGHER:
            assert found.low > 0
        case _:
            assert found.low <= 0 <= found.high


@pytest.mark.parametrize(
    ("metric", "value", "against", "verdict", "text"),
    [
        (SIZE, 3_180_000, 44_700_000, Verdict.LOWER, "93 % smaller"),
        (SIZE, 44_800_000, 44_700_000, Verdict.SAME, "no difference within ±1 %"),
        (SIZE, 100, 100, Verdict.SAME, "the same"),
        (BY_KEY["parameters"], 22_000, 267_000, Verdict.LOWER, "92 % fewer"),
        (BY_KEY["flops"], 200, 100, Verdict.HIGHER, "2.0 times as many"),
        (SIZE, 5, 0, Verdict.NOT_COMPARED, "not compared"),
    ],
)
def test_verdicts_on_exact_facts(metric, value, against, verdict, text):
    found = compare_counts(metric, value, against)
    assert (found.verdict, found.text) == (verdict, text)


def test_a_real_loss_of_accuracy_is_told_with_its_p_value():
    found = compare_accuracy("1" * 9000 + "0" * 61 + "0" * 939, "1" * 9000 + "1" * 61 + "0" * 939)
    assert (found.verdict, found.text, found.good) == (Verdict.LOWER, "0.61 pp lower", False)
    assert found.change == pytest.approx(-0.0061)
    assert found.p_value == pytest.approx(2 * 0.5**61)


def test_few_disagreements_cannot_tell_and_are_counted():
    found = compare_accuracy("1" * 352 + "0" * 5 + "1" * 3, "1" * 352 + "1" * 5 + "0" * 3)
    assert (found.verdict, found.good) == (Verdict.UNCLEAR, None)
    assert found.reason == "of 360 examples, 5 that the baseline gets right are wrong, 3 the other way round"


def test_where_interval_and_exact_test_disagree_the_interval_is_stretched_to_zero():
    # Five disagreements, all to one side: Newcombe's interval excludes zero, the exact test (p = 0.0625) does not.
    correct, against = "1" * 14 + "1" * 5 + "0" * 22, "1" * 14 + "0" * 5 + "0" * 22
    assert paired_counts(correct, against).only_variant == 5
    found = compare_accuracy(correct, against)
    assert found.verdict is Verdict.UNCLEAR
    assert found.low == 0


def test_equal_answers_on_many_examples_are_the_same():
    found = compare_accuracy("1" * 9400 + "0" * 600, "1" * 9400 + "0" * 600)
    assert (found.verdict, found.text, found.p_value) == (Verdict.SAME, "no difference within ±0.5 pp", 1.0)


@pytest.mark.parametrize(("correct", "against"), [("", "10"), ("10", ""), ("101", "10")])
def test_answers_on_different_examples_are_not_compared(correct, against):
    found = compare_accuracy(correct, against)
    assert found.verdict is Verdict.NOT_COMPARED
    assert found.reason


@given(st.floats(-0.999999999, -1e-6))
def test_a_reduction_never_rounds_to_all_of_it(change):
    assert float(reduction(change)) < 100
    assert float(reduction(change)) == pytest.approx(-change * 100, rel=0.06)


@given(st.floats(-0.99, 30).filter(lambda change: abs(change) > 1e-6))
def test_a_change_in_words_is_right_to_two_significant_digits(change):
    text = change_text(ENERGY, change)
    number = float(text.split()[0])
    if "times" in text:
        assert number == pytest.approx(1 + change, rel=0.05)
    else:
        assert number * (1 if "more" in text else -1) == pytest.approx(100 * change, rel=0.051)
    assert len(text.split()[0].replace(".", "").strip("0")) <= 2


def test_words_for_what_is_not_compared():
    assert baseline().verdict is Verdict.BASELINE
    assert not_compared("modelled").reason == "modelled"
    assert points(-0.0061) == "0.61"
    assert points(0) == "0"


def test_words_and_numbers_of_a_change_agree_with_its_interval():
    """The words in the window and the cells of the report are of the same interval: 72 % in 16 to 156 is 70 % in both."""
    found = compare_ratio(TIME, ratio(1.72, 1.16, 2.56))
    assert found.text == "70 % more time"
    assert printed(TIME, found).text == "70 % more time"
    assert printed(TIME, found).detail == "[+20, +160]"
    assert compare_ratio(TIME, ratio(2.41, 1.3, 9.0)).text == "2 times as long"
    assert compare_ratio(TIME, ratio(0.347, 0.346, 0.349)).text == "65 % less time"
    assert compare_ratio(TIME, ratio(1.002, 1.0001, 1.9)).text == "0.2 % more time"
