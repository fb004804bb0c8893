"""Advice in the terminal: the linter's before a run, the doctor's after it, and `greenbench doctor RUN`."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape

from greenbench.analysis.doctor import diagnose
from greenbench.cli.listing import open_store, past_result
from greenbench.cli.output import make_console, print_json
from greenbench.core.advice import AddBranch, Advice, Proposal, SetParams, Tone, UseProtocol, question
from greenbench.core.measurement import SourceReport
from greenbench.core.pipeline import Pipeline
from greenbench.core.run import RunResult
from greenbench.engine.linter import lint, load_for, look_around
from greenbench.engine.past import find_variant
from greenbench.engine.plan import Conditions
from greenbench.engine.preflight import Known

_LISTENING_S = 0.3
_TOP = 3


def before_run(pipeline: Pipeline, conditions: Conditions, known: Known, sources: tuple[SourceReport, ...] = ()) -> tuple[Advice, ...]:
    """What would spoil the numbers of this pipeline on this machine now; listens for a moment how busy it is."""
    return lint(pipeline, conditions, look_around(conditions.device, load_for(_LISTENING_S), sources), known)


def warning_lines(found: Iterable[Advice], for_report: bool = False) -> list[str]:
    """One line for each warning: "! Only 360 test examples: differences …". A quick look is one where a report is asked for."""
    told = [advice for advice in found if advice.tone is Tone.WARNING or (for_report and advice.code == "quick")]
    return [f"  ! {advice.title}: {_lower(advice.text)}" for advice in told]


def _lower(text: str) -> str:
    """A sentence after a colon: its first letter small, unless it begins a name."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def print_all(found: Sequence[Advice], console: Console) -> None:
    """Each advice in full: title, text, numbers with where they stand, what to do."""
    for advice in found:
        sign = "[yellow]![/yellow]" if advice.tone is Tone.WARNING else "·"
        asked = question(advice)
        title = escape(asked) if asked == advice.title else f"{escape(asked)} {escape(advice.title)}."
        console.print(f"{sign} [bold]{title}[/bold]", soft_wrap=True)
        console.print(f"  {advice.text}", markup=False, soft_wrap=True)
        for each in advice.evidence:
            where = f"   [dim]{escape(each.where)}[/dim]" if each.where else ""
            console.print(f"    {each.provenance.mark} {escape(each.words)}: {escape(each.number)}{where}", soft_wrap=True)
        if advice.remedy:
            console.print(f"  → {advice.remedy}", markup=False, soft_wrap=True)
        for proposal in advice.proposals:
            console.print(f"  → {proposal.title}{_typed(proposal)}", markup=False, soft_wrap=True)


def _typed(proposal: Proposal) -> str:
    """How the change is typed here; one that adds steps is made in the window."""
    change = proposal.change
    if isinstance(change, UseProtocol):
        return f": --protocol {change.protocol}"
    if isinstance(change, SetParams):
        return f": {' '.join(f'--set {change.node}.{name}={value}' for name, value in change.values.items())}"
    if isinstance(change, AddBranch) and not change.steps:
        return f": connect it first to {', '.join(ref.node for ref in change.into)}"
    return ": one click in the window"


def print_top(result: RunResult, console: Console) -> None:
    """The most important cause of each question, a few lines after the table; nothing where everything did what it promised."""
    found = diagnose(result)
    own = sorted((advice for advice in found if advice.variant), key=lambda advice: -advice.weight)
    chosen: list[Advice] = []
    for advice in own:
        if (advice.variant, advice.asks) not in {(each.variant, each.asks) for each in chosen} and len(chosen) < _TOP:
            chosen.append(advice)
    if not chosen:
        return
    console.print()
    for advice in chosen:
        console.print(f"[bold]{escape(question(advice))}[/bold] {escape(advice.title)}: {escape(_numbers(advice))}.", soft_wrap=True)
    if len(found) > len(chosen):
        console.print(f"More: greenbench doctor {result.run_id}", markup=False)


def _numbers(advice: Advice) -> str:
    return "; ".join(f"{_lower(each.words)} {each.number}" for each in advice.evidence[:2]) or advice.text.rstrip(".")


def doctor(run: str, variant: str, as_json: bool) -> int:
    """Prints what explains the results of a past run, or of one of its variants.

    Raises:
        StoreError: there is no such run or variant.
    """
    with open_store() as store:
        result = past_result(store, run)
    letter = find_variant(result, variant).letter if variant else ""
    found = [advice for advice in diagnose(result) if not letter or advice.variant == letter]
    if as_json:
        print_json([advice.model_dump(mode="json") for advice in found])
        return 0
    console = make_console()
    if not found:
        who = f"{letter} did what it promised" if letter else "every variant did what it promised"
        fine = f"Nothing to explain: {who}, as far as this run can tell."
        console.print(fine if result.measured else "Nothing was measured in this run.")
    print_all(found, console)
    return 0
