"""Reads a NumPy archive."""

from pathlib import Path

from greenbench.core.errors import DataError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.archive import npz_archive
from greenbench.ml.data.cuts import Cut
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_archive.spec import ArchiveParams


def apply(inputs: Inputs, params: ArchiveParams, context: StepContext) -> StepOutcome:
    """Copies the arrays into splits.

    Raises:
        DataError: no file is chosen, or it is not such an archive.
    """
    if not params.file.strip():
        raise DataError("No file is chosen.", "Choose a .npz file.")
    how = Cut(params.test_share, params.validation_share, params.calibration_examples, params.split_seed)
    last = params.layout == "channels_last"
    made = npz_archive(Path(params.file).expanduser(), context.folder, last, params.normalise, how)
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))
