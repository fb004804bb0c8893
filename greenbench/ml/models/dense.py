"""Networks for rows of numbers."""

from math import prod

from torch import nn


def mlp(shape: tuple[int, ...], outputs: int, width: int) -> nn.Module:
    """Two hidden layers of `width` units with ReLU (Rumelhart 1986): for tables, and as the smallest network for anything else."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(prod(shape), width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, outputs),
    )
