"""`greenbench audit RUN`: every printed number made again from the raw samples, and the samples behind each block."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from greenbench.cli.listing import open_store
from greenbench.cli.output import make_console, print_json
from greenbench.core.audit import Audit, AuditedNumber, AuditedVariant
from greenbench.core.measurement import Measurement
from greenbench.core.quote import count, quote
from greenbench.engine.audit import audit, write_raw

AGREES, DISAGREES = 0, 1
_SIGNS = {True: "=", False: "≠", None: "?"}


def audit_run(run: str, variant: str, metric: str, out: Path | None, as_json: bool) -> int:
    """Prints the audit of a run, writes its raw data if asked to; returns 1 if a number or the digest disagrees. Numbers that
    other rules made do not: they differ, with exit code 0.

    Raises:
        GreenBenchError: no such run, variant or metric, or the raw data cannot be written.
    """
    with open_store() as store:
        found = audit(store, run, variant, metric)
        written = write_raw(store, audit(store, run) if variant or metric else found, out) if out else []
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _show(make_console(), found)
        if out:
            print(f"Written: {len(written)} files in {out}")  # noqa: T201 - the terminal is this door's voice
    return AGREES if found.agrees else DISAGREES


def _show(console: Console, found: Audit) -> None:
    console.print(f"[bold]{escape(found.title)}[/bold]  run {found.run_id}")
    said = {
        True: f"= raw data {found.digest}, as printed",
        False: f"≠ raw data {found.digest_found}, printed was {found.digest}",
        None: f"? raw data {found.digest_found}; the run was kept without a digest",
    }[found.digest_agrees]
    if found.damaged:
        said = "≠ raw data cannot be read back whole" + (f", printed was {found.digest}" if found.digest else "")
    console.print(said, markup=False, soft_wrap=True)
    if found.reason:
        console.print(found.reason, markup=False)
    if found.numbers:
        _print_numbers(console, found.numbers)
    for variant in found.variants:
        console.print(f"\n[bold]{variant.letter}  {escape(variant.name)}[/bold]")
        if variant.reason:
            console.print(variant.reason, markup=False)
        _print_numbers(console, variant.numbers)
        _print_blocks(console, variant)
    wrong = found.disagreements
    checked = sum(number.agrees is not None for number in found.all_numbers)
    open_ = sum(number.agrees is None for number in found.all_numbers)
    moved = len(found.differences) if found.other_rules else 0
    tail = f"; {moved} {'differs' if moved == 1 else 'differ'} by the rules" if moved else ""
    tail += f"; {open_} cannot be made again" if open_ else ""
    console.print(f"\n{checked} numbers made again, {len(wrong)} {'disagrees' if len(wrong) == 1 else 'disagree'}{tail}.")
    for text in (*wrong, *(found.differences if found.other_rules else ())):
        console.print(f"≠ {text}", markup=False)


def _print_numbers(console: Console, numbers: tuple[AuditedNumber, ...]) -> None:
    if not numbers:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("", "Number", "Stored", "Made again", "Rests on"):
        table.add_column(title, overflow="fold", justify="right" if title in ("Stored", "Made again") else "left")
    for number in numbers:
        after = f" ({number.note})" if number.note else ""
        cells = (number.quoted(number.stored), number.quoted(number.found))
        table.add_row(_SIGNS[number.agrees], escape(number.title), *cells, escape(f"{number.rests_on}{after}"))
    console.print(table)


def _print_blocks(console: Console, variant: AuditedVariant) -> None:
    if not variant.blocks:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("", "Block", "Window", "Calls", "Median", "Energy", "Samples"):
        table.add_column(title, overflow="fold", justify="left" if title in ("", "Samples") else "right")
    for block in variant.blocks:
        window = f"{block.t0_s:.3f}–{block.t1_s:.3f} s"
        median = quote(Measurement(value=block.median_s, unit="s")).full
        samples = "; ".join(each.words for each in block.samples) or "no power source"
        note = f" ≠ {block.note}" if block.note else ""
        cells = (str(block.index + 1), window, count(block.calls), median, block.energy_words, escape(samples + note))
        table.add_row(_SIGNS[block.agrees], *cells)
    console.print(table)
