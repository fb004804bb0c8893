"""Buckets against an independent NumPy formula, the gradients of both of Polino's methods, and a file that gives back every bit."""

import numpy as np
import pytest
import torch
from torch import nn

from greenbench.core.errors import StepError
from greenbench.ml.compress import bucket_file, buckets
from greenbench.ml.compress.buckets import AtPoints, BucketSettings, InBuckets

WEIGHT = torch.randn(7, 30, generator=torch.Generator().manual_seed(3))


def by_hand(weight: torch.Tensor, bits: int, size: int) -> np.ndarray:
    """round(s·(v − min)/(max − min))/s in each bucket (Polino 2018, section 2.1), one bucket at a time."""
    flat, steps = weight.numpy().astype(np.float64).ravel(), 2**bits - 1
    for start in range(0, len(flat), size):
        part = flat[start : start + size]
        low, span = part.min(), part.max() - part.min()
        flat[start : start + size] = low + span * np.round((part - low) / span * steps) / steps
    return flat.reshape(weight.shape)


@pytest.mark.parametrize(("bits", "size"), [(2, 64), (4, 64), (3, 210), (8, 16)])
def test_weights_take_the_nearest_level_of_their_bucket(bits: int, size: int) -> None:
    found = buckets.quantised(WEIGHT, bits, size)
    np.testing.assert_allclose(found.numpy(), by_hand(WEIGHT, bits, size), rtol=1e-5, atol=1e-6)
    assert max(len(torch.unique(part)) for part in found.flatten().split(size)) <= 2**bits
    assert torch.equal(buckets.coding(WEIGHT, BucketSettings(bits, size)).weight(), found)


def test_without_buckets_the_whole_layer_is_one() -> None:
    assert torch.equal(buckets.quantised(WEIGHT, 4, 0), buckets.quantised(WEIGHT, 4, WEIGHT.numel()))


def test_smaller_buckets_follow_the_weights_better() -> None:
    errors = [float(((buckets.quantised(WEIGHT, 2, size) - WEIGHT) ** 2).sum()) for size in (0, 32, 8)]
    assert errors == sorted(errors, reverse=True)


def test_equal_weights_stay_what_they_are() -> None:
    assert torch.equal(buckets.quantised(torch.full((4, 4), 0.3), 2, 8), torch.full((4, 4), 0.3))


def test_the_gradient_passes_straight_through() -> None:
    layer, x = nn.Linear(30, 7, bias=False), torch.randn(5, 30)
    with buckets.parametrised(layer, {"": InBuckets(BucketSettings(2, 64))}):
        layer(x).pow(2).sum().backward()
        moved = layer.get_parameter("parametrizations.weight.original").grad
        used = layer.weight.detach()
    expected = 2 * (used @ x.T) @ x  # of the quantised weights, as if they were the full ones
    torch.testing.assert_close(moved, expected)
    assert torch.equal(layer.weight, used)


def test_the_gradient_of_a_point_is_the_sum_over_its_weights_times_their_span() -> None:
    made = AtPoints(WEIGHT, BucketSettings(2, 64), "quantiles")
    points = made.points.clone().requires_grad_()
    upstream = torch.randn(WEIGHT.shape, generator=torch.Generator().manual_seed(4))
    (made(points) * upstream).sum().backward()
    expected = np.zeros(4)
    flat, gradients, centres = WEIGHT.flatten().numpy(), upstream.flatten().numpy(), made.points.numpy()
    for start in range(0, len(flat), 64):
        part = flat[start : start + 64]
        low, span = part.min(), part.max() - part.min()
        for value, gradient in zip(part, gradients[start : start + 64], strict=True):
            expected[np.argmin(np.abs(centres - (value - low) / span))] += span * gradient
    np.testing.assert_allclose(points.grad.numpy(), expected, rtol=1e-3, atol=1e-4)


def test_a_weight_changes_its_point_when_another_comes_nearer() -> None:
    weight = torch.tensor([[0.0, 0.4, 1.0, 1.0]])
    made = AtPoints(weight, BucketSettings(2, 4), "uniform")
    assert made(torch.tensor([0.0, 0.3, 0.9, 1.0])).tolist()[0] == pytest.approx([0, 0.3, 1, 1])
    assert made(torch.tensor([1.0, 0.45, 0.3, 0.0])).tolist()[0] == pytest.approx([0, 0.45, 1, 1])  # in any order


def test_points_start_with_as_many_weights_each() -> None:
    made = AtPoints(WEIGHT, BucketSettings(2, 0), "quantiles")
    ordered = np.sort(buckets.scaled(WEIGHT, 0).places.flatten().numpy())
    np.testing.assert_array_equal(made.points.numpy(), [ordered[26], ordered[78], ordered[131], ordered[183]])


@pytest.mark.parametrize("method", ["weights", "points"])
def test_the_file_gives_back_every_bit_and_pruned_weights_stay_zero(method: str, tmp_path) -> None:
    torch.manual_seed(0)
    layer = nn.Sequential(nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 3))
    kept = torch.rand(20, 30) > 0.5
    settings = BucketSettings(3, 64)
    made = InBuckets(settings, kept) if method == "weights" else AtPoints(layer[0].weight, settings, "quantiles", kept)
    with buckets.parametrised(layer, {"0": made}):
        found = buckets.codings(layer, {"0": made})
        used = layer[0].weight.detach().clone()
    buckets.put(layer, found)
    assert torch.equal(layer[0].weight, used)
    assert torch.count_nonzero(layer[0].weight[~kept]) == 0
    size = bucket_file.write(layer.state_dict(), found, tmp_path / "f")
    again = bucket_file.read(tmp_path / "f")
    assert again.keys() == layer.state_dict().keys()
    assert all(torch.equal(again[name], tensor) for name, tensor in layer.state_dict().items())
    assert size == (tmp_path / "f").stat().st_size
    assert buckets.most_values(found) <= 8


def test_a_file_of_two_bits_is_a_tenth_of_the_weights(tmp_path) -> None:
    layer = nn.Linear(256, 200, bias=False)
    found = {"": buckets.coding(layer.weight.detach(), BucketSettings(2, 256))}
    buckets.put(layer, found)
    size = bucket_file.write(layer.state_dict(), found, tmp_path / "f")
    # 2 of 32 bits, and 64 bits for each 256 weights: 0.0625 + 0.0078 of the plain tensor, plus names.
    assert size < 0.085 * 4 * layer.weight.numel()


def test_the_first_and_the_last_layer_are_found_by_running_the_network() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 6), nn.Linear(6, 2))
    assert buckets.chosen_layers(module, torch.zeros(1, 4), ends=True) == ["0", "1", "2"]
    assert buckets.chosen_layers(module, torch.zeros(1, 4), ends=False) == ["1"]
    with pytest.raises(StepError, match="No layer is left between the first and the last"):
        buckets.chosen_layers(module[1:], torch.zeros(1, 5), ends=False)


def test_layers_that_share_a_tensor_are_refused_by_name():
    net = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    net[1].weight = net[0].weight
    with pytest.raises(StepError, match="0 and 1 use the same weights"):
        buckets.chosen_layers(net, torch.zeros(1, 8), ends=True)
