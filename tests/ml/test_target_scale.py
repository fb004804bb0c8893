"""A regression is learnt in standardised steps, and the network answers in the target's unit before and after."""

import numpy as np
import pytest
import torch
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.ml.target_scale import TargetScale, answering, standardised

INPUT = InputSpec(shape=(3,))
TARGETS = np.array([100.0, 300.0, 500.0], dtype=np.float32)
X = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))


def network(*last: nn.Module) -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1), *last)


def test_inside_answers_are_standardised_and_outside_as_they_were() -> None:
    module = network()
    before = module(X).detach()
    with standardised(module, INPUT, TARGETS) as scale:
        assert scale == TargetScale(300.0, pytest.approx(TARGETS.std()), True)
        torch.testing.assert_close(module(X).detach(), (before - 300.0) / TARGETS.std(), rtol=1e-4, atol=1e-5)
        with answering(module, INPUT, scale):
            torch.testing.assert_close(module(X).detach(), before, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(module(X).detach(), before, rtol=1e-3, atol=1e-3)


def test_training_goes_on_from_where_it_was_bit_for_bit() -> None:
    module = network()
    with standardised(module, INPUT, TARGETS) as scale:
        before = module[2].weight.detach().clone(), module[2].bias.detach().clone()
        for _ in range(3):
            with answering(module, INPUT, scale):
                pass
        assert torch.equal(module[2].weight, before[0])
        assert torch.equal(module[2].bias, before[1])


@pytest.mark.parametrize("last", [nn.Sigmoid(), nn.Linear(1, 1, bias=False)])
def test_a_network_whose_end_is_not_linear_is_scaled_in_its_loss(last: nn.Module) -> None:
    module = network(last)
    before = module(X).detach()
    with standardised(module, INPUT, TARGETS) as scale:
        assert not scale.folded
        torch.testing.assert_close(module(X).detach(), before)
        torch.testing.assert_close(scale.outputs(before), (before - 300.0) / float(TARGETS.std()))


def test_a_constant_target_divides_by_one() -> None:
    with standardised(network(), INPUT, np.full(4, 7.0)) as scale:
        assert scale.deviation == 1.0
