"""Structured pruning shrinks the right channels, keeps the classes, and refuses by name what it cannot do."""

import copy

import pytest
import timm
import torch
import torch_pruning as tp
import torchvision
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import StepError
from greenbench.ml.compress import layers, magnitude
from greenbench.ml.compress.importance import Examples
from greenbench.ml.compress.structured import StructuredSettings, prune
from greenbench.ml.compress.traced import trace
from greenbench.ml.models import architecture_for, build

SMALL = layers.example(InputSpec(shape=(3, 64, 64)), batch=2)
TINY = layers.example(InputSpec(shape=(3, 8, 8)), batch=2)


def silenced(module: nn.Module, inputs: torch.Tensor, groups) -> None:
    """Sets channels of an unpruned network to zero wherever they are made."""
    parts = trace(module.eval(), inputs).parts
    for change in groups:
        root = module.get_submodule(change.layer)
        graph = next(part.graph for part in parts if not part.name or change.layer.startswith(f"{part.name}."))
        cutter = graph.get_pruner_of_module(root).prune_out_channels
        for dep, indices in graph.get_pruning_group(root, cutter, list(change.removed)):
            layer = dep.target.module
            if graph.is_out_channel_pruning_fn(dep.handler) and isinstance(layer, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
                layer.weight.data[indices] = 0
                if layer.bias is not None:
                    layer.bias.data[indices] = 0


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("resnet18", 11_689_512, 3_055_880), ("mobilenet_v2", 3_504_872, None), ("squeezenet1_1", 1_235_496, None)],
)
def test_a_pruned_network_computes_what_the_whole_one_does_without_those_channels(settle, name, before, after):
    """Parameter counts of torchvision; ResNet-18 with half its channels has 3.06 M."""
    torch.manual_seed(0)
    module = settle(torchvision.models.get_model(name, weights=None))
    whole = copy.deepcopy(module)
    assert sum(parameter.numel() for parameter in module.parameters()) == before
    done = prune(module, SMALL, StructuredSettings(0.5))
    silenced(whole, SMALL, done.groups)
    with torch.no_grad():
        expected, got = whole(SMALL), module(SMALL)
    assert got.shape == (2, 1000)
    assert torch.allclose(got, expected, atol=1e-4 * float(expected.abs().max()))
    if after:
        assert sum(parameter.numel() for parameter in module.parameters()) == after


@pytest.mark.parametrize("name", ["lenet_300_100", "lenet5", "resnet8", "mobilenet_small"])
@pytest.mark.parametrize("scope", ["uniform", "global"])
def test_our_own_networks_are_pruned_right(settle, name, scope):
    """Flattening, skips and depthwise convolutions; LeNet-5's dense layer loses 16 inputs for each channel."""
    spec = InputSpec(shape=(1, 28, 28))
    torch.manual_seed(0)
    module = settle(build(architecture_for(name, spec, 10)))
    whole, inputs = copy.deepcopy(module), layers.example(spec, batch=2)
    done = prune(module, inputs, StructuredSettings(0.5, scope=scope))
    silenced(whole, inputs, done.groups)
    with torch.no_grad():
        expected, got = whole(inputs), module(inputs)
    assert torch.allclose(got, expected, atol=1e-4 * float(expected.abs().max()))
    total, kept = sum(group.before for group in done.groups), sum(group.after for group in done.groups)
    assert abs(kept - total / 2) < len(done.groups)


@pytest.mark.parametrize(("ratio", "multiple"), [(0.5, None), (0.3, None), (0.75, None), (0.5, 4)])
def test_uniform_pruning_removes_the_channels_torch_pruning_removes(residual, ratio, multiple):
    peer = copy.deepcopy(residual)
    types = [nn.Conv2d, nn.Linear]
    pruner = tp.BasePruner(
        peer,
        (TINY,),
        tp.importance.GroupMagnitudeImportance(p=2, target_types=types),
        pruning_ratio=ratio,
        ignored_layers=[peer.head],
        round_to=multiple,
        in_channel_groups={},
        out_channel_groups={},
        num_heads={},
        channel_groups={},
    )
    pruner.step()
    prune(residual, TINY, StructuredSettings(ratio, multiple=multiple or 1))
    for name, value in residual.state_dict().items():
        assert torch.equal(value, peer.state_dict()[name]), name


def test_two_prunings_in_one_process_do_not_know_of_each_other(residual):
    """torch-pruning's constructor keeps its default dicts from call to call."""
    first, second = copy.deepcopy(residual), copy.deepcopy(residual)
    prune(first, TINY, StructuredSettings(0.5))
    prune(torchvision.models.resnext50_32x4d(weights=None), SMALL, StructuredSettings(0.25))
    prune(second, TINY, StructuredSettings(0.5))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_a_convolutional_classifier_keeps_its_classes():
    module = torchvision.models.squeezenet1_1(weights=None).eval()
    done = prune(module, SMALL, StructuredSettings(0.5, multiple=8))
    assert module.classifier[1].out_channels == 1000
    assert "classifier.1" not in {group.layer for group in done.groups}


def test_channels_are_rounded_up_to_a_multiple(residual):
    done = prune(residual, TINY, StructuredSettings(0.4, multiple=8))
    assert {(group.before, group.after) for group in done.groups} == {(16, 16), (48, 32)}


def test_global_pruning_meets_the_ratio_and_spares_each_group(residual):
    residual.join.weight.data[:40] *= 1e-4  # worthless channels: a global ranking takes them first
    done = prune(residual, TINY, StructuredSettings(0.4, scope="global", layer_limit=0.9))
    total, kept = sum(group.before for group in done.groups), sum(group.after for group in done.groups)
    assert kept == int(total * 0.6)
    changes = {group.layer: group for group in done.groups}
    assert set(changes["join"].removed) <= set(range(40))
    assert len(changes["join"].removed) > 0.4 * 48
    assert all(group.after >= 0.1 * group.before for group in done.groups)


def test_batch_norm_scales_rank_channels_when_asked(residual):
    residual.norm.weight.data = torch.linspace(1, 2, 16)
    residual.left[1].weight.data = torch.linspace(1, 2, 16)
    done = prune(residual, TINY, StructuredSettings(0.5, importance="bn"))
    group = next(group for group in done.groups if group.layer in ("stem", "left.0"))
    assert group.removed == tuple(range(8))
    assert done.notes  # "join" has no batch norm


def test_a_network_without_batch_norm_cannot_be_ranked_by_it(mlp):
    with pytest.raises(StepError, match="no batch normalisation"):
        prune(mlp, torch.randn(2, 20), StructuredSettings(0.5, importance="bn"))


def test_grouped_convolutions_lose_the_same_channels_in_each_group():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 24, 3), nn.ReLU(), nn.Conv2d(24, 24, 3, groups=4), nn.ReLU(), nn.Conv2d(24, 5, 1))
    done = prune(net, TINY, StructuredSettings(0.5))
    assert net[2].weight.shape == (12, 3, 3, 3)
    for group in done.groups:
        parts = torch.tensor(group.removed).reshape(4, 3)
        assert torch.equal(parts - torch.arange(4)[:, None] * 6, parts[:1].expand(4, 3))
    assert net(TINY).shape == (2, 5, 4, 4)


def test_emptying_a_layer_is_refused_by_name_with_the_largest_ratio():
    module = torchvision.models.resnet18(weights=None)
    with pytest.raises(StepError, match=r'^"Prune 3": ratio 0\.99 leaves 0 channels in \S*(conv|downsample)\S*; at most 0\.98 keeps one\.'):
        prune(module, SMALL, StructuredSettings(0.99), owner="Prune 3")
    prune(module, SMALL, StructuredSettings(0.98))
    assert module.conv1.out_channels == 1


def test_emptying_a_layer_globally_is_refused_with_the_largest_ratio(residual):
    residual.join.weight.data *= 0
    residual.head.weight.data *= 0
    attempt = copy.deepcopy(residual)
    with pytest.raises(StepError, match="leaves 0 channels in") as caught:
        prune(attempt, TINY, StructuredSettings(0.999, scope="global", layer_limit=1.0))
    largest = float(caught.value.message.split("at most ")[1].split()[0])
    done = prune(residual, TINY, StructuredSettings(largest, scope="global", layer_limit=1.0))
    assert min(group.after for group in done.groups) >= 1


def test_a_ratio_above_the_limit_for_each_layer_is_refused(residual):
    with pytest.raises(StepError, match=r"Ratio 0\.8 is more than a limit of 0\.5 in each layer allows; at most 0\.5 does"):
        prune(residual, TINY, StructuredSettings(0.8, scope="global", layer_limit=0.5))


@pytest.mark.parametrize(
    ("build", "around", "inside"),
    [
        (lambda: torchvision.models.shufflenet_v2_x0_5(weights=None), "stage2", "branch2"),
        (lambda: timm.create_model("vit_tiny_patch16_224", img_size=64, depth=2), "blocks.0.attn", "mlp.fc1"),
        (lambda: torchvision.models.SwinTransformer([4, 4], 24, [2, 2], [2, 4], [4, 4]), "features", "mlp.0"),
    ],
    ids=["ShuffleNetV2", "ViT", "Swin"],
)
def test_where_a_network_cannot_be_followed_channels_go_inside_the_blocks_that_can(settle, build, around, inside):
    """A shuffle and fused attention keep their width; the blocks around them still compute what they did without those channels."""
    torch.manual_seed(0)
    module = settle(build())
    whole = copy.deepcopy(module)
    done = prune(module, SMALL, StructuredSettings(0.5))
    silenced(whole, SMALL, done.groups)
    with torch.no_grad():
        expected, got = whole(SMALL), done.module(SMALL)
    assert torch.allclose(got, expected, atol=1e-4 * float(expected.abs().max()))
    assert all(inside in group.layer and group.after == group.before / 2 for group in done.groups)
    assert any(f"what passes through {around}" in note for note in done.notes)


def test_where_the_networks_own_code_knows_a_width_channels_go_inside_its_blocks(settle):
    """torchvision's Vision Transformer puts its patches in rows of the width it was built with."""
    torch.manual_seed(0)
    whole = settle(torchvision.models.VisionTransformer(32, 8, num_layers=1, num_heads=2, hidden_dim=16, mlp_dim=24, num_classes=5))
    module, x = copy.deepcopy(whole), torch.randn(2, 3, 32, 32)
    done = prune(module, x, StructuredSettings(0.5))
    assert [(group.layer, group.after) for group in done.groups] == [("encoder.layers.encoder_layer_0.mlp.0", 12)]
    assert any("through the network between them" in note for note in done.notes)
    mlp, gone = whole.encoder.layers.encoder_layer_0.mlp, list(done.groups[0].removed)
    with torch.no_grad():
        mlp[0].weight[gone], mlp[0].bias[gone] = 0, 0  # GELU keeps zero
        assert torch.allclose(module(x), whole(x), atol=1e-6)


class Shuffled(nn.Module):
    """ShuffleNet's first unit: grouped 1×1 convolutions with a shuffle between them."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(12, 12, 1, groups=3), nn.Conv2d(12, 12, 1, groups=3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        return self.second(x.view(len(x), 3, 4, *x.shape[2:]).transpose(1, 2).reshape(x.shape))


class Turned(nn.Module):
    """Two groups of channels, interleaved."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(len(x), 2, -1, *x.shape[2:]).transpose(1, 2).reshape(x.shape)


def test_a_network_that_cannot_be_followed_at_all_is_refused_by_layer():
    net = nn.Sequential(nn.Conv2d(3, 12, 3), nn.Sequential(Shuffled(), nn.ReLU()), nn.Flatten(), nn.Linear(432, 5))
    with pytest.raises(StepError, match=r'"Prune": channels cannot be removed .* the layer 1\.0 ') as caught:
        prune(net, TINY, StructuredSettings(0.5), owner="Prune")
    assert "magnitude" in caught.value.remedy


def test_a_shuffle_that_torch_pruning_takes_for_unmoved_is_no_way_for_a_cut():
    """With widths that divide evenly the cut network would run, without the channels that matter."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 24, 1), nn.ReLU(), nn.ChannelShuffle(2), Turned(), nn.Conv2d(24, 16, 1), nn.ReLU(), nn.Conv2d(16, 5, 1)
    )
    whole = copy.deepcopy(net)
    with pytest.raises(StepError, match=r"torch-pruning cannot follow the layer 2 \(it splits and reorders its channels\)"):
        prune(net, TINY, StructuredSettings(0.5))
    nested = nn.Sequential(*whole[:4], whole[4:])
    done = prune(nested, TINY, StructuredSettings(0.5))
    assert [(group.layer, group.after) for group in done.groups] == [("4.4", 8)]
    assert done.module[0].out_channels == 24


class Constant(nn.Module):
    """Runs with 24 channels only, which shows first when it runs."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(len(x), 24, x.shape[2], x.shape[3])


def test_a_cut_that_does_not_run_is_taken_back_and_done_around(settle):
    torch.manual_seed(0)
    tail = nn.Sequential(nn.Conv2d(24, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 5, 1))
    net = settle(nn.Sequential(nn.Conv2d(3, 24, 1), nn.Sequential(nn.ReLU(), Constant()), tail))
    whole = copy.deepcopy(net)
    done = prune(net, TINY, StructuredSettings(0.5))
    assert [(group.layer, group.after) for group in done.groups] == [("2.0", 8)]
    assert any("what passes through 1.1 keeps its width" in note for note in done.notes)
    assert torch.equal(net[0].weight, whole[0].weight)
    gone = list(done.groups[0].removed)
    with torch.no_grad():
        for parameter in (whole[2][1].weight, whole[2][1].bias):
            parameter[gone] = 0
        assert torch.allclose(net(TINY), whole(TINY), atol=1e-5)


def test_named_layers_keep_their_width(residual):
    done = prune(residual, TINY, StructuredSettings(0.5, keep=("right",)))
    assert residual.right[0].out_channels == 16
    assert residual.join.out_channels == 24
    assert "right.0" not in {group.layer for group in done.groups}


def test_taylor_scores_are_the_loss_that_goes_with_a_channel():
    """A linear network and a linear loss: |Σ w·g| of a channel is what the loss would change without it (Molchanov 2019, eq. 5)."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 8, bias=False), nn.Linear(8, 3, bias=False))
    x, y = torch.randn(40, 6), torch.randn(40, 3)

    def loss(outputs, truth):
        return (outputs * truth).sum(1).mean()

    with torch.no_grad():
        whole = float(loss(net(x), y))
        changes = []
        for channel in range(8):
            without = copy.deepcopy(net)
            without[0].weight[channel] = 0
            changes.append(abs(float(loss(without(x), y)) - whole))
    examples = Examples([(x, y)], loss)
    done = prune(net, x[:2], StructuredSettings(0.5, importance="taylor"), examples=examples)
    assert done.groups[0].removed == tuple(sorted(torch.tensor(changes).argsort()[:4].tolist()))
    assert all(parameter.grad is None for parameter in net.parameters())


def test_taylor_scores_of_one_batch_are_those_of_torch_pruning(residual):
    torch.manual_seed(0)
    x, y = torch.randn(8, 3, 8, 8), torch.randint(0, 5, (8,))
    peer = copy.deepcopy(residual)
    nn.functional.cross_entropy(peer(x), y).backward()
    types = [nn.Conv2d, nn.Linear]
    importance = tp.importance.GroupTaylorImportance(multivariable=True, target_types=types)
    fresh = {"in_channel_groups": {}, "out_channel_groups": {}, "num_heads": {}, "channel_groups": {}}
    tp.BasePruner(peer, (TINY,), importance, pruning_ratio=0.5, ignored_layers=[peer.head], **fresh).step()
    examples = Examples([(x, y)], nn.functional.cross_entropy)
    prune(residual, TINY, StructuredSettings(0.5, importance="taylor"), examples=examples)
    for name, value in residual.state_dict().items():
        assert torch.equal(value, peer.state_dict()[name]), name


def test_weights_that_are_no_numbers_are_refused_by_name(residual):
    name, weight = next(iter(residual.named_parameters()))
    weight.data.view(-1)[0] = float("nan")
    with pytest.raises(StepError, match=f"{name} holds values that are not numbers"):
        prune(residual, TINY, StructuredSettings(0.5), owner="Cut")


def test_taylor_without_examples_is_refused(residual):
    with pytest.raises(StepError, match="on examples"):
        prune(residual, TINY, StructuredSettings(0.5, importance="taylor"))


@pytest.mark.parametrize("scope", ["uniform", "global"])
def test_two_cuts_end_at_the_ratio_of_the_whole(residual, scope):
    first = prune(residual, TINY, StructuredSettings(0.25, scope=scope))
    at_first = {group.layer: group.before for group in first.groups}
    second = prune(residual, TINY, StructuredSettings(0.5, scope=scope, at_first=at_first))
    assert {group.layer: group.before for group in second.groups} == {group.layer: group.after for group in first.groups}
    assert sum(group.after for group in second.groups) == sum(at_first.values()) / 2
    if scope == "uniform":
        assert all(group.after == at_first[group.layer] / 2 for group in second.groups)


def test_a_single_layer_has_nothing_to_remove():
    with pytest.raises(StepError, match="no channels to remove"):
        prune(nn.Linear(4, 3), torch.randn(2, 4), StructuredSettings(0.5))


def test_masks_are_cut_with_their_weights(residual):
    masks = magnitude.prune(residual, magnitude.MagnitudeSettings(0.6, "layer"))
    with torch.no_grad():
        for name, mask in masks.items():  # survivors are marked by their value, so that each can be found again
            residual.get_parameter(name).copy_(torch.arange(mask.numel()).reshape(mask.shape) + 1.0).masked_fill_(~mask, 0.0)
    done = prune(residual, TINY, StructuredSettings(0.5), masks)
    assert set(done.masks) == set(masks)
    for name, mask in done.masks.items():
        weight = residual.get_parameter(name)
        assert mask.shape == weight.shape
        assert mask.dtype == torch.bool
        assert torch.equal(mask, weight != 0)


def test_the_mode_of_each_layer_is_kept(residual):
    residual.train()
    residual.norm.eval()
    prune(residual, TINY, StructuredSettings(0.5))
    assert residual.training
    assert not residual.norm.training


def test_layers_that_share_their_weights_are_refused_by_name():
    net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8), nn.Linear(8, 3))
    net[2].weight = net[0].weight
    with pytest.raises(StepError, match="0 and 2 use the same weights"):
        prune(net, torch.zeros(2, 8), StructuredSettings(0.5))
