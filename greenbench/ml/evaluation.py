"""What a network answers to the examples of a split, and how its task scores them: what every accuracy and every error is made of."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from greenbench.core.step import StepContext
from greenbench.ml.data import Split
from greenbench.ml.data.split import Floats
from greenbench.ml.models.blank import as_taken
from greenbench.ml.tasks import Task, task

_BATCH = 256

Answer = Callable[[NDArray[Any]], NDArray[Any]]
"""From a batch of examples to its outputs: a network, or a session of a runtime."""


def scores(
    answer: nn.Module | Answer, split: Split, judge: Task, context: StepContext | None = None, quiet: bool = False
) -> NDArray[np.float64]:
    """One number for each example of the split, in order, as the task judges it: 1 right and 0 wrong, or an absolute error.

    Looks for Stop if there is a context, and streams the running metric unless `quiet`. A module stays in evaluation mode.
    """
    parts: list[NDArray[np.float64]] = []
    total = seen = 0.0
    for outputs, targets in _answered(answer, split, context):
        parts.append(judge.scores(outputs, targets))
        total += float(parts[-1].sum())
        seen += len(targets)
        if context is not None and not quiet and judge.metric:
            context.metric(judge.metric, total / seen)
    return np.concatenate(parts) if parts else np.zeros(0)


def correct_bits(module: nn.Module, split: Split, context: StepContext | None = None, quiet: bool = False) -> NDArray[np.bool_]:
    """Whether a classifier is right, for each example of the split; otherwise like `scores`."""
    return np.asarray(scores(module, split, task("classification"), context, quiet) == 1.0)


def outputs_of(answer: nn.Module | Answer, split: Split, context: StepContext | None = None) -> Floats:
    """The outputs for each example of the split, (N, …)."""
    return np.concatenate([outputs for outputs, _ in _answered(answer, split, context)])


def _answered(answer: nn.Module | Answer, split: Split, context: StepContext | None) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    ask = _of_module(answer) if isinstance(answer, nn.Module) else answer
    for x, y in split.batches(_BATCH):
        if context is not None:
            context.check()
        yield ask(x), y


def _of_module(module: nn.Module) -> Answer:
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    module.eval()

    def answer(x: NDArray[Any]) -> NDArray[Any]:
        with torch.inference_mode():
            outputs: Floats = module(as_taken(module, torch.from_numpy(x).to(device))).float().cpu().numpy()
        return outputs

    return answer
