"""Names of any length and script stay whole where they are printed and different where they are shortened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbench.core.run import letter
from greenbench.report.labels import pieces, plural, sentence, short_labels, variant_index


@given(st.integers(0, 2000))
def test_the_index_of_a_key_is_the_inverse_of_the_key(index: int) -> None:
    assert variant_index(letter(index)) == index


@given(st.text(max_size=200))
def test_pieces_joined_give_the_name(name: str) -> None:
    assert "".join(pieces(name)) == name


@given(st.text(alphabet="abcDEF_/:@-W王", min_size=1, max_size=200))
def test_no_piece_without_a_space_is_longer_than_a_column(name: str) -> None:
    assert all(len(piece) <= 26 for piece in pieces(name))


def test_a_long_word_may_break_before_its_separators() -> None:
    assert pieces("resnet18_cifar10_prune_structured") == ["resnet18", "_cifar10", "_prune", "_structured"]


@given(st.lists(st.text(alphabet="ab_ 01→", min_size=1, max_size=60), min_size=1, max_size=12, unique=True))
def test_short_labels_are_short_and_never_equal(names: list[str]) -> None:
    labels = [label for label in short_labels(names) if label]
    assert len(labels) == len(set(labels))
    assert all(len(label) <= 26 for label in labels)


def test_short_labels_keep_what_differs() -> None:
    names = [f"resnet18_cifar10_prune_structured_l1_group_0{n}_finetune_e020" for n in (30, 50, 70)]
    assert short_labels(names) == ["…group_030…", "…group_050…", "…group_070…"]


def test_a_name_that_fits_is_its_own_label() -> None:
    assert short_labels(["int8 static", "Distilled student"]) == ["int8 static", "Distilled student"]


def test_names_that_cannot_be_told_apart_leave_the_key_alone() -> None:
    assert short_labels(["the same", "the same"]) == ["", ""]


@pytest.mark.parametrize(("count", "words"), [(0, "no warnings"), (1, "one warning"), (2, "two warnings"), (13, "13 warnings")])
def test_counts_are_spelled_up_to_twelve(count: int, words: str) -> None:
    assert plural(count, "warning") == words


def test_a_sentence_begins_with_a_capital_and_ends_with_a_stop() -> None:
    assert [sentence(text) for text in ("no sensor", "Done.", "")] == ["No sensor.", "Done.", ""]
