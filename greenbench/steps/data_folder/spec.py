"""A user's own images."""

from typing import Literal

from greenbench.core.params import FieldKind, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.steps.outside import no_folder, of_file, of_tree, together
from greenbench.steps.picturing import PictureParams
from greenbench.steps.splitting import SplitParams


class FolderParams(PictureParams, SplitParams):
    folder: str = parameter(
        "", "Folder", "One subfolder of images for each class; its name is the class. Or images with a labels.csv.", kind=FieldKind.FOLDER
    )
    labels: str = parameter(
        "",
        "Table of labels",
        "For images that are not sorted into subfolders: a CSV or TSV file with columns file and label (or class_index). "
        "A labels.csv in the folder is found by itself.",
        kind=FieldKind.FILE,
        advanced=True,
    )
    broken: Literal["refuse", "skip"] = parameter(
        "refuse",
        "Broken images",
        "Refuse names them and stops; leave out goes on without them, counts them, and looks at every image however many there are.",
        choices={"refuse": "Refuse", "skip": "Leave out"},
        advanced=True,
    )


SPEC = StepSpec(
    key="data.folder",
    version=2,
    title="Image folder",
    group=Group.SOURCES,
    icon="database",
    summary="Reads your own images, by subfolder or by a table of labels.",
    help="Reads images from a folder with one subfolder for each class, or with a labels.csv. If it has subfolders train and test (or "
    "val), these are kept apart; otherwise a test share is cut off. Up to 20,000 images are each looked at before anything starts, so "
    "that broken ones and equal ones in two splits are found now; of more, a sample.",
    params=FolderParams,
    apply="greenbench.steps.data_folder.apply:apply",
    outputs=(Port("data", PortKind.DATASET),),
    highlights=("folder", "size"),
    aliases=("images", "photos", "pictures", "jpeg", "png", "imagenet", "data set"),
    fingerprint=lambda params: together(of_tree(params.folder), of_file(params.labels), of_file(params.label_map)),
    obstacle=lambda params: no_folder(params.folder),
)
