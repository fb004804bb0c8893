"""Shared weights stay shared, removed ones stay zero, and gradients are summed per cluster."""

import numpy as np
import pytest
import torch
from torch import nn

from greenbench.core.errors import StepError
from greenbench.ml.compress import magnitude, packed
from greenbench.ml.compress.hashed import HashSettings, hash_layers
from greenbench.ml.compress.sharing import SharingSettings, exact_layers, share, trainable


def distinct(weight: torch.Tensor) -> int:
    return len(weight.detach().unique())


def test_each_layer_holds_at_most_as_many_values_as_its_bits_allow(residual):
    before = {name: value.clone() for name, value in residual.state_dict().items()}
    share(residual, SharingSettings(bits=3, conv_bits=2))
    assert distinct(residual.stem.weight) <= 4
    assert distinct(residual.join.weight) <= 4
    assert 4 < distinct(residual.head.weight) <= 8
    for name, value in residual.state_dict().items():
        if "norm" in name or "bias" in name or "running" in name:
            assert torch.equal(value, before[name])


def test_sharing_is_the_nearest_value_of_the_codebook(mlp):
    before = mlp[0].weight.detach().clone()
    book = share(mlp, SharingSettings(4, 4))[0]
    nearest = (before.flatten()[:, None] - book.values).abs().argmin(1)
    assert torch.equal(nearest, book.indices)
    assert torch.equal(mlp[0].weight, book.values[book.indices].view(30, 20))


def test_removed_weights_stay_zero_and_outside_the_codebook(mlp):
    masks = magnitude.prune(mlp, magnitude.MagnitudeSettings(0.6))
    books = share(mlp, SharingSettings(2, 2), masks)
    for book in books:
        mask = masks[f"{book.layer}.weight"]
        weight = mlp.get_submodule(book.layer).weight
        assert not weight[~mask].any()
        assert (book.indices[~mask.flatten()] == len(book.values)).all()
        assert distinct(weight[mask]) == len(book.values) <= 4
        assert book.values.abs().min() > 0.01  # the zeros pull no centroid towards them


def test_a_layer_with_few_weights_keeps_them_all_and_it_is_said():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 40))
    before = net[0].weight.detach().clone()
    books = share(net, SharingSettings(4, 4))
    assert torch.equal(net[0].weight, before)
    assert exact_layers(books) == "Not changed, since they have no more distinct weights than their codebook holds: 0."
    assert exact_layers(books[1:]) == ""


def test_the_gradient_of_a_value_is_the_sum_over_its_weights():
    """Han 2016, equation 3, against autograd through plain weights."""
    torch.manual_seed(0)
    layer = nn.Linear(20, 30, bias=False)
    masks = magnitude.prune(layer, magnitude.MagnitudeSettings(0.3))
    (book,) = share(layer, SharingSettings(3, 3), masks)
    x = torch.randn(8, 20)
    (layer(x) ** 2).sum().backward()
    plain = layer.weight.grad.flatten()
    expected = torch.stack([plain[book.indices == index].sum() for index in range(len(book.values))])
    with trainable(layer, [book]):
        (layer(x) ** 2).sum().backward()
        (values,) = layer.parameters()
        assert values.shape == book.values.shape
        assert torch.allclose(values.grad, expected, rtol=1e-4, atol=1e-4)


def test_training_moves_shared_values_together_and_leaves_zeros(mlp):
    masks = magnitude.prune(mlp, magnitude.MagnitudeSettings(0.5))
    books = share(mlp, SharingSettings(2, 2), masks)
    before = mlp[0].weight.detach().clone()
    x, y = torch.randn(64, 20), torch.randint(0, 4, (64,))
    with trainable(mlp, books):
        optimizer = torch.optim.Adam(mlp.parameters(), lr=1e-2)
        losses = []
        for _ in range(30):
            loss = nn.functional.cross_entropy(mlp(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert not torch.equal(mlp[0].weight, before)
    for book in books:
        weight = mlp.get_submodule(book.layer).weight
        mask = masks[f"{book.layer}.weight"]
        assert isinstance(weight, nn.Parameter)
        assert not weight[~mask].any()
        assert distinct(weight[mask]) <= 4
    assert set(mlp.state_dict()) == {f"{i}.{kind}" for i in (0, 2, 4) for kind in ("weight", "bias")}


def test_the_network_is_plain_again_even_if_training_breaks_off(mlp):
    books = share(mlp, SharingSettings(2, 2))
    with pytest.raises(RuntimeError, match="stop"), trainable(mlp, books):
        raise RuntimeError("stop")
    assert isinstance(mlp[0].weight, nn.Parameter)


def test_tied_layers_cannot_be_fine_tuned():
    net = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    net[1].weight = net[0].weight
    books = share(net, SharingSettings(2, 2))
    assert len(books) == 1
    with pytest.raises(StepError, match="0 and 1 use the same weights"), trainable(net, books):
        pass


def test_weights_that_are_not_numbers_are_refused(mlp):
    mlp[0].weight.data[0, 0] = float("inf")
    with pytest.raises(StepError, match="0 holds weights that are not numbers"):
        share(mlp, SharingSettings(2, 2))


def test_a_network_whose_weights_are_hashed_has_none_to_share(mlp):
    hashed = hash_layers(mlp, torch.randn(2, 20), HashSettings(0.5)).module
    with pytest.raises(StepError, match="no weights left to share"):
        share(hashed, SharingSettings(2, 2))


def test_convolutions_and_dense_layers_are_fine_tuned_in_their_own_numbers_of_values(residual):
    """Han 2016, table 1: 8 bits in convolutions, 5 in dense layers; the gradient step of equation 3 keeps both."""
    books = share(residual, SharingSettings(bits=5, conv_bits=3))
    x, y = torch.randn(16, 3, 8, 8), torch.randint(0, 5, (16,))
    with trainable(residual, books):
        optimizer = torch.optim.SGD(residual.parameters(), lr=0.01)
        nn.functional.cross_entropy(residual(x), y).backward()
        optimizer.step()
    assert distinct(residual.head.weight) == 32
    assert {distinct(layer.weight) for layer in residual.modules() if isinstance(layer, nn.Conv2d)} == {8}


def test_four_bits_take_about_an_eighth_of_the_file():
    """Han 2016, section 3: n weights of b bits in k clusters compress by n·b / (n·log2(k) + k·b); deflate may do better."""
    net = nn.Linear(300, 200, bias=False)
    share(net, SharingSettings(4, 4))
    size = packed.coded_size(net)
    count = 300 * 200
    formula = (count * 4 + 16 * 32) / 8
    assert 0.75 * formula < size < formula + 200
    assert np.array_equal(packed.decode(packed.encode(packed.arrays(net.state_dict())))["weight"], net.weight.detach().numpy())
