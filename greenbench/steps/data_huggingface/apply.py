"""Reads a Hugging Face data set folder."""

from pathlib import Path

from greenbench.core.errors import DataError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.framing import Framing
from greenbench.ml.data.huggingface import Columns, hugging_face
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_huggingface.spec import HuggingFaceParams
from greenbench.steps.data_source import cut_of


def apply(inputs: Inputs, params: HuggingFaceParams, context: StepContext) -> StepOutcome:
    """Copies images or sentences with their labels.

    Raises:
        DataError: no folder is chosen, or it is no such folder.
    """
    if not params.folder.strip():
        raise DataError("No folder is chosen.", "Choose the folder of the data set.")

    def tick(share: float) -> None:
        context.check()
        context.progress(share, "reading")

    made = hugging_face(
        Path(params.folder).expanduser(),
        context.folder,
        Columns(params.input_column, params.label_column),
        (Framing(3 if params.colour == "rgb" else 1, params.size, params.size), params.normalise),
        (cut_of(params), params.label_map),
        tick,
    )
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))
