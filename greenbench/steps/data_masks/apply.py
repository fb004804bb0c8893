"""Reads images with segmentation masks."""

from pathlib import Path

from greenbench.core.errors import DataError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.framing import Framing
from greenbench.ml.data.masks import MaskReading, mask_folder
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_masks.spec import MasksParams
from greenbench.steps.data_source import cut_of


def apply(inputs: Inputs, params: MasksParams, context: StepContext) -> StepOutcome:
    """Lists the images and masks of each split after looking at every one.

    Raises:
        DataError: no folder is chosen, or it is no such folder.
    """
    if not params.folder.strip():
        raise DataError("No folder is chosen.", "Choose a folder with images/ and masks/.")

    def tick(share: float) -> None:
        context.check()
        context.progress(share, "looking at images and masks")

    how = MaskReading(Framing(3, params.size, params.size), params.normalise, cut_of(params), params.names, params.label_map)
    made = mask_folder(Path(params.folder).expanduser(), context.folder, how, tick)
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))
