"""Networks for rows of numbers."""

from math import prod

from torch import nn


def mlp(shape: tuple[int, ...], outputs: int, width: int, hidden_layers: int = 2, dropout: float = 0.0) -> nn.Module:
    """Hidden layers of `width` units with ReLU (Rumelhart 1986): for tables, and as the smallest network for anything else.

    `dropout` is the share of hidden units left out of each training example (Srivastava 2014).
    """
    layers: list[nn.Module] = [nn.Flatten()]
    inputs = prod(shape)
    for _ in range(hidden_layers):
        layers += [nn.Linear(inputs, width), nn.ReLU(), *([nn.Dropout(dropout)] if dropout else [])]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))
