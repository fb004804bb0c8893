"""What a channel is worth: the size of its weights, its batch-norm scale, or what the loss would change without it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch_pruning as tp
from torch import Tensor, nn

from greenbench.ml.compress.layers import evaluation_mode

Importance = Literal["l1", "l2", "bn", "taylor"]
Score = Callable[[Any], Tensor | None]
Gradients = Iterable[Callable[[], None]]
"""One call for each batch: it leaves the loss's gradient in the parameters."""

WEIGHTS = [nn.modules.conv._ConvNd, nn.Linear]


@dataclass(frozen=True)
class Examples:
    """What first-order scores need: batches (x, y) and the loss of outputs and y, a mean over the batch."""

    batches: Sequence[tuple[Tensor, Tensor]]
    loss: Callable[[Tensor, Tensor], Tensor]


def scores(groups: Sequence[Any], kind: Importance, module: nn.Module, examples: Examples | None) -> list[Tensor | None]:
    """One number a channel for each group of torch-pruning, summed over the coupled layers, 1 on average in each group; None where the
    group has nothing that this importance looks at.

    L1 and L2: Li 2017, Pruning filters (1608.08710), section 3; "bn": Liu 2017, Network slimming (1708.06519), section 3; "taylor":
    Molchanov 2019, Importance estimation (1906.10771), section 3.1, |Σ w·g| of each channel, averaged over the batches.
    """
    if kind == "taylor":
        assert examples is not None
        return _taylor(groups, module, examples)
    scorer: Score = tp.importance.BNScaleImportance() if kind == "bn" else magnitude(1 if kind == "l1" else 2)
    return [scorer(group) for group in groups]


def magnitude(power: int) -> Score:
    """Σ|w|^power of each channel."""
    scorer: Score = tp.importance.GroupMagnitudeImportance(p=power, target_types=WEIGHTS)
    return scorer


def _taylor(groups: Sequence[Any], module: nn.Module, examples: Examples) -> list[Tensor | None]:
    """Batch by batch: over the whole training set the gradients of a trained network cancel to nothing."""
    scorer = tp.importance.GroupTaylorImportance(multivariable=True, normalizer=None, target_types=WEIGHTS)
    sums: list[Tensor | None] = [None] * len(groups)
    before = {parameter: parameter.grad for parameter in module.parameters()}
    try:
        with evaluation_mode(module), torch.enable_grad():
            for x, y in examples.batches:
                module.zero_grad(set_to_none=True)
                examples.loss(module(x), y).backward()  # type: ignore[no-untyped-call]
                _fill(module)
                for index, group in enumerate(groups):
                    found, so_far = scorer(group), sums[index]
                    sums[index] = found if so_far is None else so_far + found
    finally:
        _restore(before)
    return [None if total is None else total / total.mean().clamp_min(torch.finfo(total.dtype).tiny) for total in sums]


def _fill(module: nn.Module) -> None:
    """A zero gradient where the loss does not reach: torch-pruning asks every weight."""
    for parameter in module.parameters():
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)


def _restore(before: Mapping[nn.Parameter, Tensor | None]) -> None:
    for parameter, gradient in before.items():
        parameter.grad = gradient
