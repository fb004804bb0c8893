"""One description of a parameter serves the form, the command line and the report, and they agree."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbench.core.errors import ParameterError
from greenbench.core.params import FieldKind, FieldSpec, Params, field_specs, parameter


@pytest.fixture(scope="module")
def fields(pruning):
    return {spec.name: spec for spec in field_specs(pruning)}


def test_a_field_carries_what_a_form_needs(fields):
    assert list(fields) == ["ratio", "epochs", "norm", "tune", "rate", "rounding", "folder"]
    ratio = fields["ratio"]
    assert (ratio.title, ratio.help, ratio.kind, ratio.default) == ("Ratio", "Share of channels to remove.", FieldKind.NUMBER, 0.5)
    assert (ratio.minimum, ratio.maximum, ratio.exclusive_minimum, ratio.exclusive_maximum) == (0, 1, False, True)
    assert fields["norm"].choices == (("l1", "L1 norm"), ("l2", "L2 norm"))
    assert fields["norm"].default == "l1"
    assert fields["rounding"].choices == ((1, "1"), (8, "8"))
    assert fields["rate"].kind is FieldKind.NUMBER
    assert fields["rate"].advanced
    assert fields["folder"].kind is FieldKind.FOLDER


def test_the_same_class_gives_the_same_fields(pruning):
    assert field_specs(pruning) is field_specs(pruning)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("ratio", 0.5, "50 %"),
        ("ratio", 0.125, "12.5 %"),
        ("epochs", 1, "1 epoch"),
        ("epochs", 12, "12 epochs"),
        ("norm", "l2", "L2 norm"),
        ("tune", True, "yes"),
        ("tune", False, "no"),
        ("rate", 0.001, "0.001"),
        ("folder", "/data", "/data"),
    ],
)
def test_values_are_written_as_people_read_them(fields, name, value, text):
    assert fields[name].format(value) == text


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("ratio", "90%", 0.9),
        ("ratio", " 90 % ", 0.9),
        ("ratio", "0.9", 0.9),
        ("epochs", "1_000", 1000),
        ("norm", "L2 Norm", "l2"),
        ("norm", "l1", "l1"),
        ("rounding", "8", 8),
        ("tune", "Yes", True),
        ("tune", "off", False),
        ("folder", " a b ", "a b"),
    ],
)
def test_typed_text_becomes_a_value(fields, name, typed, value):
    assert fields[name].parse(typed) == pytest.approx(value) if isinstance(value, float) else fields[name].parse(typed) == value


@pytest.mark.parametrize(
    ("name", "typed", "remedy"),
    [
        ("ratio", "half", "Give a number from 0 % to less than 100 %."),
        ("epochs", "2.5", "Give a whole number from 0 epochs to 100 epochs."),
        ("norm", "l3", "Choose one of: l1, l2."),
        ("tune", "perhaps", "Give yes or no."),
        ("rate", "fast", "Give a number more than 0."),
    ],
)
def test_text_that_is_no_value_is_refused_with_what_would_be(fields, name, typed, remedy):
    with pytest.raises(ParameterError) as caught:
        fields[name].parse(typed)
    assert typed in caught.value.message
    assert caught.value.remedy == remedy


@given(st.integers(-1000, 1000))
def test_whatever_a_percent_field_writes_it_reads_again(promille):
    spec = FieldSpec("x", "X", "", FieldKind.NUMBER, 0.0, percent=True)
    assert spec.parse(spec.format(promille / 1000)) == pytest.approx(promille / 1000)


@given(st.data())
def test_a_choice_reads_its_value_and_its_title(fields, data):
    value, title = data.draw(st.sampled_from(fields["norm"].choices))
    assert fields["norm"].parse(str(value)) == fields["norm"].parse(title.upper()) == value


LIMITS = [
    ({"ge": 0, "le": 1}, "from 0 to 1", [0, 1], [-1e-9, 1.1]),
    ({"gt": 0, "lt": 1}, "more than 0 and less than 1", [0.5], [0, 1]),
    ({"gt": 0, "le": 1}, "more than 0 and at most 1", [1], [0]),
    ({"ge": 0, "lt": 1}, "from 0 to less than 1", [0], [1]),
    ({"ge": 2}, "at least 2", [2], [1.9]),
    ({"gt": 2}, "more than 2", [2.1], [2]),
    ({"le": 2}, "at most 2", [2], [2.1]),
    ({"lt": 2}, "less than 2", [1.9], [2]),
    ({}, "", [-1e9, 1e9], []),
]


@pytest.mark.parametrize(("limits", "words", "allowed", "refused"), LIMITS, ids=[words or "none" for _, words, _, _ in LIMITS])
def test_the_limits_in_words_are_the_limits_that_are_checked(limits, words, allowed, refused):
    class One(Params):
        x: float = parameter(1.0, "X", **limits)

    assert field_specs(One)[0].limits() == words
    for value in allowed:
        assert One.checked({"x": value}).x == value
    for value in refused:
        with pytest.raises(ParameterError, match="x cannot be"):
            One.checked({"x": value}, "Node")


def test_a_field_shows_only_when_it_matters(fields):
    assert fields["rate"].visible({"tune": True})
    assert not fields["rate"].visible({"tune": False})
    assert fields["ratio"].visible({})


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 100), st.sampled_from(["l1", "l2"]), st.booleans())
def test_plain_values_are_json_and_make_the_same_parameters_again(pruning, ratio, epochs, norm, tune):
    made = pruning.checked({"ratio": ratio, "epochs": epochs, "norm": norm, "tune": tune})
    plain = made.plain()
    assert plain["norm"] == norm
    assert type(plain["norm"]) is str
    assert pruning.checked(plain) == made


@given(value=st.data())
def test_any_wrong_value_is_refused_by_name_and_never_otherwise(pruning, values_of, value):
    name = value.draw(st.sampled_from(["ratio", "epochs", "norm", "tune", "rate", "rounding", "folder"]))
    given_value = value.draw(values_of(Any))
    try:
        made = pruning.checked({name: given_value}, "Prune 3")
    except ParameterError as error:
        told = error.message
    else:
        told = f'"Prune 3": {made.plain()[name]}'
    assert told.startswith('"Prune 3": ')


def test_not_a_number_is_refused_where_there_are_limits(pruning):
    with pytest.raises(ParameterError, match="ratio cannot be"):
        pruning.checked({"ratio": math.nan})
