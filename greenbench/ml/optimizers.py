"""Which way and how far each batch moves the weights: the optimisers, and the rate over time."""

import math
from typing import Literal, Protocol

import torch
from torch import nn

_STEP_DECAY = 0.1

Optimizer = Literal["sgd", "adam", "adamw"]
Schedule = Literal["cosine", "step", "constant"]


class Pace(Protocol):
    """What of the settings of a training decides how weights move."""

    @property
    def optimizer(self) -> Optimizer: ...
    @property
    def schedule(self) -> Schedule: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def warm_up(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def momentum(self) -> float: ...


def learning_rate(settings: Pace, done: int, total: int) -> float:
    """The rate for the batch after `done` of `total`: linear warm-up, then cosine to 0 (Loshchilov 2017), or 1/10 at one half
    and three quarters (He 2015, section 4.2), or constant."""
    rise = max(1, round(settings.warm_up * total)) if settings.warm_up else 0
    if done < rise:
        return settings.learning_rate * (done + 1) / rise
    share = (done - rise) / max(1, total - rise)
    match settings.schedule:
        case "cosine":
            return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
        case "step":
            return settings.learning_rate * _STEP_DECAY ** ((share >= 0.5) + (share >= 0.75))
        case _:
            return settings.learning_rate


def make_optimizer(settings: Pace, *modules: nn.Module) -> torch.optim.Optimizer:
    """The optimiser of all trainable parameters of the modules. Weight decay pulls on matrices and filters only, not on biases and norms.

    "adam" adds the decay to the gradient (Kingma 2015), "adamw" takes it off the weight (Loshchilov 2019).
    """
    unique = {id(p): p for module in modules for p in module.parameters() if p.requires_grad}
    trainable = list(unique.values())
    groups = [
        {"params": [p for p in trainable if p.dim() > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trainable if p.dim() <= 1], "weight_decay": 0.0},
    ]
    match settings.optimizer:
        case "adamw":
            return torch.optim.AdamW(groups, lr=settings.learning_rate)
        case "adam":
            return torch.optim.Adam(groups, lr=settings.learning_rate)
        case _:
            return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum, nesterov=settings.momentum > 0)
