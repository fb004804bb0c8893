"""Batch-norm statistics made anew: after channels are gone the old means and variances describe another network."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from greenbench.ml.compress.layers import BATCH_NORMS


def reestimate(module: nn.Module, batches: Iterable[Tensor], check: Callable[[], None] = lambda: None) -> int:
    """Replaces running means and variances by their average over `batches` (N, …), in place; returns the examples seen.

    Only batch norms run in training mode, dropout does not. Without a batch, or without batch norms that keep
    statistics, nothing changes. Variances are averaged batch by batch, so batches should be large (64 or more).
    """
    norms = [layer for layer in module.modules() if isinstance(layer, BATCH_NORMS) and layer.running_mean is not None]
    waiting = iter(batches)
    first = next(waiting, None) if norms else None
    if first is None:
        return 0
    modes = [(layer, layer.training) for layer in module.modules()]
    momenta = [layer.momentum for layer in norms]
    module.eval()
    for layer in norms:
        layer.reset_running_stats()
        layer.momentum = None  # a plain average over all batches
        layer.train()
    seen = 0
    try:
        with torch.no_grad():
            batch: Tensor | None = first
            while batch is not None:
                check()
                module(batch)
                seen += len(batch)
                batch = next(waiting, None)
    finally:
        for layer, momentum in zip(norms, momenta, strict=True):
            layer.momentum = momentum
        for child, mode in modes:
            child.training = mode
    return seen
