"""Reads labelled sentences."""

from pathlib import Path

from greenbench.core.errors import DataError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.data.text_sources import TextReading, read_texts
from greenbench.ml.panel import dataset_facts, dataset_headline
from greenbench.steps.data_source import cut_of
from greenbench.steps.data_text.spec import TextParams


def apply(inputs: Inputs, params: TextParams, context: StepContext) -> StepOutcome:
    """Stores the sentences and cuts them into splits.

    Raises:
        DataError: no file is chosen, or it holds no labelled sentences.
    """
    if not params.file.strip():
        raise DataError("No file is chosen.", "Choose a file of labelled sentences.")

    def tick(count: int) -> None:
        context.check()
        context.progress(0.0, f"{count:,} sentences read")

    test = Path(params.test_file).expanduser() if params.test_file.strip() else None
    reading = TextReading(params.text_column, params.label_column, params.coarse)
    made = read_texts(Path(params.file).expanduser(), test, context.folder, reading, cut_of(params), params.label_map, tick)
    return StepOutcome({"data": made}, dataset_facts(made), dataset_headline(made))
