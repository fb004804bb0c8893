"""What `greenbench run` leaves behind: results, pipeline, log, models, report. A file that cannot be written costs that file
alone: the run, the table and the other files are there, and the reason is told."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from greenbench.core import document, messages
from greenbench.core.errors import GreenBenchError, ReportError
from greenbench.core.pipeline import Pipeline
from greenbench.core.run import RunResult
from greenbench.engine.bench.conversion import onnx_digest
from greenbench.engine.cache import Cache
from greenbench.report.writers import FORMATS, write

_NAME_BYTES = 120  # leaves room for the folders above it on every system


def complain(text: str) -> None:
    """One sentence on stderr."""
    print(f"Error: {text}", file=sys.stderr)  # noqa: T201 - the terminal is this door's voice


class RunLog:
    """run.log in the output folder; writes nothing where there is no folder. A disk that fills costs the rest of the log only."""

    def __init__(self, folder: Path | None) -> None:
        self._file: IO[str] | None = None
        if folder:
            self._file = (folder / "run.log").open("w", encoding="utf-8", errors="replace", buffering=1)

    def on_event(self, event: messages.Event) -> None:
        """Writes the line of an event, if it has one."""
        match event:
            case messages.Log():
                self._write(f"{event.level:7} {event.node + ': ' if event.node else ''}{event.text}")
            case messages.NodeStarted():
                self._write(f"started {event.node}")
            case messages.NodeFinished():
                self._write(f"{'cached ' if event.cached else 'done   '} {event.node}: {event.headline} ({event.seconds:.1f} s)")
            case messages.NodeFailed():
                failure = event.failure
                self._write(f"{event.state.value:7} {event.node}: {failure.message} {failure.remedy}\n{failure.log}".rstrip())
            case messages.VariantFailed():
                self._write(f"failed  variant {event.variant} {event.name}: {event.failure.message} {event.failure.remedy}")

    def _write(self, text: str) -> None:
        if self._file is None:
            return
        try:
            self._file.write(f"{text}\n")
        except OSError as error:
            complain(f"{self._file.name} cannot be written any more: {_reason(error)}. The run goes on.")
            self.close()

    def close(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except OSError:
            pass  # what it still held does not fit, which was told when it was written


def prepare(out: Path | None, report: Path | None) -> RunLog:
    """The log of the run to come; makes the folders that outputs go to.

    Raises:
        GreenBenchError: one of them cannot be written to; nothing has started.
    """
    if report and report.suffix.lower() not in FORMATS:
        raise ReportError(f"{report} cannot be written: unknown kind of report.", "End its name with .pdf, .html, .csv or .json.")
    if report and report.is_dir():
        raise ReportError(f"{report} cannot be written: it is a folder.", "Choose another name.")
    for folder in (out, report.parent if report else None):
        if folder is None:
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GreenBenchError(f"{folder} cannot be written: {_reason(error)}.", "Choose another folder.") from None
        if not os.access(folder, os.W_OK):
            raise GreenBenchError(f"{folder} cannot be written: it is read-only for you.", "Choose another folder.")
    try:
        return RunLog(out)
    except OSError as error:
        raise GreenBenchError(f"{out} cannot be written: {_reason(error)}.", "Choose another folder.") from None


def write_outputs(out: Path | None, report: Path | None, pipeline: Pipeline, result: RunResult, cache: Cache) -> tuple[list[Path], int]:
    """Writes all that was asked for; returns what is there, and how many could not be written (each is told)."""
    jobs: list[tuple[Path, Callable[[Path], object]]] = []
    if out:
        jobs.append((out / "results.json", lambda path: write(result, path)))
        jobs.append((out / "results.csv", lambda path: write(result, path)))
        jobs.append((out / "pipeline.greenbench", lambda path: document.write_text(path, document.dumps(pipeline))))
        jobs.append((out / "models", lambda path: _copy_models(path, result, cache)))
    if report:
        jobs.append((report, lambda path: write(result, path)))
    written, failed = [], 0
    for path, job in jobs:
        try:
            job(path)
            written.append(path)
        except GreenBenchError as error:
            failed += 1
            complain(str(error))
        except OSError as error:
            failed += 1
            complain(f"{path} cannot be written: {_reason(error)}. Choose another folder or make room.")
        except Exception as error:  # noqa: BLE001 - the door of a file: a report that cannot be drawn leaves the others
            failed += 1
            complain(f"{path} cannot be written: {error}. Please report this; the run is kept: greenbench report {result.run_id}.")
    return written, failed


def _copy_models(folder: Path, result: RunResult, cache: Cache) -> None:
    """Each measured variant's files: the weights as they are kept, and the ONNX file that was timed."""
    for variant in result.measured:
        digest = result.plan.node(variant.node).digest
        target = folder / folder_name(f"{variant.letter} {variant.name}")
        target.mkdir(parents=True, exist_ok=True)
        for source in (cache.path(digest), cache.path(onnx_digest(digest))):
            for file in source.glob("*"):
                if file.is_file() and file.name != "node.json":
                    shutil.copy2(file, target / file.name)


def folder_name(text: str) -> str:
    """A name that a person typed, as a folder may be called on any system."""
    plain = "".join(c if c.isalnum() or c in " -_.%+" else "_" for c in text)
    return plain.encode()[:_NAME_BYTES].decode(errors="ignore").strip(" .")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
