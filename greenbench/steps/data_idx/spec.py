"""MNIST, Fashion-MNIST and whatever else comes in their four files."""

from greenbench.core.params import FieldKind, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec
from greenbench.steps.outside import no_folder, of_file, of_folder, together
from greenbench.steps.splitting import HeldOutParams


class IdxParams(HeldOutParams):
    folder: str = parameter(
        "", "Folder", "The folder with train-images-idx3-ubyte, its labels, and the same for t10k; .gz or not.", kind=FieldKind.FOLDER
    )


SPEC = StepSpec(
    key="data.idx",
    version=2,
    title="MNIST files",
    group=Group.SOURCES,
    icon="database",
    summary="Reads a folder with MNIST's four files.",
    help="Reads MNIST, Fashion-MNIST and other sets in the IDX format. The t10k files are the test split, as in every paper; "
    "validation and calibration images are taken from the training files.",
    params=IdxParams,
    apply="greenbench.steps.data_idx.apply:apply",
    outputs=(Port("data", PortKind.DATASET),),
    highlights=("folder", "validation_share"),
    paper=Paper("LeCun 1998", "Gradient-based learning applied to document recognition", "https://doi.org/10.1109/5.726791"),
    aliases=("mnist", "fashion", "idx", "ubyte", "data set"),
    fingerprint=lambda params: together(of_folder(params.folder), of_file(params.label_map)),
    obstacle=lambda params: no_folder(params.folder),
)
