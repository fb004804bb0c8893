"""Thin layers stand for a layer as well as their rank allows, and only where they are cheaper."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from greenbench.core.errors import StepError
from greenbench.ml.compress import low_rank
from greenbench.ml.compress.low_rank import LowRankSettings, factorize

FULL = LowRankSettings(by="ratio", ratio=1.0)


def rank_settings(rank: int, full: int) -> LowRankSettings:
    return LowRankSettings(by="ratio", ratio=rank / full)


def product(module: nn.Module) -> np.ndarray:
    """The matrix that two thin layers stand for."""
    first, second = module
    return second.weight.detach().double().flatten(1).numpy() @ first.weight.detach().double().flatten(1).numpy()


@pytest.mark.parametrize(("inputs", "outputs"), [(60, 24), (24, 60)])
@pytest.mark.parametrize("rank", [1, 5, 12])
def test_the_error_of_a_cut_matrix_is_that_of_eckart_and_young(inputs, outputs, rank):
    """‖W − W_r‖² is the sum of the squared singular values left out, as NumPy finds them; no matrix of that rank is nearer."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(inputs, outputs), nn.ReLU())
    weight, bias = net[0].weight.detach().double().numpy(), net[0].bias.detach().clone()
    done = factorize(net, torch.randn(2, inputs), rank_settings(rank, 24)).done[0]
    values = np.linalg.svd(weight, compute_uv=False)
    assert done.ranks == (rank,)
    assert np.linalg.norm(weight - product(net[0])) == pytest.approx(np.sqrt((values[rank:] ** 2).sum()), rel=1e-5)
    assert done.energy == pytest.approx((values[:rank] ** 2).sum() / (values**2).sum(), rel=1e-9)
    assert torch.equal(net[0][1].bias, bias)


def test_the_rank_is_the_smallest_that_keeps_the_energy():
    """Singular values 4, 3, 2, 1 …: of 30 the first two keep 25/30, the first three 29/30."""
    torch.manual_seed(0)
    left, right = (torch.linalg.qr(torch.randn(size, 4, dtype=torch.float64)).Q for size in (32, 40))
    net = nn.Sequential(nn.Linear(40, 32, bias=False))
    net[0].weight.data = (left * torch.tensor([4.0, 3.0, 2.0, 1.0])) @ right.T
    net.double()
    for energy, rank in ((25 / 30 - 1e-6, 2), (25 / 30 + 1e-6, 3), (29 / 30 - 1e-6, 3), (1.0, 4)):
        made = factorize(copy.deepcopy(net), torch.randn(2, 40, dtype=torch.float64), LowRankSettings(energy=energy))
        assert made.done[0].ranks[0] in ((rank,) if energy < 1 else range(4, 18)), energy


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(8, 12, 3, stride=2, padding=1),
        nn.Conv2d(8, 12, (3, 5), padding=(0, 2), dilation=2, bias=False),
        nn.Conv2d(8, 12, 3, padding="same", padding_mode="reflect"),
    ],
    ids=["strided", "oblong", "reflected"],
)
def test_tucker_at_full_rank_is_exact(layer):
    """HOSVD with all channels is a change of basis (De Lathauwer 2000, property 1); stride, padding and bias come along."""
    torch.manual_seed(0)
    x = torch.randn(2, 8, 14, 14)
    cut = low_rank._Cut(layer, low_rank._Places(196, 49), FULL)
    fresh = cut.replacement()
    assert [tuple(child.weight.shape[2:]) for child in fresh] == [(1, 1), tuple(layer.kernel_size), (1, 1)]
    with torch.no_grad():
        assert torch.allclose(fresh(x), layer(x), atol=1e-5)


def test_a_pointwise_convolution_is_cut_as_the_matrix_it_is():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(30, 40, 1, stride=2, padding=1))
    whole, x = copy.deepcopy(net), torch.randn(2, 30, 9, 9)
    done = factorize(net, x, rank_settings(10, 30)).done[0]
    values = np.linalg.svd(whole[0].weight.detach().flatten(1).double().numpy(), compute_uv=False)
    assert np.linalg.norm(whole[0].weight.detach().flatten(1).numpy() - product(net[0])) == pytest.approx(
        np.sqrt((values[10:] ** 2).sum()), rel=1e-5
    )
    assert done.kind == "svd"
    assert net(x).shape == whole(x).shape
    with torch.no_grad():
        net[0][0].weight.zero_()
        assert torch.allclose(net(x), whole[0].bias[:, None, None].expand(2, 40, 6, 6))


def test_a_cut_convolution_loses_at_most_the_energy_of_both_modes():
    """‖W − Ŵ‖² ≤ the squares left out of the one mode plus those of the other (De Lathauwer 2000, property 10)."""
    torch.manual_seed(0)
    layer = nn.Conv2d(16, 24, 3, padding=1, bias=False)
    settings = LowRankSettings(energy=0.7)
    cut = low_rank._Cut(layer, low_rank._Places(100, 100), settings)
    weight = layer.weight.detach().double()
    inner, outer = (np.linalg.svd(m.flatten(1).numpy(), compute_uv=False) ** 2 for m in (weight.transpose(0, 1), weight))
    for squares, rank in zip((inner, outer), cut.ranks, strict=True):
        assert squares[: rank - 1].sum() < 0.7 * squares.sum() <= squares[:rank].sum()
    eye = torch.eye(16).view(16, 16, 1, 1)
    first, core, last = cut.replacement()
    made = torch.einsum("os,srhw,ri->oihw", last.weight[:, :, 0, 0], core.weight, first.weight[:, :, 0, 0]).detach().double()
    lost = float((weight - made).square().sum())
    assert lost <= inner[cut.ranks[0] :].sum() + outer[cut.ranks[1] :].sum() + 1e-6
    assert 1 - lost / float(weight.square().sum()) == pytest.approx(cut.energy, abs=1e-6)
    assert eye.shape[0] == first.in_channels


def test_multiply_adds_are_those_that_torch_counts():
    from torch.utils.flop_counter import FlopCounterMode

    def macs(module, x):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            module(x)
        return counter.get_total_flops() / 2

    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(), nn.Conv2d(32, 32, 1), nn.Flatten(), nn.Linear(1152, 64), nn.Linear(64, 4)
    )
    x = torch.randn(1, 16, 14, 14)
    whole = macs(net, x)
    made = factorize(net, x, LowRankSettings(by="ratio", ratio=0.25))
    assert {one.kind for one in made.done} == {"svd", "tucker2"}
    saved = sum(one.macs_before - one.macs for one in made.done)
    assert macs(made.module, x) == whole - saved


def test_layers_that_would_not_get_cheaper_are_left_alone():
    """At 55 % of the rank a 100 × 200 layer costs 55 · 300 of 20,000, a 200 × 200 layer 110 · 400 of 40,000."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(100, 200), nn.ReLU(), nn.Linear(200, 200))
    made = factorize(net, torch.randn(2, 100), LowRankSettings(by="ratio", ratio=0.55))
    assert [(one.layer, one.macs, one.macs_before) for one in made.done] == [("0", 16_500, 20_000)]
    assert made.left == {low_rank.COSTLIER: ["2"]}
    assert type(net[2]) is nn.Linear


def test_where_no_layer_gets_cheaper_the_nearest_is_named():
    net = nn.Sequential(nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 10))
    with pytest.raises(StepError, match=r'^"Factorize": with 90 % of the rank kept no layer gets cheaper; the nearest, 0 at rank 9 of 10,'):
        factorize(net, torch.randn(2, 10), LowRankSettings(by="ratio", ratio=0.9), owner="Factorize")


def test_grouped_and_named_and_masked_layers_are_left_alone(residual):
    settings = LowRankSettings(by="ratio", ratio=0.25, keep=("right",), last=False)
    made = factorize(residual, torch.randn(2, 3, 8, 8), settings, masked={"join.weight"})
    assert made.left[low_rank.GROUPED] == ["left.0"]
    assert made.left[low_rank.NAMED] == ["right.0"]
    assert made.left[low_rank.MASKED] == ["join"]
    assert made.left[low_rank.OUTPUT] == ["head"]
    assert [one.layer for one in made.done] == ["stem"]


def test_a_layer_whose_weights_are_read_or_shared_is_left_alone():
    """Attention of torch reads its output layer's weights without calling it; tied layers would come apart."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
            self.up, self.down = nn.Linear(32, 32), nn.Linear(32, 32)
            self.down.weight = self.up.weight
            self.head = nn.Linear(32, 32)

        def forward(self, x):
            x, _ = self.attention(x, x, x)
            return self.head(self.down(self.up(x)))

    torch.manual_seed(0)
    made = factorize(Net(), torch.randn(2, 5, 32), rank_settings(8, 32))
    assert made.left == {low_rank.OTHER: ["attention.out_proj", "up", "down"]}
    assert made.done[0].macs == 5 * 8 * 64


def test_what_was_pruned_weight_by_weight_is_refused(mlp):
    with pytest.raises(StepError, match="pruned one by one") as caught:
        factorize(mlp, torch.randn(2, 20), LowRankSettings(), masked={"0.weight", "2.weight", "4.weight"})
    assert "before pruning" in caught.value.remedy
