"""A paper's claim, judged by a rule that is written down before the run."""

from collections.abc import Mapping

from pydantic import field_validator

from greenbench.analysis.claims import asks, names_in, rule_lines
from greenbench.core.errors import ParameterError
from greenbench.core.params import FieldKind, Params, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec


class ClaimParams(Params):
    rule: str = parameter(
        'error("Student") <= error("Control")',
        "Rule",
        "One comparison a line, fixed before the run. Models are named by the titles of their nodes. error, errors, accuracy, parameters, "
        "nonzero, kept, macs, size, coded, work (FLOP of its training), lossless take one name; mcnemar and better take two and give a "
        "p-value.",
        kind=FieldKind.LINES,
    )
    seeds: int = parameter(
        1,
        "Seeds",
        "Everything that makes the connected models is computed once for each seed; the data sets stay the same.",
        ge=1,
        le=20,
    )
    statement: str = parameter("", "Claim", "What is to be shown, in one sentence.", kind=FieldKind.LINES)
    reservation: str = parameter(
        "", "Reservation", "Said beside the verdict where the run is no full test of the claim.", kind=FieldKind.LINES, advanced=True
    )
    published: str = parameter("", "Published", "The paper's own numbers, with model and data.", kind=FieldKind.LINES)

    @field_validator("rule")
    @classmethod
    def _readable(cls, rule: str) -> str:
        try:
            if not rule_lines(rule):
                raise ValueError("the rule is empty; write one comparison a line.")
        except ParameterError as error:
            raise ValueError(f"{error.message} {error.remedy}") from None
        return rule


_FROM_ANSWERS = ("error", "errors", "accuracy", "mcnemar", "better")


def _needs(params: ClaimParams) -> Mapping[str, str]:
    answers = any(asks(params.rule, quantity) for quantity in _FROM_ANSWERS)
    return {"data": "the rule asks how models answer"} if answers else {}


SPEC = StepSpec(
    key="claim",
    version=2,
    title="Check claim",
    group=Group.MEASURE,
    icon="circle-wavy-check",
    summary="Judges a claim by a rule fixed before the run.",
    help="Counts the errors of every connected model on the test examples, over several seeds if asked, and compares as the rule says. "
    'The verdict is "reproduced" if every line holds, and "not reproduced" if one fails. The rule is part of the pipeline, so it is '
    "there for all to see before anything runs.",
    params=ClaimParams,
    apply="greenbench.steps.claim.apply:apply",
    inputs=(
        Port("models", PortKind.MODEL, "Models", many=True, optional=True),
        Port("data", PortKind.DATASET, "Test data", optional=True),
        Port("results", PortKind.RESULTS, "Other results", many=True, optional=True),
    ),
    outputs=(Port("results", PortKind.RESULTS, "Verdict"),),
    highlights=("seeds", "rule"),
    repeats="seeds",
    needs=_needs,
    names=lambda params: names_in(params.rule),
    aliases=("verdict", "reproduce", "hypothesis", "significance", "McNemar", "paper"),
)
