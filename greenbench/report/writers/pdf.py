"""report.pdf: the report laid out by Typst, with figures by Matplotlib.

The model goes to Typst as a JSON file beside the template, so no word of a user is ever read as markup. Fonts are those of
greenbench.report.fonts and nothing else of the machine; equal input gives equal bytes.
"""

import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typst

from greenbench.core.errors import ReportError
from greenbench.core.palette import SHAPES, VARIANTS_LIGHT
from greenbench.core.places import resources
from greenbench.core.run import RunResult
from greenbench.report import figures
from greenbench.report.fonts import Typefaces, typefaces
from greenbench.report.model import build
from greenbench.report.parts import Figure, Report
from greenbench.report.writers.whole_file import write_whole


def write_pdf(result: RunResult, path: Path) -> None:
    """Writes the report as a tagged PDF (PDF/UA-1).

    Raises:
        ReportError: the file cannot be written, or the page cannot be set.
    """
    write_whole(Path(path), to_pdf(result))


def to_pdf(result: RunResult) -> bytes:
    """The bytes of the PDF; see `write_pdf`."""
    faces = typefaces("".join({*_strings(result.model_dump()), *_strings(dataclasses.asdict(build(result)))}))
    if faces.missing:
        result = RunResult.model_validate(_spelled(result.model_dump(), faces))
    report = build(result)
    try:
        with tempfile.TemporaryDirectory(prefix="greenbench-report-") as folder:
            return _compile(report, result, faces, Path(folder))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ReportError(f"The report cannot be laid out: {reason}.", "Make room in the folder for temporary files.") from None


def all_figures(report: Report) -> Iterator[Figure]:
    """Every figure of the report, in the order of the pages."""
    yield from report.forest
    for section in report.sections:
        yield from section.figures


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in (*value.keys(), *value.values()):
            yield from _strings(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _strings(entry)


def _compile(report: Report, result: RunResult, faces: Typefaces, folder: Path) -> bytes:
    shutil.copytree(resources() / "report", folder, dirs_exist_ok=True)
    (folder / "fonts").mkdir()
    for path in faces.files:
        shutil.copy(path, folder / "fonts")
    for figure in all_figures(report):
        (folder / f"{figure.name}.svg").write_bytes(figures.draw(figure, report, result, faces))
    model = {**dataclasses.asdict(report), "palette": {"variants": VARIANTS_LIGHT, "shapes": SHAPES}}
    (folder / "report.json").write_text(json.dumps(model, ensure_ascii=False), encoding="utf-8")
    return _typeset(folder, faces, _moment(result.started))


def _spelled(value: Any, faces: Typefaces) -> Any:
    """The data with every string as it can be drawn; see `Typefaces.spelled`."""
    if isinstance(value, str):
        return faces.spelled(value)
    if isinstance(value, dict):
        return {key: _spelled(entry, faces) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(entry, faces) for entry in value]
    return value


def _typeset(folder: Path, faces: Typefaces, moment: datetime) -> bytes:
    words = {"families": json.dumps(faces.families), "date": moment.strftime("%Y-%m-%d")}
    try:
        pdf, warnings = typst.compile_with_warnings(
            os.fspath(folder / "report.typ"),
            root=os.fspath(folder),
            font_paths=[os.fspath(folder / "fonts")],
            ignore_system_fonts=True,
            sys_inputs=words,
            pdf_standards=["ua-1"],
            timestamp=moment,
        )
    except typst.TypstError as error:
        raise ReportError(f"The report cannot be laid out: {error.message}.", "; ".join(error.hints)) from error
    if warnings:
        raise ReportError(f"The report cannot be laid out cleanly: {warnings[0].message}.", "; ".join(warnings[0].hints))
    return bytes(pdf)


def _moment(started: str) -> datetime:
    """The run's start as the document's date: the same run gives the same bytes whenever it is printed."""
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)
    moment = moment.replace(microsecond=0)  # the typesetter takes whole seconds
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
