"""Verdicts say the direction, the size with the digits of its interval, and no more than the interval allows."""

import pytest

from greenbench.core.metrics import BY_KEY
from greenbench.core.run import Comparison, Verdict
from greenbench.report.verdicts import printed, short

ENERGY, LATENCY, ACCURACY = BY_KEY["energy_per_inference"], BY_KEY["latency_p50"], BY_KEY["accuracy"]


def comparison(verdict: Verdict, change: float, low: float, high: float, good: bool | None = None) -> Comparison:
    return Comparison(verdict=verdict, change=change, low=low, high=high, good=good)


def test_a_gain_names_its_size_and_is_good() -> None:
    found = printed(ENERGY, comparison(Verdict.LOWER, -0.6532, -0.6558, -0.6507, True))
    assert (found.sign, found.text, found.tone, found.established) == ("▼", "65.32 % less", "good", True)
    assert found.detail == "[−65.58, −65.07]"


def test_digits_follow_the_interval() -> None:
    # Half-widths 0.0255 and 0.6 per cent: two digits of 255, one of 600 (Particle Data Group).
    assert printed(ENERGY, comparison(Verdict.LOWER, -0.12345, -0.129, -0.117, True)).text == "12.3 % less"
    assert printed(ENERGY, comparison(Verdict.LOWER, -0.123456, -0.123711, -0.123201, True)).text == "12.346 % less"


def test_more_time_is_bad_and_up() -> None:
    found = printed(LATENCY, comparison(Verdict.HIGHER, 0.403, 0.396, 0.411, False))
    assert (found.sign, found.text, found.tone) == ("▲", "40.3 % more time", "bad")


def test_accuracy_is_in_percentage_points() -> None:
    assert printed(ACCURACY, comparison(Verdict.LOWER, -0.0061, -0.0091, -0.0031, False)).text == "0.61 pp lower"


def test_within_and_cannot_tell_are_neither_good_nor_bad() -> None:
    same = printed(ENERGY, comparison(Verdict.SAME, 0.002, -0.005, 0.009))
    unclear = printed(ENERGY, comparison(Verdict.UNCLEAR, -0.004, -0.012, 0.004))
    assert (same.sign, same.text, same.tone) == ("=", "within ±1 %", "")
    assert (unclear.sign, unclear.text, unclear.detail) == ("?", "cannot tell yet", "−0.4 [−1.2, +0.4]")
    assert not same.established
    assert not unclear.established


def test_no_end_of_what_is_less_is_printed_as_zero() -> None:
    assert printed(ENERGY, comparison(Verdict.LOWER, -0.7, -0.9, -0.034)).detail == "[−90, −3]"


@pytest.mark.parametrize(
    ("change", "words"), [(-0.8587, "÷ 7.1"), (0.44, "+44 %"), (1.0, "× 2.0"), (-0.123, "−12 %"), (-0.0061, "−0.61 %"), (0.5, "× 1.5")]
)
def test_the_short_form_is_a_ratio_only_where_it_is_large(change: float, words: str) -> None:
    assert short(ENERGY, change) == words


def test_what_was_not_compared_says_so() -> None:
    assert printed(ENERGY, Comparison(verdict=Verdict.NOT_COMPARED, reason="modelled")).text == "not compared"
