"""Hashed layers compute what their buckets say, learn what equation 12 says, and store nothing else."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from greenbench.core.errors import StepError
from greenbench.ml.compress import magnitude
from greenbench.ml.compress.hashed import HashSettings, hash_layers
from greenbench.ml.models import hashed_layers
from greenbench.ml.models.hashed_layers import HashedLinear, signed_places, xxhash32

X = torch.randn(4, 20, generator=torch.Generator().manual_seed(1))


def test_the_hash_is_xxhash():
    xxhash = pytest.importorskip("xxhash")
    words = np.random.default_rng(0).integers(0, 2**32, (2, 50), dtype=np.uint32)
    for seed in (0, 1, 12345, 2**31 + 5):
        expected = [xxhash.xxh32_intdigest(np.array([row, column], "<u4").tobytes(), seed) for row, column in words.T]
        assert xxhash32(*words, seed).tolist() == expected


def test_buckets_and_signs_are_hit_evenly_and_independently():
    """Chi-square over 64 buckets and two signs of 100,000 weights: the 99.9 % quantile at 127 degrees of freedom is 181.99."""
    places = signed_places(250, range(400), 64, 7)
    counts = torch.bincount(places, minlength=128).double()
    expected = 250 * 400 / 128
    assert float(((counts - expected) ** 2 / expected).sum()) < 181.99


def test_a_large_layer_is_hashed_in_parts_as_if_in_one(monkeypatch):
    whole = signed_places(50, range(30), 64, 3)
    monkeypatch.setattr(hashed_layers, "_HASHED_AT_ONCE", 100)
    assert torch.equal(signed_places(50, range(30), 64, 3), whole)


def dense_weights(layer: HashedLinear) -> torch.Tensor:
    """Weight by weight, as section 4.1 defines it, from the hash of each pair alone."""
    values = layer.buckets.detach().flatten()
    rows = []
    for i in range(layer.out_features):
        pairs = [(np.array([i], np.uint32), np.array([j], np.uint32)) for j in range(layer.in_features)]
        buckets = [int(xxhash32(*pair, 2 * layer.seed)[0]) % len(values) for pair in pairs]
        signs = [1.0 - 2 * (int(xxhash32(*pair, 2 * layer.seed + 1)[0]) & 1) for pair in pairs]
        rows.append(torch.stack([sign * values[bucket] for sign, bucket in zip(signs, buckets, strict=True)]))
    return torch.stack(rows)


@pytest.mark.parametrize("bias_buckets", [0, 3])
def test_a_hashed_layer_answers_like_the_dense_one_it_stands_for(bias_buckets):
    layer = HashedLinear(20, 12, 30, bias_buckets, seed=5)
    plain = nn.Linear(20, 12, bias=bias_buckets > 0)
    plain.weight.data = dense_weights(layer)
    if bias_buckets:
        plain.bias.data = layer.bias.detach()
        assert len(layer.bias.detach().abs().unique()) <= 3
    assert torch.allclose(layer(X), plain(X), atol=1e-6)
    with torch.no_grad():
        assert torch.allclose(layer(X), plain(X), atol=1e-6)


def test_the_gradient_of_a_bucket_is_the_signed_sum_over_its_weights():
    """Chen 2015, equation 12, against autograd through plain weights."""
    layer = HashedLinear(20, 12, 30, 4, seed=5)
    plain = nn.Linear(20, 12)
    plain.weight.data, plain.bias.data = layer.weight.detach().clone(), layer.bias.detach().clone()
    (plain(X) ** 2).sum().backward()
    (layer(X) ** 2).sum().backward()
    for places, gradient, found in (
        (layer.weight_places(), plain.weight.grad.flatten(), layer.buckets.grad),
        (layer.places_of_biases(), plain.bias.grad, layer.bias_buckets.grad),
    ):
        expected = torch.zeros(found.numel())
        for place, value in zip(places.tolist(), gradient.tolist(), strict=True):
            expected[place % found.numel()] += value if place < found.numel() else -value
        assert torch.allclose(found.flatten(), expected, rtol=1e-4, atol=1e-4)


def test_unfolded_weights_follow_every_change_of_the_buckets():
    layer = HashedLinear(20, 12, 30, 4, seed=5).eval()
    with torch.no_grad():
        first = layer(X)
        layer.buckets.mul_(2)
        layer.bias_buckets.mul_(2)
        assert torch.allclose(layer(X), 2 * first, atol=1e-6)
        layer.load_state_dict({"buckets": torch.zeros(1, 30), "bias_buckets": torch.ones(1, 4)})
        assert torch.equal(layer(X).abs(), torch.ones(4, 12))
    with torch.inference_mode():
        assert torch.equal(layer(X).abs(), torch.ones(4, 12))


def test_fresh_values_have_the_variance_of_a_fresh_dense_layer():
    """nn.Linear draws from ±1/√n, whose variance is 1/(3n)."""
    torch.manual_seed(0)
    layer = HashedLinear(400, 300, 15_000, 0, seed=1)
    assert float(layer.weight.detach().var()) == pytest.approx(1 / (3 * 400), rel=0.03)


def test_every_dense_layer_gets_its_share_of_buckets(mlp):
    sizes = [(layer.weight.numel(), layer.bias.numel()) for layer in mlp if isinstance(layer, nn.Linear)]
    made = hash_layers(mlp, X, HashSettings(1 / 8))
    found = [(layer.buckets.numel(), layer.bias_buckets.numel()) for layer in made.module if isinstance(layer, HashedLinear)]
    assert found == [(math.ceil(weights / 8), math.ceil(biases / 8)) for weights, biases in sizes]
    assert set(made.module.state_dict()) == {f"{place}.{kind}" for place in (0, 2, 4) for kind in ("buckets", "bias_buckets")}
    assert next((one.before, one.after) for one in made.done) == (630, 75 + 4)
    assert len({one.change.arguments["seed"] for one in made.done}) == 3


def test_values_of_a_trained_network_are_the_least_squares_fit(mlp):
    """Against numpy's solver on the matrix that says which weight takes which bucket with which sign."""
    weight = mlp[2].weight.detach().clone()
    made = hash_layers(mlp, X, HashSettings(1 / 4, trained=True))
    layer = made.module[2]
    places = layer.weight_places().numpy()
    count = layer.buckets.numel()
    matrix = np.zeros((weight.numel(), count))
    matrix[np.arange(weight.numel()), places % count] = np.where(places < count, 1, -1)
    used = matrix.any(axis=0)
    solved = np.linalg.lstsq(matrix[:, used], weight.double().flatten().numpy(), rcond=None)[0]
    assert np.allclose(layer.buckets.detach().numpy().ravel()[used], solved, atol=1e-5)
    lost = float(((layer.weight.detach() - weight) ** 2).sum() / (weight**2).sum())
    assert made.done[1].energy == pytest.approx(1 - lost, abs=1e-5)


def test_a_network_without_dense_layers_is_refused_by_the_layer_that_makes_its_output():
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(StepError, match=r'"Hash 2": this network has no dense layer to hash; its output comes from 0 \(Conv2d\)'):
        hash_layers(net, torch.randn(2, 3, 4, 4), HashSettings(0.5), owner="Hash 2")


def test_layers_to_leave_alone_stay_dense(mlp):
    made = hash_layers(mlp, X, HashSettings(0.5, keep=("0",), keep_last=True))
    assert [type(layer).__name__ for layer in made.module if not isinstance(layer, nn.ReLU)] == ["Linear", "HashedLinear", "Linear"]
    with pytest.raises(StepError, match="are to be left alone"):
        hash_layers(nn.Sequential(nn.Linear(20, 3)), X, HashSettings(0.5, keep_last=True))


def test_what_hashing_would_undo_is_refused(mlp):
    masks = magnitude.prune(mlp, magnitude.MagnitudeSettings(0.5))
    with pytest.raises(StepError, match="0 was pruned; hashing would bring its weights back"):
        hash_layers(mlp, X, HashSettings(0.5), masks)
    tied = nn.Sequential(nn.Linear(20, 20), nn.Linear(20, 20))
    tied[1].weight = tied[0].weight
    with pytest.raises(StepError, match="0 uses the same weights as 1"):
        hash_layers(tied, X, HashSettings(0.5))
    hashed = hash_layers(nn.Sequential(nn.Linear(20, 20)), X, HashSettings(0.5)).module
    with pytest.raises(StepError, match="are hashed already"):
        hash_layers(hashed, X, HashSettings(0.5))
