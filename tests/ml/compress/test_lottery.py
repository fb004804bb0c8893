"""A ticket is the network's own first weights under masks that shrink by the rates asked for, layer by layer."""

import pytest
import torch
from torch import nn
from torch.nn.utils import prune as torch_prune

from greenbench.core.errors import StepError
from greenbench.ml.compress.lottery import TicketSettings, find_ticket, prune_survivors
from greenbench.ml.models.hashed_layers import HashedLinear

INPUTS = torch.zeros(1, 20)


class Trainer:
    """Stands in for training: moves all weights at random, as masks allow, and remembers what each round began with."""

    def __init__(self, batches: int = 5) -> None:
        self.batches, self.began, self.after = batches, [], []

    def __call__(self, module, masks, after_batch) -> None:
        self.began.append({name: value.clone() for name, value in module.state_dict().items()})
        for batch in range(1, self.batches + 1):
            generator = torch.Generator().manual_seed(100 * len(self.began) + batch)
            with torch.no_grad():
                for name, parameter in module.named_parameters():
                    parameter.add_(torch.randn(parameter.shape, generator=generator))
                    if name in masks:
                        parameter.masked_fill_(~masks[name], 0.0)
            self.after.append({name: value.clone() for name, value in module.state_dict().items()})
            if after_batch:
                after_batch(batch, self.batches)


def first_state(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def test_each_round_starts_from_the_first_weights_and_the_ticket_is_they(mlp):
    first, train = first_state(mlp), Trainer()
    ticket = find_ticket(mlp, INPUTS, TicketSettings(rounds=3), train)
    assert len(train.began) == 3
    assert all(torch.equal(value, train.began[0][name]) for name, value in first.items())
    for began in (*train.began[1:], mlp.state_dict()):
        for name, value in began.items():
            removed = began[name] == 0
            assert torch.equal(value[~removed], first[name][~removed])
    for name, mask in ticket.masks.items():
        assert torch.equal(mlp.state_dict()[name], first[name] * mask)


def test_rounds_remove_a_fifth_of_the_survivors_and_half_of_that_in_the_output_layer(mlp):
    counts = {"0.weight": 600, "2.weight": 360, "4.weight": 48}
    ticket = find_ticket(mlp, INPUTS, TicketSettings(rounds=4), Trainer())
    for name, count in counts.items():
        for _ in range(4):
            count -= round((0.1 if name == "4.weight" else 0.2) * count)
        assert int(ticket.masks[name].sum()) == count
    assert ticket.kept[-1] == pytest.approx(sum(int(mask.sum()) for mask in ticket.masks.values()) / 1008)
    assert list(ticket.kept) == sorted(ticket.kept, reverse=True)


def test_pruning_the_survivors_twice_is_what_torch_does(mlp):
    peer = [mlp[0], mlp[2]]
    copies = [nn.Linear(layer.in_features, layer.out_features) for layer in peer]
    for copy, layer in zip(copies, peer, strict=True):
        copy.load_state_dict(layer.state_dict())
    masks: dict[str, torch.Tensor] = {}
    for _ in range(2):
        masks = prune_survivors(mlp, masks, TicketSettings(rounds=1), {"4.weight"})
        for copy in copies:
            torch_prune.l1_unstructured(copy, "weight", amount=0.2)  # torch counts the share of what is left, too
    for name, copy in zip(("0.weight", "2.weight"), copies, strict=True):
        assert torch.equal(masks[name], copy.weight_mask.bool())


def test_ranked_together_the_output_layer_keeps_its_own_rate(mlp):
    mlp[0].weight.data *= 100
    masks = prune_survivors(mlp, {}, TicketSettings(rounds=1, scope="global"), {"4.weight"})
    assert masks["0.weight"].sum() > 0.99 * 600
    assert int(masks["0.weight"].sum() + masks["2.weight"].sum()) == 960 - round(0.2 * 960)
    assert int(masks["4.weight"].sum()) == 48 - round(0.1 * 48)


def test_rewinding_goes_back_to_the_batch_asked_for_in_the_first_training(mlp):
    train = Trainer()
    ticket = find_ticket(mlp, INPUTS, TicketSettings(rounds=2, rewind=3), train)
    third = train.after[2]
    for name, mask in ticket.masks.items():
        assert torch.equal(mlp.state_dict()[name], third[name].masked_fill(~mask, 0.0))
    assert torch.equal(mlp[0].bias, third["0.bias"])


def test_rewinding_behind_the_end_of_training_is_refused(mlp):
    with pytest.raises(StepError, match=r'^"Ticket": the weights cannot go back to batch 9: a training has 5\.'):
        find_ticket(mlp, INPUTS, TicketSettings(rounds=1, rewind=9), Trainer(), owner="Ticket")


def test_a_second_search_goes_on_from_the_masks_of_the_first(mlp):
    first = find_ticket(mlp, INPUTS, TicketSettings(rounds=2), Trainer())
    second = find_ticket(mlp, INPUTS, TicketSettings(rounds=1), Trainer(), first.masks)
    for name, mask in second.masks.items():
        assert not (mask & ~first.masks[name]).any()
    assert int(second.masks["0.weight"].sum()) == 384 - round(0.2 * 384)


def test_a_layer_that_would_lose_everything_is_refused_by_name(mlp):
    with pytest.raises(StepError, match=r'^"Ticket": no weight is left in 0 after so many rounds\.'):
        find_ticket(mlp, INPUTS, TicketSettings(rounds=2, rate=0.9999), Trainer(), owner="Ticket")


def test_a_network_without_weights_to_prune_is_refused_before_any_training():
    hashed, train = nn.Sequential(HashedLinear(20, 8, 16, 2, seed=0)), Trainer()
    with pytest.raises(StepError, match="None of the layers holds weights of its own"):
        find_ticket(hashed, INPUTS, TicketSettings(rounds=2), train)
    assert not train.began
