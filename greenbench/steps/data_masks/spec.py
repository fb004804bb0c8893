"""Images in which every pixel has a class."""

from typing import Literal

from greenbench.core.params import FieldKind, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.steps.outside import no_folder, of_file, of_tree, together
from greenbench.steps.splitting import SplitParams


class MasksParams(SplitParams):
    use: Literal["all", "test"] = parameter(
        "test",
        "Use",
        "Testing only keeps no training examples: segmentation networks are judged here, not trained.",
        choices={"all": "Training and testing", "test": "Testing only"},
        advanced=True,
    )
    folder: str = parameter("", "Folder", "It holds images/ and masks/, whose files have the same names.", kind=FieldKind.FOLDER)
    names: str = parameter(
        "",
        "Names of classes",
        "A text file with one class a line: the first is pixel value 0. A classes.txt in the folder is found by itself.",
        kind=FieldKind.FILE,
        advanced=True,
    )
    size: int = parameter(
        256,
        "Image size",
        "For models without an input size of their own; another model gets the images at its size.",
        unit="px",
        ge=8,
        le=2048,
    )
    normalise: Literal["own", "imagenet", "none"] = parameter(
        "imagenet",
        "Normalisation",
        "What is subtracted and divided by where the model does not say: mean and deviation of these images, of ImageNet, or nothing.",
        choices={"own": "Of these images", "imagenet": "Of ImageNet", "none": "None"},
        advanced=True,
    )


SPEC = StepSpec(
    key="data.masks",
    version=1,
    title="Segmentation masks",
    group=Group.SOURCES,
    icon="database",
    summary="Reads images with a mask of classes each.",
    help="Reads a folder with images/ and masks/. The value of a mask's pixel is the number of its class, 255 means that it does not "
    "count. Masks are brought to size by the nearest pixel, so that classes do not mix. Judges segmentation networks by their mean IoU.",
    params=MasksParams,
    apply="greenbench.steps.data_masks.apply:apply",
    outputs=(Port("data", PortKind.DATASET),),
    highlights=("folder", "size"),
    aliases=("segmentation", "semantic", "pixels", "voc", "ade20k", "data set"),
    fingerprint=lambda params: together(of_tree(params.folder), of_file(params.names), of_file(params.label_map)),
    obstacle=lambda params: no_folder(params.folder),
)
