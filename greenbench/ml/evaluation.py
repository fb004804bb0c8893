"""Which examples a network gets right: the bits from which every accuracy, interval and paired test is made."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from greenbench.core.step import StepContext
from greenbench.ml.data import Split
from greenbench.ml.data.dataset import Floats

_BATCH = 256


def correct_bits(module: nn.Module, split: Split, context: StepContext | None = None, quiet: bool = False) -> NDArray[np.bool_]:
    """One entry for each example of the split, in order: whether the largest output is that of the true class.

    Streams the running accuracy and looks for Stop if there is a context; `quiet` streams nothing. The module stays in
    evaluation mode.
    """
    right: NDArray[np.bool_] = np.argmax(logits(module, split, context, quiet), axis=1) == split.labels
    return right


def logits(module: nn.Module, split: Split, context: StepContext | None = None, quiet: bool = False) -> Floats:
    """The outputs for each example of the split, (N, classes); otherwise like `correct_bits`."""
    device = next((parameter.device for parameter in module.parameters()), torch.device("cpu"))
    module.eval()

    def answer(x: Floats) -> Floats:
        with torch.inference_mode():
            outputs: Floats = module(torch.from_numpy(x).to(device)).float().cpu().numpy()
        return outputs

    return answers(answer, split, context, quiet)


def answers(answer: Callable[[Floats], Floats], split: Split, context: StepContext | None = None, quiet: bool = False) -> Floats:
    """Like `logits`, of anything that answers a batch: a session of a runtime, say."""
    parts: list[Floats] = []
    right = seen = 0
    for x, y in split.batches(_BATCH):
        if context is not None:
            context.check()
        parts.append(answer(x))
        right += int((np.argmax(parts[-1], axis=1) == y).sum())
        seen += len(y)
        if context is not None and not quiet:
            context.metric("accuracy", right / seen)
    return np.concatenate(parts)
