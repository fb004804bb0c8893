"""Where a printed number comes from: the command that makes it again from the raw samples, named once beside each figure and table."""

from dataclasses import replace

from greenbench.core.measurement import Provenance
from greenbench.core.run import RunResult
from greenbench.report.parts import Report, Section

# What is drawn or listed from the clock and the meters.
_FIGURES = ("forest", "latency", "energy", "power", "block", "break_even", "aware")
_TABLES = ("latency", "making", "ledger")


def command(result: RunResult) -> str:
    """What anyone types to make the numbers of a run again."""
    return f"greenbench audit {result.run_id}"


def commands(result: RunResult, pick: str | None) -> tuple[str, ...]:
    """One number again with the samples behind it; all of them, with every sample written out."""
    if not result.raw_digest or not result.measured:
        return ()
    return (f"{command(result)} --variant {_letter(result, pick)} --metric {_metric(result)}", f"{command(result)} --out raw")


def identity(result: RunResult, pick: str | None) -> tuple[tuple[str, str], ...]:
    """The digest of the raw data, and how a number is named."""
    if not result.measured:
        return ()
    if not result.raw_digest:
        return (("Raw data", "kept without a digest"),)
    example = f"{result.run_id}/{_letter(result, pick)}/{_metric(result)}"
    return (("Raw data, SHA-256", result.raw_digest), ("Numbers are named", f"run/letter/metric: {example}"))


def _letter(result: RunResult, pick: str | None) -> str:
    return pick or result.measured[-1].letter


def _metric(result: RunResult) -> str:
    return result.timing if result.energy_provenance is Provenance.UNAVAILABLE else "energy_per_inference"


def traced(report: Report, result: RunResult) -> Report:
    """The report with the command beside each figure and table that shows what was measured: in parts, beside the first."""
    if not result.raw_digest or not result.measured:
        return report
    words = f" Samples: {command(result)}."
    return replace(
        report,
        forest=tuple(replace(each, caption=each.caption + words) if i == 0 else each for i, each in enumerate(report.forest)),
        table_caption=report.table_caption + words,
        sections=tuple(_section(section, words) for section in report.sections),
    )


def _section(section: Section, words: str) -> Section:
    figures, seen = [], set()
    for figure in section.figures:
        first = figure.drawing in _FIGURES and figure.drawing not in seen
        seen.add(figure.drawing)
        figures.append(replace(figure, caption=figure.caption + words) if first else figure)
    tables = section.tables
    if section.kind in _TABLES and tables:
        tables = (replace(tables[0], note=(tables[0].note + words).strip()), *tables[1:])
    return replace(section, figures=tuple(figures), tables=tables)
