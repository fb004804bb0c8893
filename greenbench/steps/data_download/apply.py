"""Fetches a well-known data set, and reads it."""

from greenbench.core.artifact import DatasetArtifact
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.arrays import About
from greenbench.ml.data.cifar import cifar
from greenbench.ml.data.download import fetch
from greenbench.ml.data.idx import idx_folder
from greenbench.ml.data.text_sources import TextReading, read_texts
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_download.sources import FILES
from greenbench.steps.data_download.spec import SETS, DownloadParams, place
from greenbench.steps.data_source import cut_of

_DIGITS = tuple(str(digit) for digit in range(10))
_CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def apply(inputs: Inputs, params: DownloadParams, context: StepContext) -> StepOutcome:
    """Makes sure that the files are there and right, and copies their examples into splits.

    Raises:
        DataError: no connection, a full disk, or files that are not the published ones.
    """

    def tick(share: float, doing: str) -> None:
        context.check()
        context.progress(share, doing)

    known = SETS[params.data]
    fetch(FILES[params.data], place(params), known.title, tick)
    made = _read(params, context).model_copy(update={"name": known.title, "licence": f"{known.licence}; cite {known.cite}"})
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))


def _read(params: DownloadParams, context: StepContext) -> DatasetArtifact:
    source, how = place(params), cut_of(params)
    if params.data in ("mnist", "fashion_mnist"):
        classes = _DIGITS if params.data == "mnist" else _CLOTHES
        about = About("idx", SETS[params.data].title, classes, label_map=params.label_map)
        return idx_folder(source, context.folder, how, about=about)
    if params.data == "trec":
        train, test = (source / file.name for file in FILES["trec"])
        return read_texts(train, test, context.folder, TextReading(), how, params.label_map, lambda read: context.check())
    return cifar(source / FILES[params.data][0].name, context.folder, params.classes, how, params.label_map)
