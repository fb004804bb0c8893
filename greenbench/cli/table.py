"""The comparison in the terminal: the verdict in words, then two lines for each variant: numbers, and their intervals."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from greenbench.analysis.headline import headline
from greenbench.core.measurement import RECORDED_ENERGY, Provenance
from greenbench.core.metrics import BY_KEY
from greenbench.core.quote import Scale, quote, scale
from greenbench.core.run import RunResult, VariantResult, Verdict
from greenbench.report.columns import of_call
from greenbench.report.percentiles import scenario_sentences
from greenbench.report.verdicts import printed
from greenbench.report.wall import at_the_wall

_COLUMNS = (
    ("throughput", "Throughput"),
    ("latency_p50", "Median"),
    ("energy_per_inference", "Energy"),
    ("size_bytes", "File"),
    ("size_coded_bytes", "Coded"),
)
_NARROW = 98
_EXTRAS = ("energy_per_inference", "size_coded_bytes")  # left out of a narrow table where they are not compared


def print_comparison(result: RunResult, console: Console) -> None:
    """Prints verdict, table, and where the numbers come from."""
    found = headline(result)
    console.print()
    console.print(f"[bold]{escape(found.bold)}[/bold] {escape(found.rest)}".strip())
    console.print()
    if not result.variants:
        return
    judged = (result.quality, BY_KEY[result.quality].short)
    asked = (result.quality, result.timing, "energy_per_inference")
    told = [column for column in _COLUMNS if column[0] not in ("throughput", "latency_p50") or column[0] in ("latency_p50", result.timing)]
    shown = [column for column in (judged, *told) if any(_value(variant, column[0]) is not None for variant in result.measured)]
    compared = {key for key in asked if any(_is_compared(variant, key) for variant in result.measured)}
    narrow = console.width < _NARROW
    if narrow:
        shown = [column for column in shown if column[0] in compared or column[0] not in _EXTRAS]
    console.print(_table(result, shown, compared, intervals=not narrow))
    for variant in result.variants:
        if variant.failure:
            console.print(f"× {variant.letter}  {variant.name}: {variant.failure.message} {variant.failure.remedy}", markup=False)
    _print_notes(result, console, intervals=not narrow)


def _table(result: RunResult, shown: list[tuple[str, str]], compared: set[str], *, intervals: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Variant", no_wrap=True)
    scales = {key: _scale(result, key) for key, _ in shown}
    call = of_call(result)
    for key, title in shown:
        head = f"{title}{call.replace(' of one call', ', call')}" if key == "latency_p50" else title
        table.add_column(f"{head}\n{'examples/s' if key == 'throughput' else scales[key].unit}", justify="right", no_wrap=True)
        if key in compared:
            table.add_column("against A\n", no_wrap=True)
    for variant in result.variants:
        if variant.failure:
            table.add_row(f"{variant.letter}  {escape(variant.name)}", "× failed")
        else:
            cells = _row(variant, [key for key, _ in shown], scales, compared)
            table.add_row(*(cells if intervals else [cell.partition("\n")[0] for cell in cells]))
    return table


def _value(variant: VariantResult, key: str) -> float | None:
    measurement = variant.metrics.get(key)
    return measurement.value if measurement else None


def _is_compared(variant: VariantResult, key: str) -> bool:
    comparison = variant.against.get(key)
    return comparison is not None and comparison.verdict not in (Verdict.BASELINE, Verdict.NOT_COMPARED)


def _scale(result: RunResult, key: str) -> Scale:
    values = [variant.metrics[key] for variant in result.measured if key in variant.metrics]
    return scale(values[0].unit, [m.value for m in values])


def _row(variant: VariantResult, keys: list[str], scales: dict[str, Scale], compared: set[str]) -> list[str]:
    cells = [f"{variant.letter}  {escape(variant.name)}\n   [dim]{variant.precision}[/dim]"]
    for key in keys:
        quoted = quote(variant.metrics.get(key), scales[key])
        cells.append(f"{'≈ ' if quoted.approx else ''}{quoted.text}\n[dim]{quoted.interval}[/dim]")
        if key in compared:
            found = printed(BY_KEY[key], variant.against.get(key))
            cells.append(f"{found.text}\n[dim]{escape(found.detail)}[/dim]")
    return cells


def _what_for(result: RunResult) -> str:
    """What the numbers are of: "Numbers are for one example", "The median is that of one call of 64 examples, all else for one example"."""
    call = of_call(result)
    return f"The median is that{call}, all else for one example" if call else "Numbers are for one example"


def _print_notes(result: RunResult, console: Console, *, intervals: bool) -> None:
    console.print(f"[dim]{_what_for(result)}{'; below each, its 95 % interval' if intervals else ''}.[/dim]")
    console.print()
    provenance = result.energy_provenance
    for sentence in scenario_sentences(result):
        console.print(sentence, markup=False)
    if provenance is Provenance.MODELLED:
        console.print(
            "Energy is modelled from load (≈, ± 50 %) and not compared: no power counter can be read here. See greenbench sensors."
        )
    elif provenance is Provenance.UNAVAILABLE and result.measured:
        some = any(_value(variant, "energy_per_inference") is not None for variant in result.measured)
        console.print(f"Energy was not {'read for every variant' if some else 'measured'}. See greenbench sensors.")
    elif result.energy_recorded:
        console.print(RECORDED_ENERGY)
    if wall := at_the_wall(result):
        console.print(f"At the wall: {wall}.", markup=False)
    if result.plan.protocol.name == "quick":
        console.print("Quick protocol, not for publication: use --protocol lab for numbers that others shall rely on.")
    for remark in result.warnings:
        if remark.kind != "limit":
            console.print(f"! {remark.text}", markup=False)
