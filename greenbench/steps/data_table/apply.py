"""Reads a table."""

from pathlib import Path

from greenbench.core.errors import DataError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.tables import TableReading, read_table
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_source import cut_of
from greenbench.steps.data_table.spec import TableParams


def apply(inputs: Inputs, params: TableParams, context: StepContext) -> StepOutcome:
    """Turns rows into features and cuts them into splits.

    Raises:
        DataError: no file is chosen, or the table cannot be read; names row and column.
    """
    if not params.file.strip():
        raise DataError("No file is chosen.", "Choose a CSV, TSV or Parquet file.")

    def tick(rows: int) -> None:
        context.check()
        context.progress(0.0, f"{rows:,} rows written" if rows else "looking at the columns")

    test = Path(params.test_file).expanduser() if params.test_file.strip() else None
    left_out = tuple(name.strip() for name in params.leave_out.split(",") if name.strip())
    reading = TableReading(params.target, params.task, left_out, params.missing, params.standardise, params.unit.strip(), params.label_map)
    made = read_table(Path(params.file).expanduser(), test, context.folder, reading, cut_of(params), tick)
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))
