"""A data set as the Hugging Face library or hub stores it."""

from greenbench.core.params import FieldKind, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.steps.outside import no_folder, of_file, of_tree, together
from greenbench.steps.picturing import PictureParams
from greenbench.steps.splitting import SplitParams


class HuggingFaceParams(PictureParams, SplitParams):
    folder: str = parameter(
        "", "Folder", "What save_to_disk wrote, or a folder with Parquet files such as train-00000-of-00001.parquet.", kind=FieldKind.FOLDER
    )
    input_column: str = parameter("", "Input column", "The column with images or text; empty: found by its type.", advanced=True)
    label_column: str = parameter("", "Label column", "The column with the class; empty: found by its type or name.", advanced=True)


SPEC = StepSpec(
    key="data.huggingface",
    version=1,
    title="Hugging Face data set",
    group=Group.SOURCES,
    icon="database",
    summary="Reads a Hugging Face data set folder of images or text.",
    help="Reads what datasets.save_to_disk wrote, or the Parquet files of a data set on the hub, with a column of images or text and a "
    "column of labels. Its own train, validation and test splits are kept; where there is no test split, a share is cut off. No code of "
    "the data set runs.",
    params=HuggingFaceParams,
    apply="greenbench.steps.data_huggingface.apply:apply",
    outputs=(Port("data", PortKind.DATASET),),
    highlights=("folder", "size"),
    aliases=("hf", "parquet", "arrow", "datasets", "hub", "data set"),
    fingerprint=lambda params: together(of_tree(params.folder), of_file(params.label_map)),
    obstacle=lambda params: no_folder(params.folder),
)
