"""results.csv: one line for each variant, the numbers of results.json to the last digit, and the strings of the report.

Columns: run, started, protocol, device, letter, name, lineage ("Train > Prune 50 %"), state, failure, runtime, precision,
batch, threads, and what executed: runtime_version, executed_on, executed ("int8 in 20 of 21 operators, fp32 in 1"), fallbacks, qdq,
load_s, compile_s, first_s, affinity ("0-3"), empty where the runtime does not say; then for each metric, under its key: the value, `_low`
and `_high` (its 95 % interval), `_n`, `_unit`, `_provenance`, `_reason` (why there is no value), `_printed` (value, interval and unit as in
the report), `_change`, `_change_low`, `_change_high` and `_verdict` (against A). At the end what making the variant took beyond what A
needs: making_j, saving_j (of one inference), break_even (inferences after which it is earned back), each with `_low`, `_high` and
`_provenance`, break_even_verdict, per_day (the user's inferences a day) and break_even_days. An empty cell is "no reading", never 0.

Text that a spreadsheet would take for a formula (it begins with = + - @, a tab or a line break) gets an apostrophe in front.
"""

import csv
import io
from pathlib import Path

from greenbench.analysis.break_even import break_even
from greenbench.core.measurement import Measurement
from greenbench.core.metrics import METRICS
from greenbench.core.quote import NO_READING, spans
from greenbench.core.run import Execution, RunResult, VariantResult
from greenbench.report.columns import columns, rows
from greenbench.report.executed import precision_words
from greenbench.report.parts import Cell, Column, Row
from greenbench.report.writers.results_json import complete
from greenbench.report.writers.whole_file import write_whole

_FIRST = (
    "run", "started", "protocol", "device", "letter", "name", "lineage", "state", "failure", "runtime", "precision", "batch", "threads",
    "runtime_version", "executed_on", "executed", "fallbacks", "qdq", "load_s", "compile_s", "first_s", "affinity",
)  # fmt: skip
_EARNED = (
    *(f"{name}{part}" for name in ("making_j", "saving_j", "break_even") for part in ("", "_low", "_high", "_provenance")),
    "break_even_verdict", "per_day", "break_even_days",
)  # fmt: skip
_PARTS = ("", "_low", "_high", "_n", "_unit", "_provenance", "_reason", "_printed", "_change", "_change_low", "_change_high", "_verdict")


def write_csv(result: RunResult, path: Path) -> None:
    """Writes results.csv in UTF-8.

    Raises:
        ReportError: the file cannot be written.
    """
    write_whole(Path(path), to_csv(result).encode("utf-8"))


def to_csv(result: RunResult) -> str:
    """The text of results.csv: a head and one line for each variant, in the run's own order."""
    table = columns(result)
    printed = {row.letter: row for row in rows(result, table, None)}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_FIRST, *(metric.key + part for metric in METRICS for part in _PARTS), *_EARNED])
    for variant in complete(result).variants:
        numbers = _numbers(variant, printed[variant.letter], table)
        writer.writerow([*_about(result, variant), *numbers, *_earned(result, variant)])
    return out.getvalue()


def _about(result: RunResult, variant: VariantResult) -> list[str]:
    plan = result.plan
    failure = f"{variant.failure.message} {variant.failure.remedy}".strip() if variant.failure else ""
    words = [result.run_id, result.started, plan.protocol.name, plan.device, variant.letter, variant.name]
    words += [" > ".join(step.title for step in variant.lineage), variant.state.value, failure, variant.runtime, variant.precision]
    return [*(harmless(word) for word in words), str(variant.batch), str(variant.threads), *_executed(variant.execution)]


def _executed(ran: Execution | None) -> list[str]:
    if ran is None:
        return [""] * 9
    words = [harmless(ran.version), harmless(ran.device), harmless(precision_words(ran))]
    words += ["" if number is None else str(number) for number in (ran.fallbacks, ran.qdq)]
    return [*words, *(_exact(value) for value in (ran.load_s, ran.compile_s, ran.first_s)), spans(ran.affinity)]


def harmless(text: str) -> str:
    """The text so that a spreadsheet shows it and does not run it (OWASP, CSV Injection)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text


def _numbers(variant: VariantResult, row: Row, table: dict[str, Column]) -> list[str]:
    line: list[str] = []
    for metric in METRICS:
        measurement = variant.metrics[metric.key]
        against = variant.against.get(metric.key)
        line += _measured(measurement)
        line.append(printed_text(row.cells.get(metric.key), table[metric.key]))
        line += [_exact(against.change), _exact(against.low), _exact(against.high)] if against else ["", "", ""]
        line.append(harmless(row.cells[metric.key].verdict.text) if metric.key in row.cells else "")
    return line


def _earned(result: RunResult, variant: VariantResult) -> list[str]:
    """What making it took, what it saves and when that is earned back; empty for a variant that failed."""
    if variant.failure is not None:
        return [""] * len(_EARNED)
    found = break_even(result, variant.letter)
    line: list[str] = []
    for measurement in (found.making, found.saving, found.inferences):
        if measurement is None or measurement.value is None:
            line += ["", "", "", ""]
        else:
            ends = [_exact(end) for end in (measurement.value, measurement.low, measurement.high)]
            line += [*ends, measurement.provenance.value]
    return [*line, found.verdict.value, _exact(found.per_day), _exact(found.days.value if found.days else None)]


def _measured(measurement: Measurement) -> list[str]:
    ends = [_exact(measurement.value), _exact(measurement.low), _exact(measurement.high)]
    return [*ends, str(measurement.n), measurement.unit, measurement.provenance.value, harmless(measurement.reason)]


def _exact(value: float | None) -> str:
    """Every digit of a double, as JSON has it; whole numbers without a point."""
    if value is None:
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def printed_text(cell: Cell | None, column: Column) -> str:
    """ "8.73 [8.66, 8.80] mJ ◉", or "—"."""
    if cell is None or cell.value.text == NO_READING:
        return NO_READING
    value = cell.value
    interval = f" [{value.low}, {value.high}]" if value.interval else ""
    approx = "≈ " if value.approx else ""
    unit = f" {column.scale.unit}" if column.scale.unit else ""
    return f"{approx}{value.text}{interval}{unit}{' ' + value.mark if value.mark else ''}"
