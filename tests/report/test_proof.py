"""The proof of an exported file in sentences: which figure is limited, by how much, and what became of the accuracy."""

import pytest

from greenbench.core.jobs import Proof
from greenbench.report.proof import proof_sentences, small

INT8 = Proof(
    examples=400, largest_absolute=0.293, largest_relative=0.293 / 37.1, tolerance=0.3, typical=0.0214, typical_allowed=0.25,
    agreement=0.9925, agreement_required=0.95, metric="accuracy", before=0.975, after=0.9722,
)  # fmt: skip


def test_every_limit_of_an_int8_model_stands_beside_its_figure():
    assert proof_sentences(INT8) == [
        "Largest error 0.293 of outputs up to 37.1 (0.79 %); 30 % is allowed.",
        "Typical error 2.1 % of a typical output; 25 % is allowed.",
        "Same answer for 99.25 % of the examples; 95 % is required.",
        "Accuracy on these examples: 97.50 % before, 97.22 % after: 0.28 percentage points lower, within the 5 that are tolerated.",
    ]


def test_where_only_the_largest_error_is_limited_no_other_limit_is_named():
    exact = Proof(examples=2, largest_absolute=0.0, largest_relative=0.0, tolerance=1e-3, typical=0.0, agreement=1.0)
    assert proof_sentences(exact) == ["No output differs at all; 0.1 % is allowed.", "Same answer for 100.00 % of the examples."]


def test_an_error_too_small_to_write_is_below_a_number():
    tiny = INT8.model_copy(update={"largest_absolute": 1e-12, "largest_relative": 1e-12})
    assert "Largest error 1.0e−12 of outputs up to 1.00 (under 0.00001 %)" in proof_sentences(tiny)[0]


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (2.4e-6, "2.4e−6"), (0.0123, "0.0123"), (1e-12, "1.0e−12"), (37.1, "37.1")])
def test_small_numbers_are_written_as_people_type_them(value, text):
    assert small(value) == text
