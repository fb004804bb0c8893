"""What the steps that quantise share: the examples they look at, the score they keep an eye on, and how their file is described."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import StepError
from greenbench.core.metrics import BY_KEY
from greenbench.core.step import StepContext, Stored
from greenbench.core.task import TASKS
from greenbench.ml.compress.onnx_layers import Executed, Watch
from greenbench.ml.compress.static_int8 import Examples
from greenbench.ml.data import open_dataset
from greenbench.ml.data.split import Split
from greenbench.ml.onnx_graph import onnx_footprint
from greenbench.ml.runtimes.runtime import constants
from greenbench.ml.tasks import task

Array = NDArray[Any]
RANDOM = "Calibrated on random inputs: the ranges say nothing about real examples."
_BATCH = 16


def watch(context: StepContext, text: str, start: float, end: float) -> Watch:
    """Stop and progress of a part of the step's work."""
    return Watch(context.check, lambda done: context.progress(start + (end - start) * done, text))


def calibration(model: Stored, data: Stored, examples: int, seed: int) -> Examples:
    """Whole batches of the calibration split, drawn by the seed, each of the size the model takes; one smaller batch if none is whole.

    Raises:
        DataError: the data has no calibration split.
        StepError: it has fewer examples than the model takes in a call.
    """
    split = open_dataset(data, model).split("calibration")
    chosen = np.random.default_rng(seed).permutation(len(split))[:examples]
    batch = model.model.batch or min(_BATCH, len(chosen))
    if not batch:
        return Examples([])
    batches = [split.take(chosen[start : start + batch]) for start in range(0, len(chosen) - batch + 1, batch)]
    if not batches:
        raise StepError(
            f'"{model.title}" takes {batch} examples in a call, and only {len(chosen)} are there to calibrate on.',
            "Raise the number of calibration examples, or connect more data.",
        )
    return Examples(batches, constants(model.model, batch))


def few(examples: Examples, count: int) -> Examples:
    """The first of the batches, so many that they hold about `count` examples."""
    size = len(examples.batches[0])
    return Examples(examples.batches[: max(1, -(-count // size))], examples.held)


class Judge:
    """The mean validation score of whatever answers, more being better."""

    def __init__(self, split: Split, key: str, batch: int, check: Callable[[], None]) -> None:
        self._split, self._key, self._batch, self._check = split, key, batch, check
        self.examples = len(split)

    def __call__(self, answer: Callable[[Array], Array]) -> float:
        scores = []
        for x, y in self._split.batches(self._batch):
            self._check()
            full = x if len(x) == self._batch else np.resize(x, (self._batch, *x.shape[1:]))
            scores.append(task(self._key).scores(answer(full)[: len(x)], y))
        return float(np.concatenate(scores).mean())


def judge(model: Stored, data: Stored, examples: Examples, check: Callable[[], None]) -> Judge | None:
    """What judges the model on the validation split, in batches as those of calibration; None where there is nothing to judge by, or
    where the score is no share of the examples."""
    dataset = open_dataset(data, model)
    metric = TASKS[dataset.artifact.task].metric
    if not dataset.fit.judged or "validation" not in dataset.artifact.splits or not metric or not BY_KEY[metric].fraction:
        return None
    return Judge(dataset.split("validation"), dataset.artifact.task, len(examples.batches[0]), check)


def described(before: ModelArtifact, path: Path, precision: str, title: str, *notes: str) -> ModelArtifact:
    """The artefact of a quantised graph."""
    return before.model_copy(
        update={
            "format": "onnx",
            "files": {"weights": path.name},
            "precision": precision,
            "constants": before.constants if before.format == "onnx" else (),  # else they are part of the graph
            "footprint": onnx_footprint(path, coded=True),
            "lineage": (*before.lineage, title),
            "notes": (*before.notes, *notes),
        }
    )


def tell(done: Executed, context: StepContext) -> None:
    """Logs what executes in int8, as a warning where something does not."""
    context.log(done.sentence, "warning" if done.floats else "info")
