"""Reads an archive of arrays."""

from pathlib import Path

from greenbench.core.errors import DataError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.archive import array_archive
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_archive.spec import ArchiveParams
from greenbench.steps.data_source import cut_of


def apply(inputs: Inputs, params: ArchiveParams, context: StepContext) -> StepOutcome:
    """Copies the arrays into splits.

    Raises:
        DataError: no file is chosen, or it is not such an archive.
    """
    if not params.file.strip():
        raise DataError("No file is chosen.", "Choose a .npz or .safetensors file.")
    last = params.layout == "channels_last"
    made = array_archive(Path(params.file).expanduser(), context.folder, last, params.normalise, cut_of(params), params.label_map)
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))
