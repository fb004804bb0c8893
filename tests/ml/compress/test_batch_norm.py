"""Re-estimated statistics are those of the data that went through."""

import torch
from torch import nn

from greenbench.ml.compress.batch_norm import reestimate


def test_statistics_become_the_mean_and_variance_of_the_data():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Dropout(0.9), nn.BatchNorm2d(3))
    net[1].running_mean.fill_(9.0)
    x = torch.randn(64, 3, 5, 5) * torch.tensor([1.0, 2, 3])[:, None, None] + torch.tensor([0.0, 1, -1])[:, None, None]
    assert reestimate(net, [x]) == 64
    assert torch.allclose(net[1].running_mean, x.mean((0, 2, 3)), atol=1e-6)
    assert torch.allclose(net[1].running_var, x.var((0, 2, 3)), rtol=1e-5)


def test_several_batches_are_averaged_alike():
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(4)
    batches = [torch.randn(32, 4) + shift for shift in (0.0, 1.0, 5.0)]
    reestimate(norm, batches)
    assert torch.allclose(norm.running_mean, torch.stack([b.mean(0) for b in batches]).mean(0), atol=1e-6)


def test_modes_momenta_and_weights_stay(residual):
    before = [parameter.clone() for parameter in residual.parameters()]
    residual.train()
    residual.left.eval()
    reestimate(residual, [torch.randn(4, 3, 8, 8)])
    assert residual.norm.training
    assert not residual.left[1].training
    assert residual.norm.momentum == 0.1
    assert all(torch.equal(a, b) for a, b in zip(before, residual.parameters(), strict=True))


def test_without_data_nothing_changes(residual):
    before = residual.norm.running_mean.clone()
    assert reestimate(residual, []) == 0
    assert torch.equal(residual.norm.running_mean, before)
    assert reestimate(nn.Linear(2, 2), [torch.randn(1, 2)]) == 0
