"""The report says why, once for each cause, with the numbers and what to try."""

import pytest

from greenbench.core.advice import AddBranch, Advice, Evidence, NewStep, PortRef, Proposal
from greenbench.core.measurement import Provenance
from greenbench.core.run import Plan, RunResult, RunState
from greenbench.report import advice as report

RESULT = RunResult(run_id="r", title="T", state=RunState.FINISHED, started="2026-11-30", plan=Plan(title="T", nodes=()))
BRANCH = AddBranch(after="net", steps=(NewStep(step="prune.structured"),), into=(PortRef(node="bench", input="models"),))


def zeros(letter: str, number: str) -> Advice:
    return Advice(
        code="zeros", asks="faster", variant=letter, title="Its weights are zero", text="A kernel multiplies by zero, too.",
        evidence=(Evidence(words="Non-zero", number=number),), proposals=(Proposal(title="Try it: cut", change=BRANCH),),
    )  # fmt: skip


MODELLED = Advice(
    code="energy-modelled", asks="greener", title="Energy is modelled", text="Not compared.", remedy="Use a meter.",
    evidence=(Evidence(words="Energy", number="estimated", provenance=Provenance.MODELLED),),
)  # fmt: skip


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch):
    def say(*several: Advice):
        monkeypatch.setattr(report, "diagnose", lambda result: several)
        section = report.section(RESULT)
        return section.tables[0].rows if section else None

    return say


def test_where_everything_did_what_it_promised_there_is_no_section(found) -> None:
    assert found() is None


def test_a_cause_stands_with_question_numbers_and_what_to_try(found) -> None:
    assert found(zeros("B", "20 %")) == (
        ("Why is B not faster?", "Its weights are zero. A kernel multiplies by zero, too.", "Non-zero: 20 %", "Cut."),
    )


def test_variants_with_the_same_cause_share_a_row(found) -> None:
    ((asked, _, numbers, _),) = found(zeros("B", "20 %"), zeros("D", "10 %"))
    assert asked == "Why are B and D not faster?"
    assert numbers == "B: Non-zero: 20 %; D: Non-zero: 10 %"


def test_causes_are_counted_as_the_window_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "diagnose", lambda result: (zeros("B", "20 %"), zeros("D", "10 %"), MODELLED))
    section = report.section(RESULT)
    assert section is not None
    assert section.finding == ("Three causes found, each with its numbers and what to try. Like ones of several variants share a row.")


def test_what_holds_for_all_is_not_asked_of_a_variant_and_marks_what_is_modelled(found) -> None:
    assert found(MODELLED) == (("Energy is modelled", "Not compared.", "Energy: estimated ◌", "Use a meter."),)


def test_the_widths_fit_the_columns(found) -> None:
    found(MODELLED)
    section = report.section(RESULT)
    assert section is not None
    table = section.tables[0]
    assert len(table.weights) == len(table.head) == len(table.align) == len(table.rows[0])
