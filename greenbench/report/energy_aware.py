"""The energy-aware numbers of each variant as one table: net energy, inferences and FLOPs for each joule, and what energy makes with
time and right answers."""

from collections.abc import Sequence

from greenbench.core.metrics import BY_KEY
from greenbench.core.run import RunResult
from greenbench.report.columns import has_reading
from greenbench.report.labels import listed
from greenbench.report.parts import Column, Row, TextTable

KEYS = (
    "energy_per_inference_net",
    "inferences_per_joule",
    "wh_per_1000",
    "flops_per_joule",
    "energy_delay_product",
    "accuracy_per_joule",
)
_HEADS = {
    "energy_per_inference_net": "net of idle {}",
    "inferences_per_joule": "inferences {}",
    "wh_per_1000": "1,000 queries {}",
    "flops_per_joule": "{}",
    "energy_delay_product": "energy × delay {}",
    "accuracy_per_joule": "accuracy {}",
}


def table(result: RunResult, columns: dict[str, Column], rows: Sequence[Row]) -> TextTable | None:
    """A row for each measured variant and a column for each number that one of them has; None where there is none."""
    keys = [key for key in KEYS if has_reading(result, key)]
    measured = [row for row in rows if row.cells]
    if not keys or not measured:
        return None
    head = ("", "Variant", *(_HEADS[key].format(columns[key].scale.unit.removeprefix("1")) for key in keys))
    lines = tuple((row.letter, row.label or row.name, *(_cell(row, key) for key in keys)) for row in measured)
    better = listed(sorted({BY_KEY[key].words for key in keys if BY_KEY[key].better == "higher"}))
    note = f"With 95 % intervals. More is better for {better}; for all else less." if better else "With 95 % intervals."
    if "energy_delay_product" in keys:
        note += " Energy × delay: joules of an inference times its time (median of a call ÷ its examples), block by block."
    return TextTable(head, lines, "ll" + "r" * len(keys), note, tuple(row.letter for row in measured))


def _cell(row: Row, key: str) -> str:
    """The number with its mark, below it its interval: both as the comparison prints them."""
    value = row.cells[key].value
    text = f"{'≈ ' if value.approx else ''}{value.text} {value.mark}".rstrip()
    return f"{text}\n[{value.low}, {value.high}]" if value.interval else text
