"""The lottery ticket: which weights to train alone, found by training, pruning and going back to the start, several times.

A ticket is a mask together with the early weights under it. Finding it costs one whole training for each round.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from greenbench.ml.compress import layers, magnitude
from greenbench.ml.compress.refusals import refusal
from greenbench.ml.models.versions import versioned

State = dict[str, Tensor]
Train = Callable[[nn.Module, dict[str, Tensor], Callable[[int, int], None] | None], object]
"""Trains a network in place, its masks kept; the last argument is called after each batch with (done, total)."""


@dataclass(frozen=True)
class TicketSettings:
    """Each round removes `rate` of the weights that are left, of the output layer `output_rate`. `scope` says whether each layer loses
    its own smallest, or all but the output layer are ranked together. The weights go back to those after `rewind` batches of the first
    training; 0: to those the network came with."""

    rounds: int
    rate: float = 0.2
    output_rate: float = 0.1
    scope: magnitude.Scope = "layer"
    rewind: int = 0


@dataclass(frozen=True)
class Ticket:
    """The masks of a ticket (True: kept), the weights they belong to, unmasked, and the fraction of weights kept after each round."""

    masks: magnitude.Masks
    state: State
    kept: tuple[float, ...]


def find_ticket(
    module: nn.Module,
    inputs: Tensor,
    settings: TicketSettings,
    train: Train,
    earlier: Mapping[str, Tensor] | None = None,
    owner: str = "",
) -> Ticket:
    """Iterative magnitude pruning with rewinding (Frankle and Carbin 2019, section 2, strategy 2; rewinding to an early batch: Frankle
    2019, Stabilizing the lottery ticket hypothesis, section 3). The module is left as the ticket: masked, and not trained.

    `inputs` (N, …) is one run's input, by which the output layer is found. `earlier` masks go on being kept.

    Raises:
        StepError: a layer would lose all its weights, there is none to lose, or rewinding lies behind the end of training.
    """
    if not magnitude.weights_of(module):
        raise refusal(owner, "none of the layers holds weights of its own that could be pruned.", "Prune before hashing, or not at all.")
    outputs = {f"{name}.weight" if name else "weight" for name in layers.output_layers(module, inputs)}
    masks: magnitude.Masks = {name: mask.clone() for name, mask in (earlier or {}).items()}
    state, kept = _state(module), []
    for turn in range(settings.rounds):
        note = _Rewind(module, settings.rewind, owner) if settings.rewind and turn == 0 else None
        train(module, masks, note)
        if note is not None:
            state = note.found()
        masks = prune_survivors(module, masks, settings, outputs, owner)
        kept.append(1 - magnitude.sparsity(masks))
        rewind(module, state, masks)
    return Ticket(masks, state, tuple(kept))


def prune_survivors(
    module: nn.Module, masks: Mapping[str, Tensor], settings: TicketSettings, outputs: set[str], owner: str = ""
) -> magnitude.Masks:
    """Removes the smallest of the weights that are left, in place, and returns the tighter masks; `outputs` are the parameters of the
    output layers, which lose their own smaller share.

    Raises:
        StepError: a layer would lose all its weights.
    """
    weights = magnitude.weights_of(module)
    scores = {name: magnitude.magnitudes(weight, masks.get(name)) for name, weight in weights.items()}
    alone = [name for name in weights if settings.scope == "layer" or name in outputs]
    kept: magnitude.Masks = {}
    for name in alone:
        kept[name] = _without_smallest(scores[name], settings.output_rate if name in outputs else settings.rate)
    together = [name for name in weights if name not in kept]
    if together:
        joined = _without_smallest(torch.cat([scores[name] for name in together]), settings.rate)
        parts = torch.split_with_sizes(joined, [scores[name].numel() for name in together])
        kept.update(zip(together, parts, strict=True))
    empty = next((name for name, mask in kept.items() if not (mask & (scores[name] >= 0)).any()), None)
    if empty is not None:
        text = f"no weight is left in {empty.removesuffix('.weight')} after so many rounds."
        raise refusal(owner, text, "Choose fewer rounds, or a smaller share for each.")
    return magnitude.apply(weights, kept, masks)


def rewind(module: nn.Module, state: State, masks: Mapping[str, Tensor]) -> None:
    """Gives the network those weights, with what the masks removed at zero."""
    module.load_state_dict(versioned(module, state))
    with torch.no_grad():
        for name, mask in masks.items():
            module.get_parameter(name).masked_fill_(~mask, 0.0)


def _without_smallest(scores: Tensor, rate: float) -> Tensor:
    """A flat mask that removes what is gone already (−1) and round(rate × what is left) more."""
    gone = int((scores < 0).sum())
    return magnitude.keep_largest(scores, gone + round(rate * (scores.numel() - gone)))


def _state(module: nn.Module) -> State:
    return {name: tensor.detach().cpu().clone() for name, tensor in module.state_dict().items()}


class _Rewind:
    """Remembers the weights after so many batches of a training."""

    def __init__(self, module: nn.Module, batches: int, owner: str) -> None:
        self.module, self.batches, self.owner = module, batches, owner
        self.state: State | None = None
        self.total = 0

    def __call__(self, done: int, total: int) -> None:
        self.total = total
        if done == self.batches:
            self.state = _state(self.module)

    def found(self) -> State:
        if self.state is None:
            text = f"the weights cannot go back to batch {self.batches}: a training has {self.total}."
            raise refusal(self.owner, text, "Rewind to an earlier batch.")
        return self.state
