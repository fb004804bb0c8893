"""CIFAR-10 and CIFAR-100 as their authors publish them."""

from typing import Literal

from greenbench.core.params import FieldKind, parameter
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, Paper, StepSpec
from greenbench.steps.outside import of_file, of_folder, together
from greenbench.steps.splitting import HeldOutParams


class CifarParams(HeldOutParams):
    file: str = parameter(
        "",
        "File or folder",
        "cifar-10-python.tar.gz, cifar-100-binary.tar.gz …, or the path of the folder that was unpacked from one.",
        kind=FieldKind.FILE,
    )
    classes: Literal["fine", "coarse"] = parameter(
        "fine",
        "Classes of CIFAR-100",
        "Its 100 classes, or the 20 superclasses.",
        choices={"fine": "100 classes", "coarse": "20 superclasses"},
    )


def _of(path: str) -> str:
    folder = of_folder(path)
    return of_file(path) if folder == "absent" else folder


def _obstacle(params: CifarParams) -> tuple[str, str] | None:
    if not params.file:
        return "no file is chosen.", "Choose one in the form on the right, or with --set NODE.file=PATH."
    return (f"{params.file} does not exist.", "Check the path.") if _of(params.file) == "absent" else None


SPEC = StepSpec(
    key="data.cifar",
    version=1,
    title="CIFAR files",
    group=Group.SOURCES,
    icon="database",
    summary="Reads CIFAR-10 or CIFAR-100 from its original files.",
    help="Reads the Python or the binary version of CIFAR-10 and CIFAR-100, packed or unpacked. The test file is the test split, as in "
    "every paper; validation and calibration images are taken from the training files. The Python version is a pickle: only arrays, "
    "numbers and text are read from it, anything else in it is refused unread.",
    params=CifarParams,
    apply="greenbench.steps.data_cifar.apply:apply",
    outputs=(Port("data", PortKind.DATASET),),
    highlights=("file", "classes"),
    paper=Paper("Krizhevsky 2009", "Learning multiple layers of features from tiny images", "https://www.cs.toronto.edu/~kriz/cifar.html"),
    aliases=("cifar10", "cifar100", "cifar-10", "cifar-100", "tiny images", "data set"),
    fingerprint=lambda params: together(_of(params.file), of_file(params.label_map)),
    obstacle=_obstacle,
)
