"""Claims and cards say in the report what the run found, and nothing more."""

from greenbench.analysis.headline import headline
from greenbench.core.artifact import TRAINING_WORK, Fact, ResultsArtifact
from greenbench.core.claim import ClaimedModel, ClaimLine, ClaimResult
from greenbench.core.run import NodeResult, NodeState, Plan, PlannedNode, RunResult, RunState, Source
from greenbench.report.cards import NO_BREAK, cards, claims
from greenbench.report.making import flop_words

CLAIM = ClaimResult(
    statement="The student learns more from a teacher.",
    published="146 errors alone, 74 with the teacher.",
    rule='errors("S") <= 10\nerror("S") < 1 %',
    seeds=(0, 1),
    data="Digits",
    lines=(
        ClaimLine(text='errors("S") <= 10', left=12.0, relation="≤", right=10.0, holds=False),
        ClaimLine(text='error("T") < 1 %', relation="<", reason='no model "T" is connected'),
    ),
    models=(ClaimedModel(name="S", errors=(11, 13), examples=360, error=0.0333, low=0.001, high=0.0686, parameters=1000, nonzero=900),),
    verdict="not reproduced",
)


def run_of(*nodes: NodeResult, planned: tuple[PlannedNode, ...] = ()) -> RunResult:
    return RunResult(run_id="r", title="T", state=RunState.FINISHED, started="2026-11-22", plan=Plan(title="T", nodes=planned), nodes=nodes)


def judged() -> RunResult:
    given = {"results": ResultsArtifact(claim=CLAIM)}
    return run_of(NodeResult(node="c", title="Claim", step="claim", state=NodeState.DONE, outputs=given))


def test_a_claim_is_the_verdict_of_a_run_that_measures_nothing() -> None:
    assert headline(judged()).bold == "Not reproduced: 1 of 2 lines does not hold."


def test_each_line_of_the_rule_stands_with_what_was_found() -> None:
    section = claims(judged())
    assert section is not None
    rule, models = section.tables
    assert rule.rows[0] == ('errors("S") <= 10', "12", "≤ 10", "× does not hold")
    assert rule.rows[1] == ('error("T") < 1 %', 'no model "T" is connected', "", "? cannot tell")
    assert models.rows[0][:4] == ("S", "3.33 %", "[0.10, 6.86]", "11, 13")
    assert len(rule.weights) == len(rule.head)
    assert len(models.weights) == len(models.head) == len(models.align)


def test_a_card_shows_before_and_after_and_leaves_out_what_is_not_known() -> None:
    facts = (
        Fact(title="Accuracy, validation", value=0.978, low=0.944, high=0.991, unit="%", before=0.139),
        Fact(title="Parameters", value=77_800, before=308_000),
        Fact(title="File size", value=320_000, unit="B", before=1_240_000),
    )
    node = NodeResult(node="p", title="Prune channels", step="prune.structured", state=NodeState.DONE, facts=facts)
    source = {"model": (Source(node="m", output="model"),)}
    planned = PlannedNode(id="p", step="prune.structured", version=1, title="Prune channels", params={}, inputs=source, digest="d")
    again = planned.model_copy(update={"id": "p@1", "of": "p", "repeat": 1})
    section = cards(run_of(node, node.model_copy(update={"node": "p@1"}), planned=(planned, again)))
    assert section is not None
    (row,) = section.tables[0].rows
    cells = dict(zip(section.tables[0].head, (cell.replace(NO_BREAK, " ") for cell in row), strict=True))
    assert cells["Parameters"] == "308 k → 77.8 k"
    assert cells["File"] == "1.24 MB → 320 kB"
    assert cells["Validation"] == "13.9 % → 97.8 % [94.4, 99.1]"
    assert cells["Distinct"] == "—"
    assert cells["Energy"] == "—"


def test_without_claims_or_steps_there_are_no_sections() -> None:
    assert claims(run_of()) is None
    assert cards(run_of()) is None


def test_the_work_of_training_has_the_unit_that_the_ledger_gives_it() -> None:
    facts = (Fact(title="File size", value=320_000, unit="B"), Fact(title=TRAINING_WORK, value=3.4e9, unit="FLOP"))
    source = {"model": (Source(node="m", output="model"),)}
    planned = PlannedNode(id="p", step="fine_tune", version=1, title="Tune", params={}, inputs=source, digest="d")
    section = cards(
        run_of(NodeResult(node="p", title="Tune", step="fine_tune", state=NodeState.DONE, facts=facts, seconds=1.0), planned=(planned,))
    )
    assert section is not None
    assert "Training took 3.40 GFLOP in one training (" in section.finding
    assert flop_words(3.4e9) == "3.40 GFLOP"
