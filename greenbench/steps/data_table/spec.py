"""A user's own table."""

from typing import Literal

from greenbench.core.params import FieldKind, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.steps.outside import no_file, of_file, together
from greenbench.steps.splitting import SplitParams


class TableParams(SplitParams):
    file: str = parameter("", "File", "A CSV or TSV file with one row for each example, or a Parquet file.", kind=FieldKind.FILE)
    test_file: str = parameter(
        "",
        "Test file",
        "A second file with the same columns for testing; all of the first is then for training. Empty: a test share is cut off.",
        kind=FieldKind.FILE,
    )
    target: str = parameter("", "Target column", "The column that is to be told from the others. Empty: the last one.")
    task: Literal["auto", "classification", "regression"] = parameter(
        "auto",
        "Task",
        "Automatic: names and at most 20 different whole numbers are classes, other numbers are values.",
        choices={"auto": "Automatic", "classification": "Classification", "regression": "Regression"},
    )
    leave_out: str = parameter("", "Leave out", "Names of columns that are not to be used, with commas between them.")
    missing: Literal["refuse", "fill"] = parameter(
        "refuse",
        "Missing values",
        "Refuse names the first one; fill takes the mean of the column in training, of names the most frequent one.",
        choices={"refuse": "Refuse", "fill": "Fill"},
    )
    unit: str = parameter(
        "", "Unit of the target", "Shown beside errors of a regression: °C, m/s, EUR.", visible_when={"task": ("auto", "regression")}
    )
    standardise: bool = parameter(
        True,
        "Standardise numbers",
        "Mean 0 and deviation 1 in training; the model keeps both, so that raw rows can be given to it.",
        advanced=True,
    )


SPEC = StepSpec(
    key="data.table",
    version=1,
    title="Table",
    group=Group.SOURCES,
    icon="table",
    summary="Reads your own table from CSV or Parquet.",
    help="Reads rows of numbers and names. Delimiter, header and encoding are told from the content. Names become one feature each, yes "
    "and no become 1 and 0. Columns that are empty, constant, count the rows or name each row differently are left out, and the panel "
    "says so. Tables larger than memory are read block by block.",
    params=TableParams,
    apply="greenbench.steps.data_table.apply:apply",
    outputs=(Port("data", PortKind.DATASET),),
    highlights=("file", "target"),
    aliases=("csv", "excel", "spreadsheet", "tsv", "parquet", "tabular", "features", "rows", "columns", "regression", "data set"),
    fingerprint=lambda params: together(of_file(params.file), of_file(params.test_file), of_file(params.label_map)),
    obstacle=lambda params: no_file(params.file) or (no_file(params.test_file) if params.test_file else None),
)
