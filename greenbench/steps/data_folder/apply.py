"""Reads an image folder."""

from pathlib import Path

from greenbench.core.errors import DataError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.folder import Reading, image_folder
from greenbench.ml.data.framing import Framing
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_folder.spec import FolderParams
from greenbench.steps.data_source import cut_of


def apply(inputs: Inputs, params: FolderParams, context: StepContext) -> StepOutcome:
    """Lists the images of each split after looking at every one.

    Raises:
        DataError: no folder is chosen; it is empty, has one class, or unreadable images.
    """
    if not params.folder.strip():
        raise DataError("No folder is chosen.", "Choose a folder with one subfolder of images for each class.")

    def tick(share: float) -> None:
        context.check()
        context.progress(share, "looking at images")

    shape = Framing(3 if params.colour == "rgb" else 1, params.size, params.size)
    skip = params.broken == "skip"
    how = Reading(shape, params.normalise, cut_of(params), skip, params.labels, params.label_map)
    made = image_folder(Path(params.folder).expanduser(), context.folder, how, tick)
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))
