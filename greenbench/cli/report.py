"""`greenbench report RUN`: writes the report of a past run, once its raw data was held against the digest that it prints."""

import sys
from pathlib import Path

from greenbench.cli.listing import open_store
from greenbench.core.run import Remark, RunResult
from greenbench.engine.raw_data import doubt
from greenbench.report.writers import write


def write_report(run: str, output: Path) -> int:
    """Writes the report; raw data that is not what its digest stands for is told of on stderr and in the report itself.

    Raises:
        GreenBenchError: no such run, or the file cannot be written.
    """
    with open_store() as store:
        result = store.result(run)
        found = doubt(store, result)
    if found:
        print(f"Warning: {found}", file=sys.stderr)  # noqa: T201 - the terminal is this door's voice
    write(_doubted(result, found), output)
    print(f"Written: {output}")  # noqa: T201
    return 0


def _doubted(result: RunResult, found: str) -> RunResult:
    if not found:
        return result
    return result.model_copy(update={"warnings": (Remark(kind="warning", text=found, code="digest"), *result.warnings)})
