"""The lines that all compression steps add to a node's result panel, and the check that what was saved is what was made."""

import torch
from torch import nn

from greenbench.core import quote
from greenbench.core.artifact import Fact, ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.measurement import Measurement
from greenbench.core.step import StepContext, Stored
from greenbench.ml.artifacts import load_module
from greenbench.ml.compress import layers


def distinct_fact(after: int, before: int) -> Fact:
    """Distinct weights, summed over the layers."""
    return Fact(title="Distinct weights", value=after, before=before if before != after else None)


def share(part: float, whole: float) -> str:
    """A part as a percentage: "10 %", "0.4 %"."""
    return f"{quote.percent(part / whole if whole else 0.0)} %"


def size(size_bytes: float) -> str:
    """Bytes as a headline has them: "294 kB"."""
    return quote.quote(Measurement.exact(size_bytes, "B")).full


def check_saved(module: nn.Module, made: ModelArtifact, context: StepContext) -> float:
    """Loads what was just saved and demands the same answers; returns the largest difference, relative to the largest output.

    Raises:
        ModelError: they differ by more than 1e-5.
    """
    again = load_module(Stored(made, context.folder, context.node, context.title))
    inputs = layers.example(made.input, batch=2)
    with layers.evaluation_mode(module), torch.no_grad():
        expected, found = module(inputs), again(inputs)
    scale = max(1.0, float(expected.abs().max()))
    difference = float((expected - found).abs().max()) / scale if expected.shape == found.shape else float("inf")
    if not difference <= 1e-5:
        raise ModelError(f'"{context.title}": the saved model answers differently from the one in memory.', "Please report this.")
    return difference
