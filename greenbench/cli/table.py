"""The comparison in the terminal: the verdict in words, then one row for each variant."""

from rich.console import Console
from rich.table import Table

from greenbench.analysis.headline import headline
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.quote import Scale, quote, scale
from greenbench.core.run import RunResult, VariantResult

# Metric key, column title, whether the change against A has a column of its own.
_COLUMNS = (
    ("accuracy", "Accuracy", True),
    ("latency_p50", "Median", True),
    ("energy_per_inference", "Energy", True),
    ("size_bytes", "File", False),
    ("size_coded_bytes", "Coded", False),
)


def print_comparison(result: RunResult, console: Console) -> None:
    """Prints verdict, table, and where the numbers come from."""
    found = headline(result)
    console.print()
    console.print(f"[bold]{found.bold}[/bold] {found.rest}".strip(), soft_wrap=False)
    console.print()
    if not result.variants:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Variant")
    shown = [column for column in _COLUMNS if any(_value(v, column[0]) is not None for v in result.measured)]
    scales = {key: _scale(result, key) for key, _, _ in shown}
    for key, title, compared in shown:
        table.add_column(f"{title}\n{scales[key].unit}", justify="right")
        if compared:
            table.add_column("against A\n", style="dim")
    for variant in result.variants:
        table.add_row(*_row(variant, shown, scales))
    console.print(table)
    for variant in result.variants:
        if variant.failure:
            console.print(f"× {variant.letter} {variant.name}: {variant.failure.message} {variant.failure.remedy}", markup=False)
    console.print()
    _print_notes(result, console)


def _value(variant: VariantResult, key: str) -> float | None:
    measurement = variant.metrics.get(key)
    return measurement.value if measurement else None


def _scale(result: RunResult, key: str) -> Scale:
    values = [variant.metrics[key] for variant in result.measured if key in variant.metrics]
    return scale(values[0].unit, [m.value for m in values])


def _row(variant: VariantResult, shown: list[tuple[str, str, bool]], scales: dict[str, Scale]) -> list[str]:
    cells = [f"{variant.letter}  {variant.name}"]
    for key, _, compared in shown:
        measurement = variant.metrics.get(key)
        cells.append("× failed" if variant.failure else _cell(measurement, scales[key]))
        if compared:
            comparison = variant.against.get(key)
            cells.append(comparison.text if comparison else "")
    return cells


def _cell(measurement: Measurement | None, shown: Scale) -> str:
    quoted = quote(measurement, shown)
    number = f"{'≈ ' if quoted.approx else ''}{quoted.text}"
    return f"{number} [dim]{quoted.interval}[/dim]" if quoted.interval else number


def _print_notes(result: RunResult, console: Console) -> None:
    provenance = result.energy_provenance
    if provenance is Provenance.MODELLED:
        console.print("Energy is modelled from load (≈, ± 50 %): no power counter can be read here. See greenbench sensors.")
    elif provenance is Provenance.UNAVAILABLE and result.measured:
        console.print("Energy was not measured. See greenbench sensors.")
    if result.plan.protocol.name == "quick":
        console.print("Quick protocol, not for publication: use --protocol lab for numbers that others shall rely on.")
    for warning in result.warnings:
        if warning.kind != "limit":
            console.print(f"! {warning.text}", markup=False)
