"""Schedules follow their equations, and gradual pruning ends exactly where it was told to."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from greenbench.ml.compress.magnitude import MagnitudeSettings, sparsity
from greenbench.ml.compress.schedules import GradualPruning, cubic, geometric


@pytest.mark.parametrize(
    ("done", "expected"),
    # 0.9 − 0.9 (1 − x)³ at x = 0, 1/4, 1/2, 3/4, 1
    [(100, 0.0), (200, 0.9 * (1 - 27 / 64)), (300, 0.9 * 7 / 8), (400, 0.9 * 63 / 64), (500, 0.9)],
)
def test_the_cubic_schedule_follows_its_equation(done, expected):
    assert cubic(0.0, 0.9, done, 100, 500) == pytest.approx(expected)


def test_the_cubic_schedule_starts_from_what_is_gone_already():
    assert cubic(0.5, 0.9, 0, 0, 10) == 0.5
    assert cubic(0.5, 0.9, 5, 0, 10) == pytest.approx(0.9 - 0.4 / 8)


@given(st.floats(0, 0.5), st.floats(0.5, 0.99), st.integers(1, 20))
def test_rounds_remove_the_same_share_of_what_is_left_each_time(start, end, rounds):
    left = [1 - geometric(start, end, done, rounds) for done in range(rounds + 1)]
    assert left[0] == pytest.approx(1 - start)
    assert left[-1] == pytest.approx(1 - end)
    ratios = [after / before for before, after in pairwise(left)]
    assert ratios == pytest.approx([((1 - end) / (1 - start)) ** (1 / rounds)] * rounds)


def test_rounds_never_give_weights_back():
    assert geometric(0.8, 0.5, 1, 3) == 0.5  # which pruning takes as nothing more to remove


@pytest.mark.parametrize(("total", "every"), [(100, 7), (30, 100), (10, 1)])
def test_gradual_pruning_reaches_its_sparsity_exactly_and_only_ever_removes(mlp, total, every):
    masks: dict[str, torch.Tensor] = {}
    pruning = GradualPruning(mlp, MagnitudeSettings(0.8), masks, begin=0.2, until=0.7, every=every)
    reached = []
    for done in range(1, total + 1):
        with torch.no_grad():  # as an optimiser moves weights between two calls
            for name, parameter in mlp.named_parameters():
                parameter.add_(0.01 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(done)))
                if name in masks:
                    parameter.masked_fill_(~masks[name], 0.0)
        before = {name: mask.clone() for name, mask in masks.items()}
        pruning(done, total)
        assert not any((masks[name] & ~mask).any() for name, mask in before.items())
        reached.append(sparsity(masks))
        if done < round(0.2 * total):
            assert not masks
    weights = 600 + 360 + 48
    assert reached[round(0.7 * total) - 1] == pytest.approx(round(0.8 * weights) / weights)
    assert reached[-1] == reached[round(0.7 * total) - 1]


def test_gradual_pruning_goes_on_from_the_masks_it_was_given():
    net = nn.Linear(10, 10)
    masks = {"weight": torch.arange(100).view(10, 10) >= 50}
    with torch.no_grad():
        net.weight.masked_fill_(~masks["weight"], 0.0)
    pruning = GradualPruning(net, MagnitudeSettings(0.9, "layer"), masks, until=1.0, every=5)
    pruning(5, 10)
    assert sparsity(masks) == pytest.approx(0.9 - 0.4 / 8)
    pruning(10, 10)
    assert sparsity(masks) == pytest.approx(0.9)
    assert not masks["weight"].flatten()[:50].any()
