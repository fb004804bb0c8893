"""Writes the report of a run to a file: PDF, HTML, CSV or JSON, by the file's suffix."""

from collections.abc import Callable, Mapping
from pathlib import Path

from greenbench.core.errors import ReportError
from greenbench.core.run import RunResult
from greenbench.report.writers.html import write_html
from greenbench.report.writers.pdf import write_pdf
from greenbench.report.writers.results_json import write_json
from greenbench.report.writers.table_csv import write_csv

__all__ = ["FORMATS", "write", "write_csv", "write_html", "write_json", "write_pdf"]

FORMATS: Mapping[str, Callable[[RunResult, Path], None]] = {
    ".pdf": write_pdf,
    ".html": write_html,
    ".csv": write_csv,
    ".json": write_json,
}


def write(result: RunResult, path: Path) -> None:
    """Writes the result in the format that the suffix of `path` names.

    Raises:
        ReportError: an unknown suffix, or the file cannot be written; whatever was there before is as it was.
    """
    try:
        writer = FORMATS[Path(path).suffix.lower()]
    except KeyError:
        known = ", ".join(FORMATS)
        raise ReportError(f"A report cannot be written as {Path(path).name}.", f"End the name in one of {known}.") from None
    writer(result, Path(path))
