"""Advice: why a variant is not what was hoped for, or what will be in the way of a run; with the numbers it rests on, and what to try.

It is data: analysis makes it of results, the engine of a pipeline; window, terminal, report and JSON show the same words.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from greenbench.core.measurement import Provenance
from greenbench.core.value import Value


class Tone(StrEnum):
    """`WARNING`: a conclusion would be wrong, or a run wasted. `INFO`: good to know."""

    INFO = "info"
    WARNING = "warning"


class Evidence(Value):
    """One number that advice rests on: what it is, as it is quoted, and where it stands (a path in results.json, a node, the machine)."""

    words: str
    number: str
    where: str = ""
    provenance: Provenance = Provenance.COUNTER


class NewStep(Value):
    """A step that a proposal adds. `params` holds what differs from the defaults."""

    step: str
    title: str = ""
    params: dict[str, Any] = {}


class PortRef(Value):
    """An input port of a node that is there already; `first`: before the links that arrive there, as the baseline of a benchmark."""

    node: str
    input: str
    first: bool = False


class SetParams(Value):
    """Sets parameters of a node. `step` is the kind of node that was looked at: another one of that name is left alone."""

    kind: Literal["set"] = "set"
    node: str
    step: str
    values: dict[str, Any]


class InsertAfter(Value):
    """Puts a step behind a node's model: all that the node fed is then fed by the new one. `data` is the node that gives it data."""

    kind: Literal["insert"] = "insert"
    after: str
    new: NewStep
    data: str = ""


class AddBranch(Value):
    """Leads a new row of steps (or none: a link) from a node's model into ports that are there: a new variant at a benchmark."""

    kind: Literal["branch"] = "branch"
    after: str
    steps: tuple[NewStep, ...]
    into: tuple[PortRef, ...]
    data: str = ""


class UseProtocol(Value):
    """Not a change of the pipeline: the protocol of the next run."""

    kind: Literal["protocol"] = "protocol"
    protocol: str


Change = Annotated[SetParams | InsertAfter | AddBranch | UseProtocol, Field(discriminator="kind")]


class Proposal(Value):
    """A change that may help, with the words of its button: "Fine-tune after Prune"."""

    title: str
    change: Change


class Advice(Value):
    """One cause or trap. `code` names the rule, `asks` the question it answers: "faster", "even faster", "shown faster" (its verdict is
    "cannot tell yet"), "smaller", "even smaller", "greener", "shown greener", "judge" (what keeps the run from telling); "" before a run.

    `variant` is the letter of whom it speaks, "" where it holds for all; `node` where it can be mended. `weight` orders it: more is more
    important. `remedy` says what to do where no proposal can do it.
    """

    code: str
    tone: Tone = Tone.INFO
    title: str
    text: str
    asks: str = ""
    evidence: tuple[Evidence, ...] = ()
    variant: str = ""
    node: str = ""
    remedy: str = ""
    proposals: tuple[Proposal, ...] = ()
    weight: int = 0


def question(advice: Advice) -> str:
    """The question that advice answers: "Why is B not faster?"; its title where it answers none."""
    if not advice.variant or advice.asks in ("", "judge"):
        return advice.title
    return f"Why is {advice.variant} not {asked(advice)}?"


def asked(advice: Advice) -> str:
    """What it asks about, inside a question: "faster"; of what is faster and promised more "faster still", of what may be faster for all
    that is known "shown to be faster"."""
    if advice.asks.startswith("shown "):
        return f"shown to be {advice.asks.removeprefix('shown ')}"
    return f"{advice.asks.removeprefix('even ')} still" if advice.asks.startswith("even ") else advice.asks
