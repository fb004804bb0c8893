"""A user's own images."""

from typing import Literal

from greenbench.core.params import FieldKind, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.steps.outside import no_folder, of_tree
from greenbench.steps.splitting import SplitParams


class FolderParams(SplitParams):
    folder: str = parameter("", "Folder", "One subfolder of images for each class; its name is the class.", kind=FieldKind.FOLDER)
    size: int = parameter(
        64, "Image size", "Images are cut to the middle square and brought to this many pixels a side.", unit="px", ge=8, le=1024
    )
    colour: Literal["rgb", "grey"] = parameter(
        "rgb", "Colour", "Three channels or one.", choices={"rgb": "Colour", "grey": "Grey"}, advanced=True
    )
    normalise: Literal["own", "imagenet", "none"] = parameter(
        "own",
        "Normalisation",
        "What is subtracted and divided by: mean and deviation of these images, of ImageNet (for pretrained models), or nothing.",
        choices={"own": "Of these images", "imagenet": "Of ImageNet", "none": "None"},
        advanced=True,
    )


SPEC = StepSpec(
    key="data.folder",
    version=1,
    title="Image folder",
    group=Group.SOURCES,
    icon="database",
    summary="Reads your own images, one subfolder a class.",
    help="Reads images from a folder with one subfolder for each class. If it has subfolders train and test (or val), these are kept "
    "apart; otherwise a test share is cut off. Every image is looked at once before anything starts, so that a broken one is found now.",
    params=FolderParams,
    apply="greenbench.steps.data_folder.apply:apply",
    outputs=(Port("data", PortKind.DATASET),),
    highlights=("folder", "size"),
    aliases=("images", "pictures", "jpeg", "png", "imagenet", "data set"),
    fingerprint=lambda params: of_tree(params.folder),
    obstacle=lambda params: no_folder(params.folder),
)
