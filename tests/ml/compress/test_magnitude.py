"""Magnitude pruning removes exactly what was asked for, the same weights as torch's own pruning, and never a whole layer."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune as torch_prune

from greenbench.core.errors import StepError
from greenbench.ml.compress.magnitude import MagnitudeSettings, Stage, kept_layers, named_shares, prune, sparsity
from greenbench.ml.compress.refusals import largest_ratio


def weighted(module: nn.Module) -> dict[str, nn.Module]:
    return {name: layer for name, layer in module.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)}


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.5, 0.75])
def test_global_pruning_removes_the_weights_that_torch_removes(residual, ratio):
    peer = copy.deepcopy(residual)
    torch_prune.global_unstructured([(layer, "weight") for layer in weighted(peer).values()], torch_prune.L1Unstructured, amount=ratio)
    masks = prune(residual, MagnitudeSettings(ratio))
    for name, layer in weighted(peer).items():
        assert torch.equal(masks[f"{name}.weight"], layer.weight_mask.bool())
        assert torch.equal(weighted(residual)[name].weight, layer.weight)


@pytest.mark.parametrize("ratio", [0.25, 0.5, 0.8])
def test_pruning_layer_by_layer_removes_the_weights_that_torch_removes(residual, ratio):
    peer = copy.deepcopy(residual)
    masks = prune(residual, MagnitudeSettings(ratio, "layer"))
    for name, layer in weighted(peer).items():
        torch_prune.l1_unstructured(layer, "weight", amount=ratio)
        assert torch.equal(masks[f"{name}.weight"], layer.weight_mask.bool())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0.0, -0.5, 0.5, 1.0, 2.0]), min_size=4, max_size=40), st.floats(0, 0.9))
def test_ties_do_not_change_how_many_are_removed(values, ratio):
    layer = nn.Linear(len(values), 1)
    layer.weight.data = torch.tensor([values])
    removed = round(ratio * len(values))
    if removed == len(values):
        return
    masks = prune(layer, MagnitudeSettings(ratio))
    assert int((~masks["weight"]).sum()) == removed
    sizes = torch.tensor(values).abs()
    assert not removed or sizes[~masks["weight"][0]].max() <= sizes[masks["weight"][0]].min()


def test_biases_and_normalisation_are_left_alone(residual):
    before = {name: value.clone() for name, value in residual.state_dict().items()}
    masks = prune(residual, MagnitudeSettings(0.7))
    assert set(masks) == {f"{name}.weight" for name in weighted(residual)}
    for name, value in residual.state_dict().items():
        assert name in masks or torch.equal(value, before[name])


def test_removed_weights_are_plus_zero_bit_for_bit(mlp):
    masks = prune(mlp, MagnitudeSettings(0.5))
    for name, mask in masks.items():
        assert not mlp.state_dict()[name].view(torch.int32)[~mask].any()


def test_first_and_last_layer_can_be_kept_whole(residual):
    kept = kept_layers(residual, torch.randn(1, 3, 8, 8), first=True, last=True)
    assert kept == ("stem", "head")
    masks = prune(residual, MagnitudeSettings(0.7, keep=kept))
    assert "stem.weight" not in masks
    assert "head.weight" not in masks
    assert sparsity(masks) == pytest.approx(0.7, abs=1e-3)


def test_pruning_twice_keeps_what_was_removed_before(mlp):
    first = prune(mlp, MagnitudeSettings(0.5))
    with torch.no_grad():
        survivor = first["0.weight"].nonzero()[0]
        mlp[0].weight[tuple(survivor)] = 0.0  # a zero that training happened upon goes after the masked ones, not before
    second = prune(mlp, MagnitudeSettings(0.8), first)
    for name in first:
        assert not (second[name] & ~first[name]).any()
    assert sum(int((~mask).sum()) for mask in second.values()) == round(0.8 * (600 + 360 + 48))


def test_a_smaller_ratio_than_before_changes_nothing(mlp):
    first = prune(mlp, MagnitudeSettings(0.5, "layer"))
    second = prune(mlp, MagnitudeSettings(0.2, "layer"), first)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_masks_of_kept_layers_are_handed_on(mlp):
    first = prune(mlp, MagnitudeSettings(0.5))
    second = prune(mlp, MagnitudeSettings(0.6, keep=("0",)), first)
    assert torch.equal(first["0.weight"], second["0.weight"])


def test_emptying_a_layer_is_refused_by_name_with_the_largest_ratio(mlp):
    before = copy.deepcopy(mlp)
    with pytest.raises(StepError, match=r'^"Prune 3": ratio 0\.99 leaves no weight in 4; at most 0\.97 keeps one\.') as caught:
        prune(mlp[:4].append(nn.Linear(12, 4, bias=False)), MagnitudeSettings(0.99, "layer"), owner="Prune 3")
    assert caught.value.remedy
    assert all(torch.equal(a, b) for a, b in zip(mlp.parameters(), before.parameters(), strict=False))
    prune(mlp, MagnitudeSettings(0.97, "layer"))


def test_a_global_threshold_that_empties_a_layer_is_refused_with_the_largest_ratio():
    net = nn.Sequential(nn.Linear(10, 10), nn.Linear(10, 10))
    net[0].weight.data = torch.arange(1.0, 101).reshape(10, 10) / 1000  # all of it before anything of the other layer
    net[1].weight.data = torch.arange(1.0, 101).reshape(10, 10)
    with pytest.raises(StepError, match=r"leaves no weight in 0; at most 0\.49 keeps one"):
        prune(net, MagnitudeSettings(0.6))
    masks = prune(net, MagnitudeSettings(0.49))
    assert int(masks["0.weight"].sum()) == 2


def test_a_model_that_diverged_is_refused(mlp):
    mlp[0].weight.data[0, 0] = float("nan")
    with pytest.raises(StepError, match="not numbers"):
        prune(mlp, MagnitudeSettings(0.5))


@pytest.mark.parametrize(
    ("removable", "count", "text"), [(31, 32, "0.96"), (511, 512, "0.998"), (3, 1000, "0.003"), (0, 1, "0"), (1, 2, "0.5")]
)
def test_the_largest_ratio_is_rounded_down_to_what_sets_it_apart(removable, count, text):
    assert largest_ratio(removable, count) == text
    assert round(float(text) * count) <= removable


@pytest.mark.parametrize("quality", [0.3, 1.0, 1.4])
def test_a_quality_factor_removes_what_is_below_that_many_standard_deviations(residual, quality):
    before = {name: layer.weight.detach().clone().numpy() for name, layer in weighted(residual).items()}
    masks = prune(residual, MagnitudeSettings(quality=quality))
    for name, weight in before.items():
        expected = abs(weight) >= np.float32(quality * weight.astype(np.float64).std())
        # A weight on the threshold may fall either way in float32.
        assert (masks[f"{name}.weight"].numpy() != expected).mean() < 1e-3


def test_a_quality_factor_looks_only_at_the_weights_that_are_left():
    layer = nn.Linear(4, 2, bias=False)
    layer.weight.data = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.0, -1.0, 2.0, -2.0]])
    earlier = {"weight": torch.tensor([[False] * 4, [True] * 4])}
    masks = prune(layer, MagnitudeSettings(quality=1.0), earlier)  # the deviation of ±1, ±2 is √2.5 = 1.58; with the zeros it is 1.12
    assert masks["weight"].tolist() == [[False] * 4, [False, False, True, True]]


def test_a_quality_factor_that_empties_a_layer_is_refused_with_the_largest_that_does_not(mlp):
    mlp[2].weight.data.fill_(0.5).mul_(torch.tensor([1.0, -1.0]).repeat(15))  # deviation 0.5, largest 0.5
    with pytest.raises(StepError, match=r"(?i)quality 1\.2 leaves no weight in 2; at most 1 keeps one"):
        prune(mlp, MagnitudeSettings(quality=1.2))


def test_each_layer_keeps_the_share_it_was_given_and_the_others_stay_whole(mlp):
    peer = copy.deepcopy(mlp)
    masks = prune(mlp, MagnitudeSettings(shares={"0": 0.08, "4": 0.25}))
    assert set(masks) == {"0.weight", "4.weight"}
    for name, share in (("0", 0.08), ("4", 0.25)):
        layer = peer.get_submodule(name)
        torch_prune.l1_unstructured(layer, "weight", amount=1 - share)
        assert torch.equal(masks[f"{name}.weight"], layer.weight_mask.bool())


def test_a_share_for_a_layer_that_is_not_there_names_the_nearest(residual):
    with pytest.raises(StepError, match=r'^"P": the network has no layer right\.1 with weights\.') as caught:
        named_shares(residual, {"right.1": 0.5}, "P")
    assert "right.0" in caught.value.remedy


def test_a_star_stands_for_all_layers_that_match(residual):
    shares = named_shares(residual, {"*": 0.5, "head": 0.9, "left.*": 1.0})
    assert shares == {"stem": 0.5, "left.0": 1.0, "right.0": 0.5, "join": 0.5, "head": 0.9}


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_half_way_through_a_schedule_half_of_the_way_is_gone(mlp, scope):
    first = prune(mlp, MagnitudeSettings(0.2, scope))
    masks = prune(mlp, MagnitudeSettings(0.6, scope), first, stage=Stage(lambda start, end: (start + end) / 2, first))
    assert sparsity(masks) == pytest.approx(0.4, abs=1e-3)
