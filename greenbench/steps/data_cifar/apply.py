"""Reads CIFAR's files."""

from pathlib import Path

from greenbench.core.errors import DataError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.cifar import cifar
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_cifar.spec import CifarParams
from greenbench.steps.data_source import cut_of


def apply(inputs: Inputs, params: CifarParams, context: StepContext) -> StepOutcome:
    """Copies the images into splits.

    Raises:
        DataError: nothing is chosen, or files are missing or damaged.
        FileFormatError: the archive is damaged or hostile.
    """
    if not params.file.strip():
        raise DataError("No file is chosen.", "Choose CIFAR's archive, or the folder unpacked from it.")
    made = cifar(Path(params.file).expanduser(), context.folder, params.classes, cut_of(params), params.label_map)
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))
