"""A user's own labelled sentences."""

from greenbench.core.params import FieldKind, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.steps.outside import no_file, of_file, together
from greenbench.steps.splitting import SplitParams


class TextParams(SplitParams):
    file: str = parameter(
        "",
        "File",
        "CSV, TSV, Parquet or JSON lines with a column of texts and one of labels, or lines that begin with their label.",
        kind=FieldKind.FILE,
    )
    test_file: str = parameter(
        "",
        "Test file",
        "The same for testing; all of the first file is then for training. Empty: a test share is cut off.",
        kind=FieldKind.FILE,
    )
    text_column: str = parameter("", "Text column", "Name of the column with the texts. Empty: it is guessed.", advanced=True)
    label_column: str = parameter("", "Label column", "Name of the column with the labels. Empty: it is guessed.", advanced=True)
    coarse: bool = parameter(
        True, "Coarse labels", 'Of a label such as "DESC:manner" only the part before the colon counts.', advanced=True
    )


SPEC = StepSpec(
    key="data.text",
    version=1,
    title="Text",
    group=Group.SOURCES,
    icon="text-align-left",
    summary="Reads your own labelled sentences.",
    help="Reads sentences with their classes from CSV, TSV, Parquet or JSON lines, or from lines that begin with a label "
    '("LABEL sentence", TREC and fastText). What kind of file it is, its delimiter and its encoding are told from its content. The model '
    "brings the tokenizer; sentences become numbers when a model reads them.",
    params=TextParams,
    apply="greenbench.steps.data_text.apply:apply",
    outputs=(Port("data", PortKind.DATASET),),
    highlights=("file",),
    aliases=("sentences", "nlp", "csv", "tsv", "json", "jsonl", "parquet", "trec", "sentiment", "data set"),
    fingerprint=lambda params: together(of_file(params.file), of_file(params.test_file), of_file(params.label_map)),
    obstacle=lambda params: no_file(params.file) or (no_file(params.test_file) if params.test_file else None),
)
