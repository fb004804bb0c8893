"""Well-known data sets, fetched once and checked."""

from pathlib import Path
from typing import Literal

from greenbench.core.params import FieldKind, parameter
from greenbench.core.places import data_folder, home
from greenbench.core.ports import Port, PortKind
from greenbench.core.step import Group, StepSpec
from greenbench.core.value import Value
from greenbench.steps.outside import of_file, of_folder, together
from greenbench.steps.splitting import HeldOutParams


class WellKnown(Value):
    """A data set as a person chooses it. `licence` is what its authors say, or that they say nothing."""

    key: str
    title: str
    size: str
    licence: str
    cite: str


SETS = {
    entry.key: entry
    for entry in (
        WellKnown(key="mnist", title="MNIST", size="12 MB", licence="CC BY-SA 3.0", cite="LeCun, Cortes, Burges 1998"),
        WellKnown(key="fashion_mnist", title="Fashion-MNIST", size="31 MB", licence="MIT", cite="Xiao, Rasul, Vollgraf 2017"),
        WellKnown(key="cifar10", title="CIFAR-10", size="170 MB", licence="no licence stated", cite="Krizhevsky 2009"),
        WellKnown(key="cifar100", title="CIFAR-100", size="169 MB", licence="no licence stated", cite="Krizhevsky 2009"),
        WellKnown(key="trec", title="TREC questions", size="0.4 MB", licence="no licence stated", cite="Li, Roth 2002"),
    )
}


class DownloadParams(HeldOutParams):
    data: Literal["mnist", "fashion_mnist", "cifar10", "cifar100", "trec"] = parameter(
        "fashion_mnist",
        "Data set",
        "What is fetched, how large it is, and under which licence its authors give it.",
        choices={key: f"{entry.title} ({entry.size}; {entry.licence})" for key, entry in SETS.items()},
    )
    classes: Literal["fine", "coarse"] = parameter(
        "fine",
        "Classes of CIFAR-100",
        "Its 100 classes, or the 20 superclasses.",
        choices={"fine": "100 classes", "coarse": "20 superclasses"},
        visible_when={"data": ("cifar100",)},
    )
    folder: str = parameter(
        "",
        "Keep in",
        "Where the files are kept, or already lie. Empty: the folder downloads beside the cache, or below the one that the environment "
        "variable GREENBENCH_DATA names.",
        kind=FieldKind.FOLDER,
        advanced=True,
    )


def place(params: DownloadParams) -> Path:
    """The folder of one set's files: the one named; else that of the set in the folder which GREENBENCH_DATA names, if it is there; else
    ours."""
    if params.folder.strip():
        return Path(params.folder).expanduser()
    given = data_folder()
    names = (params.data, params.data.replace("_", "-")) if given else ()
    found = next((given / name for name in names if given and (given / name).is_dir()), None)
    return found or home() / "downloads" / params.data


def _changed_by_hand(params: DownloadParams) -> str:
    """A folder of one's own counts by its files; ours holds what its hashes say, whenever it came."""
    return together(of_folder(params.folder) if params.folder.strip() else "absent", of_file(params.label_map))


SPEC = StepSpec(
    key="data.download",
    version=1,
    title="Well-known data",
    group=Group.SOURCES,
    icon="database",
    summary="Fetches MNIST, Fashion-MNIST, CIFAR or TREC, and checks it.",
    help="Downloads a well-known data set once, goes on where a connection broke off, and compares every file with the hash that was "
    "published. Its own test files are the test split. Without a network, put the files into the folder by hand.",
    params=DownloadParams,
    apply="greenbench.steps.data_download.apply:apply",
    outputs=(Port("data", PortKind.DATASET),),
    highlights=("data", "validation_share"),
    aliases=("mnist", "fashion", "cifar10", "cifar100", "trec", "internet", "data set"),
    fingerprint=_changed_by_hand,
)
