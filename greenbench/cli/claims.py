"""A judged claim in the terminal: the verdict, each line of the rule with what was found, and every model with its error."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from greenbench.core.claim import ClaimedModel, ClaimResult
from greenbench.core.quote import count
from greenbench.core.run import RunResult

_MARKS = {True: "✓", False: "×", None: "?"}


def print_claims(result: RunResult, console: Console) -> None:
    """Prints every claim of a run."""
    for title, claim in result.claims:
        console.print()
        console.print(f"[bold]{escape(title)}: {escape(claim.sentence)}[/bold]", soft_wrap=True)
        for text in (claim.statement, claim.published):
            if text:
                console.print(text, markup=False, soft_wrap=True)
        for line in claim.lines:
            console.print(f"  {_MARKS[line.holds]} {line.text}: {line.found}", markup=False, soft_wrap=True)
        if any(model.error is not None for model in claim.models):
            console.print(_table(claim))


def _table(claim: ClaimResult) -> Table:
    seeds = f", mean of {len(claim.seeds)} seeds" if len(claim.seeds) > 1 else ""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Model", no_wrap=True)
    table.add_column(f"Test error{seeds}", no_wrap=True)
    table.add_column("Parameters", justify="right", no_wrap=True)
    table.add_column("Coded", justify="right", no_wrap=True)
    for model in claim.models:
        coded = "" if model.coded_bytes is None else f"{count(model.coded_bytes)} B"
        table.add_row(escape(model.name), error_words(model), count(model.parameters), coded)
    return table


def error_words(model: ClaimedModel) -> str:
    """ "1.64 % (1.41 to 1.91)", "not judged"."""
    if model.error is None or model.low is None or model.high is None:
        return "not judged"
    return f"{100 * model.error:.2f} % ({100 * model.low:.2f} to {100 * model.high:.2f})"
