"""Numbers as they are printed: the Particle Data Group's own examples, and properties that hold for all."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.quote import (
    MINUS,
    THIN,
    Scale,
    count,
    duration,
    ends,
    even,
    half_share,
    interval_decimals,
    number,
    percent,
    quote,
    rounded,
    scale,
    signed,
    significant,
)

half_widths = st.floats(1e-12, 1e12)


# Review of Particle Physics, section 5.3: 0.827 ± 0.119 is 0.83 ± 0.12, and 0.827 ± 0.367 is 0.8 ± 0.4.
@pytest.mark.parametrize(
    ("value", "half", "decimals", "text"),
    [
        (0.827, 0.119, 2, "0.83"),
        (0.827, 0.367, 1, "0.8"),
        (0.827, 0.354, 2, "0.83"),
        (0.827, 0.355, 1, "0.8"),
        (0.827, 0.949, 1, "0.8"),
        (0.827, 0.950, 1, "0.8"),
        (8.734, 0.0964, 2, "8.73"),
        (123456.0, 3672.0, -3, f"123{THIN}000"),
        (123456.0, 1672.0, -2, f"123{THIN}500"),
    ],
)
def test_digits_follow_the_interval_by_the_rule_of_the_particle_data_group(value, half, decimals, text):
    assert interval_decimals(half) == decimals
    assert number(value, decimals) == text


@given(half_widths)
def test_the_half_width_as_printed_has_one_or_two_digits_and_is_right_to_a_seventh(half):
    decimals = interval_decimals(half)
    shown = round(half, decimals)
    assert shown == pytest.approx(half, rel=0.15)
    digits = f"{shown * 10.0**decimals:.0f}"
    assert 1 <= int(digits) <= 36


@given(half_widths, st.integers(-6, 6))
def test_the_rule_does_not_depend_on_the_unit(half, power):
    leading = float(f"{half:.2e}".split("e")[0])
    # At the borders of the rule (1.00, 3.545, 9.495 …) a rounding error of the scaling may decide; not this test's matter.
    if min(abs(leading - border) for border in (1.0, 3.54, 3.55, 9.49, 9.5, 10.0)) > 0.02:
        assert interval_decimals(half * 10.0**power) == interval_decimals(half) - power


@given(st.floats(-1e9, 1e9), half_widths)
def test_the_value_lies_between_its_ends_and_has_their_decimals_unless_the_interval_is_wider(value, half):
    found = quote(Measurement(value=value, low=value - half, high=value + half, unit="x"))
    assume(found.low)  # an interval too narrow for a float is none
    if half <= abs(value):
        assert len({len(text.partition(".")[2]) for text in (found.text, found.low, found.high)}) == 1

    def read(text):
        return float(text.replace(THIN, "").replace(MINUS, "-"))

    assert read(found.low) <= read(found.text) <= read(found.high)


@given(st.floats(1e-9, 1e9), st.integers(1, 5))
def test_significant_digits_are_right_and_never_in_powers_of_ten(value, digits):
    text = significant(value, digits)
    assert "e" not in text
    assert float(text.replace(THIN, "")) == pytest.approx(value, rel=0.51 * 10.0 ** (1 - digits))


@given(st.floats(-1e12, 1e12), st.integers(-3, 6))
def test_a_number_is_read_back_and_has_a_true_minus_and_no_negative_zero(value, decimals):
    text = number(value, decimals)
    assert "-" not in text
    assert text.replace("0", "").replace(".", "") != MINUS
    assert float(text.replace(THIN, "").replace(MINUS, "-")) == pytest.approx(round(value, decimals), abs=10.0 ** -max(decimals, 0) / 2)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (9999, "9999"), (10_000, f"10{THIN}000"), (1_234_567, f"1{THIN}234{THIN}567"), (-12, f"{MINUS}12")],
)
def test_thin_spaces_begin_at_ten_thousand(value, text):
    assert count(value) == text


@pytest.mark.parametrize(
    ("unit", "values", "shown"),
    [
        ("s", [0.004, 0.0006], "ms"),
        ("s", [0.0004], "µs"),
        ("s", [2.0], "s"),
        ("J", [0.0087, 0.06], "mJ"),
        ("J", [264e3], "kJ"),
        ("B", [44_700_000], "MB"),
        ("B", [512], "B"),
        ("1", [0.94], "%"),
        ("", [9_999], ""),
        ("", [73_100], "k"),
        ("", [11_690_000], "M"),
        ("s", [None, 0, float("nan")], "s"),
        ("parsec", [3.0], "parsec"),
        ("B", [1_240_000, 310_000, 320_000], "MB"),
        ("B", [1_240_000_000, 3_000_000, 3_100_000], "MB"),
        ("B", [640_000], "kB"),
    ],
)
def test_a_column_gets_the_unit_in_which_it_reads_best(unit, values, shown):
    assert scale(unit, values).unit == shown


def test_a_missing_reading_is_a_dash_with_its_reason_and_never_zero():
    found = quote(Measurement.missing("J", "no sensor"))
    assert (found.text, found.full, found.mark, found.reason) == ("—", "—", "—", "no sensor")
    assert quote(None).reason == "not measured"


def test_a_modelled_value_is_marked_as_approximate():
    found = quote(Measurement(value=0.0087, low=0.004, high=0.013, unit="J", provenance=Provenance.MODELLED))
    assert (found.full, found.mark, found.interval) == ("≈ 9 mJ", "◌", "4–13")


def test_a_value_without_interval_has_three_digits_and_a_count_all_of_them():
    assert quote(Measurement.exact(44_712_345, "B")).full == "44.7 MB"
    assert quote(Measurement.exact(9_876)).full == "9876"
    assert quote(Measurement.exact(9_876)).interval == ""


@pytest.mark.parametrize(("change", "text"), [(-0.8587, "86"), (-0.0061, "0.61"), (0.439, "44"), (2.5, "250"), (0, "0"), (-0.0996, "10")])
def test_a_change_in_per_cent_has_at_most_two_significant_digits(change, text):
    assert percent(change) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"), [(1.25, 1, "+1.2"), (-1.25, 1, f"{MINUS}1.2"), (0.001, 1, "0.0"), (-0.001, 1, "0.0")]
)
def test_a_sign_stands_where_the_rounded_number_has_one(value, decimals, text):
    assert signed(value, decimals) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.84, "0.8 s"), (42, "42 s"), (59.6, "1 min"), (250, "4 min 10 s"), (3600, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@given(st.floats(0, 1e6))
def test_a_duration_is_read_back_and_shows_no_sixty_seconds_or_minutes(seconds):
    parts = duration(seconds).split()
    shown = dict(zip(parts[1::2], map(float, parts[::2]), strict=True))
    assert len(parts) == 2 or all(shown.get(unit, 0) < 60 for unit in ("s", "min"))
    assert shown.get("h", 0) * 3600 + shown.get("min", 0) * 60 + shown.get("s", 0) == pytest.approx(
        seconds, abs=60 if seconds >= 3600 else 0.5
    )


@pytest.mark.parametrize("half", [0.0, 5e-324, float("inf"), float("nan")])
def test_an_interval_without_a_width_leaves_three_digits_of_the_value(half):
    assert interval_decimals(half, 1.2345) == 2


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (430e-6, 384e-6, 32e-3, ("430", "380", "32\u202f000")),
        (0.43, 0.0, 300.0, ("430", "0", "300\u202f000")),
        (-0.02, -8.0, 0.5, ("−20", "−8000", "500")),
    ],
)
def test_an_interval_wider_than_the_value_does_not_round_it_away(value, low, high, words):
    shown = Scale("µs", 1e6) if high == 32e-3 else Scale("ms", 1e3)
    found = quote(Measurement(value=value, low=low, high=high, n=9, unit="s"), shown)
    assert (found.text, found.low, found.high) == words


@pytest.mark.parametrize(("half", "text"), [(0.01, "264"), (8.0, "264"), (14.0, "264"), (40.0, "260"), (400.0, "300")])
def test_in_a_sentence_a_number_has_no_digit_that_its_interval_does_not_support(half, text):
    energy = Measurement(value=264.0, low=264.0 - half, high=264.0 + half, unit="J")
    assert rounded(energy, Scale("J", 1.0)) == text
    assert rounded(energy, Scale("J", 1.0), 2) == ("260" if half < 100 else "300")


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (3.97, 3.92, 4.02, "± 1.3 %"),
        (10.0, 5.0, 15.0, "± 50 %"),
        (2.0, 1.0, 7.0, "± 150 %"),
        (1000.0, 999.9, 1000.1, "± < 0.1 %"),
        (5.0, 5.0, 5.0, ""),
        (5.0, None, None, ""),
        (0.0, -1.0, 1.0, ""),
    ],
)
def test_half_an_interval_is_a_share_of_the_value(value, low, high, text):
    assert half_share(Measurement(value=value, low=low, high=high, n=5, unit="g")) == text


def test_an_end_of_an_interval_that_leaves_out_zero_is_never_printed_as_zero():
    assert ends(-90.0, -3.4, -1, signs=True) == (f"{MINUS}90", f"{MINUS}3")
    assert ends(-80.0, 4.0, -1, signs=True) == (f"{MINUS}80", "0"), "this one holds zero"
    assert ends(0.0, 40.0, -1) == ("0", "40")
    quoted = quote(Measurement(value=0.03, unit="J", provenance=Provenance.COUNTER, low=0.0000004, high=0.09), Scale("mJ", 1e3))
    assert float(quoted.low) > 0


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.integers(-3, 3))
def test_both_ends_keep_their_sign_in_print(one, other, decimals):
    assert all(float(text.replace(THIN, "")) > 0 for text in ends(one, other, decimals))


def test_half_an_interval_is_printed_only_where_it_says_the_same_as_the_ends():
    assert even(-12.0, -14.0, -10.0)
    assert not even(-69.0, -88.0, -20.0), "69 less ± 34 would be up to 103 less"
    assert not even(1.3, -70.0, 30.0)
