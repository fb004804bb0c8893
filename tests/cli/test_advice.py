"""What the terminal says of advice: warnings in a line each, the rest in full, and how a change is typed here."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from greenbench.cli import advice as door
from greenbench.core.advice import AddBranch, Advice, Evidence, InsertAfter, NewStep, PortRef, Proposal, SetParams, Tone, UseProtocol
from greenbench.core.document import read
from greenbench.core.errors import StoreError
from greenbench.core.run import RunResult
from greenbench.engine.plan import Conditions
from greenbench.engine.preflight import nothing_known
from greenbench.steps import installed

QUICK_START = Path(__file__).parents[2] / "resources/pipelines/quick-start.greenbench"


def advice(**more):
    base = {
        "code": "c",
        "title": "Channels [odd]",
        "text": "Kernels work on blocks.",
        "evidence": (Evidence(words="Layers", number="3 of 4"),),
    }
    return Advice(**{**base, **more})


def printed(*found):
    out = StringIO()
    door.print_all(found, Console(file=out, width=200, color_system=None))
    return out.getvalue()


def test_only_warnings_get_a_line_before_the_run():
    lines = door.warning_lines([advice(), advice(tone=Tone.WARNING, title="On battery")])
    assert lines == ["  ! On battery: kernels work on blocks."]


def test_a_quick_look_is_warned_of_where_a_report_is_asked_for():
    quick = advice(code="quick", title="A quick look")
    assert door.warning_lines([quick]) == []
    assert door.warning_lines([quick], for_report=True) == ["  ! A quick look: kernels work on blocks."]


def test_the_full_text_has_question_numbers_and_where_they_stand():
    text = printed(advice(variant="B", asks="faster", evidence=(Evidence(words="Layers", number="3 of 4", where="card of “Cut”"),)))
    assert "Why is B not faster? Channels [odd]." in text
    assert "Layers: 3 of 4   card of “Cut”" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (UseProtocol(protocol="lab"), "Do it: --protocol lab"),
        (SetParams(node="bench", step="benchmark", values={"threads": 2}), "Do it: --set bench.threads=2"),
        (InsertAfter(after="cut", new=NewStep(step="finetune")), "Do it: one click in the window"),
        (AddBranch(after="net", steps=(), into=(PortRef(node="bench", input="models", first=True),)), "Do it: connect it first to bench"),
    ],
)
def test_a_change_is_told_as_it_is_typed(change, words):
    assert words in printed(advice(proposals=(Proposal(title="Do it", change=change),)))


def test_the_quick_start_is_warned_of_its_small_test_set():
    pipeline = read(QUICK_START, installed())
    assert "few-examples" in {each.code for each in door.before_run(pipeline, Conditions(), nothing_known)}


@pytest.fixture
def store(monkeypatch):
    """A store with one run, in which nothing was measured."""
    from greenbench.core.run import Plan, RunState

    result = RunResult(run_id="r1", title="t", state=RunState.FINISHED, started="2026-11-30T12:00:00+00:00", plan=Plan(title="t", nodes=()))

    class OneRun:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def result(self, run):
            return result

    monkeypatch.setattr(door, "open_store", OneRun)


def test_a_run_in_which_nothing_was_measured_has_nothing_to_explain(store, capsys):
    assert door.doctor("r1", "", as_json=False) == 0
    assert "Nothing was measured in this run." in capsys.readouterr().out
    assert door.doctor("r1", "", as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_variant_that_is_not_there_is_refused(store):
    with pytest.raises(StoreError, match="no variant"):
        door.doctor("r1", "B", as_json=False)
