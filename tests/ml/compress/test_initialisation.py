"""Fresh weights: another draw each time, of the variance its paper gives, and the same again for the same seed."""

import math

import pytest
import torch
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import StepError
from greenbench.ml.compress.initialisation import draw_seed, reinitialise
from greenbench.ml.models import architecture_for, build

LENET = architecture_for("lenet_300_100", InputSpec(shape=(1, 28, 28)), 10)


@pytest.mark.parametrize(("how", "variance"), [("glorot", 2 / (784 + 300)), ("he", 2 / 784)])
def test_weights_have_the_variance_of_the_paper_and_biases_are_zero(how, variance):
    net = build(LENET)
    reinitialise(net, LENET, how, 7)
    weights = net[1].weight.detach()
    # The variance of n normal numbers has the relative standard error √(2/n); five of them is one in a million.
    assert float(weights.var()) == pytest.approx(variance, rel=5 * math.sqrt(2 / weights.numel()))
    assert abs(float(weights.mean())) < 5 * math.sqrt(variance / weights.numel())
    assert not net[1].bias.any()


def test_as_built_is_what_the_builder_draws_from_that_seed():
    net = build(LENET)
    reinitialise(net, LENET, "own", 11)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        fresh = build(LENET)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), fresh.parameters(), strict=True))


def test_no_draw_of_a_seed_is_one_of_its_neighbours():
    seeds = {draw_seed(seed, draw) for seed in range(20) for draw in range(1, 20)}
    assert len(seeds) == 380
    assert not seeds & set(range(100))


def test_the_generator_of_the_others_is_left_alone():
    net = build(LENET)
    before = torch.random.get_rng_state()
    reinitialise(net, LENET, "glorot", 3)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_network_with_fewer_channels_is_drawn_layer_by_layer():
    narrow = nn.Sequential(nn.Flatten(), nn.Linear(784, 20), nn.ReLU(), nn.Linear(20, 10))
    before = narrow[1].weight.detach().clone()
    reinitialise(narrow, LENET, "own", 3)
    assert narrow[1].weight.shape == (20, 784)
    assert not torch.equal(narrow[1].weight, before)
    assert narrow[1].weight.abs().max() <= 1 / math.sqrt(784)  # torch draws linear layers uniformly within this


def test_a_layer_that_does_not_say_how_it_is_drawn_is_refused_by_name():
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3))

    with pytest.raises(StepError, match=r'^"Control": 1 does not say how its weights are drawn'):
        reinitialise(nn.Sequential(nn.Linear(3, 3), Scaled()), LENET, "own", 3, "Control")
