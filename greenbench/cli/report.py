"""`greenbench report RUN`: writes the report of a past run, once its raw data was held against the digest that it prints."""

import sys
from pathlib import Path

from greenbench.cli.listing import open_store
from greenbench.engine.raw_data import proved
from greenbench.report.writers import write


def write_report(run: str, output: Path) -> int:
    """Writes the report; raw data that is not what its digest stands for is told of on stderr and in the report itself.

    Raises:
        GreenBenchError: no such run, or the file cannot be written.
    """
    with open_store() as store:
        result = proved(store, store.result(run))
    for remark in result.warnings:
        if remark.code == "digest":
            print(f"Warning: {remark.text}", file=sys.stderr)  # noqa: T201 - the terminal is this door's voice
    write(result, output)
    print(f"Written: {output}")  # noqa: T201
    return 0
