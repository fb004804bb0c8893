"""`greenbench ledger RUN`: where a run's joules went, when a variant has paid for itself, and its carbon under any assumption."""

import dataclasses
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from greenbench.analysis import charges
from greenbench.analysis.break_even import BreakEven, PayBack, break_even, break_evens, per_day, told_of
from greenbench.analysis.charges import Account, Sum, account, add
from greenbench.analysis.emissions import Emissions, emissions, equivalents
from greenbench.analysis.headline import find_pick
from greenbench.cli.listing import open_store, past_result
from greenbench.cli.output import make_console, print_json
from greenbench.core.errors import GreenBenchError
from greenbench.core.measurement import Measurement
from greenbench.core.run import CarbonFactor, RunResult
from greenbench.engine.past import find_variant
from greenbench.meters import carbon
from greenbench.report import carbon as carbon_section
from greenbench.report import making
from greenbench.report.parts import TextTable

_GROUPS = ("baseline", "making", "others", "measuring", "discarded", "overhead")


@dataclass(frozen=True)
class WhatIf:
    """What the user typed. Without a rate, a region or a PUE the run's own holds."""

    run: str
    variant: str = ""
    per_day: float | None = None
    region: str = ""
    pue: float | None = None
    as_json: bool = False


def show_ledger(asked: WhatIf) -> int:
    """Prints the ledger, break-even, carbon and E·D·H of a past run.

    Raises:
        GreenBenchError: no such run, variant or region, or a PUE below 1.
    """
    if asked.per_day is not None and not asked.per_day > 0:
        raise GreenBenchError(f"{asked.per_day:g} inferences a day never pay anything back.", "Give a number above 0.")
    with open_store() as store:
        result = past_result(store, asked.run)
    result = result.model_copy(update={"carbon": assumed(result, asked)})
    pick = find_pick(result)
    letter = find_variant(result, asked.variant).letter if asked.variant else told_of(result, pick.letter if pick else None)
    rate = asked.per_day or per_day(result)
    if asked.as_json:
        print_json(as_data(result, letter, rate))
        return 0
    console = make_console()
    _print(console, result, letter, rate, chosen(result, letter, pick.letter if pick else None) if letter and not asked.variant else "")
    return 0


def assumed(result: RunResult, asked: WhatIf) -> CarbonFactor | None:
    """The factor of the region and PUE that were typed, else the run's own.

    Raises:
        MeterError: no such region, or a PUE below 1.
    """
    own = result.carbon
    if asked.region:
        return carbon.factor(asked.region, asked.pue if asked.pue is not None else own.pue if own else 1.0)
    if asked.pue is None:
        return own
    checked = carbon.factor(pue=asked.pue)
    return own.model_copy(update={"pue": checked.pue}) if own else checked


def chosen(result: RunResult, letter: str, pick: str | None) -> str:
    """Which variant the ledger is told of where the user named none, why, and how to have it of another."""
    others = [variant.letter for variant in result.measured if variant.letter != letter]
    name = next((variant.name for variant in result.variants if variant.letter == letter), "")
    pays = any(each.letter == letter and each.verdict is PayBack.PAYS for each in break_evens(result))
    if letter == pick:
        why = "it is the recommended one"
    elif letter == "A":
        why = "nothing else was measured"
    else:
        why = f"no variant is recommended, and {'this one pays back first' if pays else 'this one is the first after the baseline'}"
    rest = f" Of another: --variant and its letter ({', '.join(others)})." if others else ""
    return f"Told of {letter}, {name}: {why}.{rest}"


def _print(console: Console, result: RunResult, letter: str | None, rate: float, which: str = "") -> None:
    console.print(f"[bold]{escape(result.title)}[/bold]  run {result.run_id}\n")
    whole = add(charges.ledger(result))
    if whole.energy.value is None:
        console.print(f"No joule of this run was read: {whole.energy.reason.rstrip('.')}. See greenbench sensors.", markup=False)
    elif letter is None:
        _print_ledger(console, making.run_table(result))
    else:
        if which:
            console.print(which, markup=False)
        console.print(making.finding(result, break_even(result, letter, rate)), markup=False)
        console.print()
        _print_ledger(console, making.ledger_table(result, letter))
        _print_break_evens(console, result, rate)
        _print_carbon(console, result, letter, rate)
    for text in making.edh(result):
        console.print(f"\n{text}", markup=False)


def _print_ledger(console: Console, table: TextTable) -> None:
    console.print(_table(table))
    console.print(f"[dim]{escape(table.note)}[/dim]")


def _print_break_evens(console: Console, result: RunResult, rate: float) -> None:
    """One sentence for each variant; where nothing may be claimed, one for all."""
    found = break_evens(result, rate)
    if not found:
        return
    console.print("\n[bold]When it is earned back[/bold]")
    if all(each.verdict is PayBack.NOT_CLAIMED for each in found):
        console.print(f"{found[0].text[:1].upper()}{found[0].text[1:]}.", markup=False)
        return
    names = {variant.letter: variant.name for variant in result.variants}
    for each in found:
        console.print(f"{each.letter}  {names[each.letter]}: {each.text}.", markup=False)


def _print_carbon(console: Console, result: RunResult, letter: str, rate: float) -> None:
    found = emissions(result, rate=rate)
    console.print("\n[bold]Carbon[/bold]")
    if found is None:
        console.print("No grid intensity is known for the region of this run: give one with --region.")
        return
    letters = list(dict.fromkeys(each for each in ("A", letter) if any(v.letter == each for v in found.variants)))
    console.print(carbon_section.finding(result, found, letters), markup=False)
    console.print(_table(carbon_section.emitted(result, found, letters)))
    console.print(_table(carbon_section.assumed(found), headless=True))
    words = carbon_section.equivalent_words(found)
    if words:
        console.print(words, markup=False)


def _table(model: TextTable, *, headless: bool = False) -> Table:
    """A table of the report in the terminal, its sums bold."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=not headless)
    for head, align in zip(model.head, model.align, strict=True):
        table.add_column(escape(head), justify="right" if align == "r" else "left")
    for place, row in enumerate(model.rows):
        table.add_row(*(escape(cell) for cell in row), style="bold" if place in model.strong else None)
    return table


def as_data(result: RunResult, letter: str | None, rate: float) -> dict[str, object]:
    """Everything that is printed, at full precision and in SI units, for programs."""
    found = emissions(result, rate=rate)
    return {
        "run_id": result.run_id,
        "title": result.title,
        "variant": letter,
        "per_day": rate,
        "ledger": [line.model_dump(mode="json") for line in charges.ledger(result)],
        "groups": _groups(account(result, letter)) if letter else {},
        "all": _sum(add(charges.ledger(result))),
        "break_even": [_break_even(each) for each in break_evens(result, rate)],
        "carbon": _carbon(found) if found else None,
        "spent": [each.model_dump(mode="json") for each in result.spent],
    }


def _groups(found: Account) -> dict[str, object]:
    return {name: _sum(add(getattr(found, name))) for name in _GROUPS}


def _sum(spent: Sum) -> dict[str, object]:
    return {"energy": _measurement(spent.energy), "seconds": spent.seconds, "lines": spent.lines, "missing": list(spent.missing)}


def _measurement(found: Measurement | None) -> object:
    return None if found is None else found.model_dump(mode="json")


def _break_even(each: BreakEven) -> dict[str, object]:
    numbers = {name: _measurement(getattr(each, name)) for name in ("making", "saving", "inferences", "days")}
    return {
        "variant": each.letter,
        "verdict": each.verdict.value,
        **numbers,
        "at_least": each.at_least,
        "text": each.text,
        "reason": each.reason,
    }


def _carbon(found: Emissions) -> dict[str, object]:
    names = ("energy", "per_inference", "per_billion", "per_year", "making_energy", "making")
    variants = {each.letter: {name: _measurement(getattr(each, name)) for name in names} for each in found.variants}
    as_much = equivalents(found.session_energy.value, found.carbon) if found.session_energy.value is not None else ()
    return {
        "factor": found.carbon.model_dump(mode="json"),
        "variants": variants,
        "run": _measurement(found.session),
        "at_least": found.at_least,
        "equivalents": [dataclasses.asdict(each) for each in as_much],
    }
