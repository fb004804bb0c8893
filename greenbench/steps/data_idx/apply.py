"""Reads a data set in IDX files."""

from pathlib import Path

from greenbench.core.errors import DataError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.idx import idx_folder
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_idx.spec import IdxParams
from greenbench.steps.data_source import cut_of


def apply(inputs: Inputs, params: IdxParams, context: StepContext) -> StepOutcome:
    """Copies the images into splits.

    Raises:
        DataError: no folder is chosen, or its files are missing or damaged.
    """
    if not params.folder.strip():
        raise DataError("No folder is chosen.", "Choose the folder with the four MNIST files.")
    made = idx_folder(Path(params.folder).expanduser(), context.folder, cut_of(params), params.label_map)
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))
