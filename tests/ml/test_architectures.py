"""The efficient architectures are those of their papers: counts to the last parameter, and each against another implementation."""

import pytest
import torch
import torchvision
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError
from greenbench.ml.footprint import flops, parameters
from greenbench.ml.models import architecture_for, build
from greenbench.ml.models.efficientnet import compound
from greenbench.ml.models.shufflenet_v1 import ChannelShuffle

IMAGENET = (3, 224, 224)


def network(name: str, shape: tuple[int, ...] = IMAGENET, classes: int = 1000, width: int | None = None, **options) -> nn.Module:
    return build(architecture_for(name, InputSpec(shape=shape), classes, width, options))


def counted(name: str, shape: tuple[int, ...] = IMAGENET, classes: int = 1000, **options) -> tuple[int, int]:
    """Parameters and multiply-adds."""
    with torch.device("meta"):
        module = network(name, shape, classes, **options)
    return parameters(module), flops(module, InputSpec(shape=shape)) // 2


# Howard 2017, tables 6 and 7: millions of multiply-adds and of parameters.
@pytest.mark.parametrize(
    ("width", "side", "macs", "millions"),
    [(1.0, 224, 569, 4.2), (0.75, 224, 325, 2.6), (0.5, 224, 149, 1.3), (0.25, 224, 41, 0.5), (1.0, 192, 418, 4.2), (1.0, 160, 290, 4.2),
     (1.0, 128, 186, 4.2)],
)  # fmt: skip
def test_mobilenet_counts_like_its_paper(width, side, macs, millions) -> None:
    found = counted("mobilenet_v1", (3, side, side), width_multiplier=width)
    assert found[1] / 1e6 == pytest.approx(macs, rel=0.01)
    assert round(found[0] / 1e6, 1) == millions


# Zhang 2017: 0.5× and 0.25× with three groups, as the paper rounds them.
@pytest.mark.parametrize(("scale", "millions"), [(0.5, 38), (0.25, 13)])
def test_shufflenet_counts_like_its_paper(scale, millions) -> None:
    assert round(counted("shufflenet_v1", width_multiplier=scale, groups=3)[1] / 1e6) == millions


def test_shuffling_costs_nothing_and_more_groups_give_more_channels_for_the_same_work() -> None:
    assert counted("shufflenet_v1", shuffle=False) == counted("shufflenet_v1")
    work = {groups: counted("shufflenet_v1", groups=groups) for groups in (1, 2, 3, 4, 8)}
    counts = [found[0] for found in work.values()]
    assert counts == sorted(counts)
    # The paper sets the channels so that all five lie in the class of 140 M.
    assert all(found[1] / 1e6 == pytest.approx(140, rel=0.05) for found in work.values())
    with pytest.raises(ModelError, match="1, 2, 3, 4 or 8 groups, not 5"):
        counted("shufflenet_v1", groups=5)


def test_a_shuffle_deals_the_channels_like_torchs_own() -> None:
    x = torch.randn(2, 12, 3, 3)
    for groups in (2, 3, 4):
        assert torch.equal(ChannelShuffle(groups)(x), nn.ChannelShuffle(groups)(x))


def test_without_shuffle_a_group_never_hears_of_another_and_with_it_does() -> None:
    torch.manual_seed(0)
    for shuffle in (False, True):
        unit = network("shufflenet_v1", (3, 64, 64), 10, groups=2, shuffle=shuffle).eval().units[1]
        one = torch.rand(1, 200, 4, 4)
        other = one.clone()
        other[:, 100:] += 1
        changed = (unit(one) != unit(other)).flatten(2).any(2)[0]
        assert bool(changed[:100].any()) == shuffle


def test_xception_counts_like_its_paper_and_like_timms() -> None:
    import timm

    assert counted("xception", (3, 299, 299)) == counted("timm/legacy_xception", (3, 299, 299))
    assert counted("xception", (3, 299, 299))[0] == 22_855_952
    ours, theirs = network("xception", (3, 96, 96), 10), timm.create_model("legacy_xception", num_classes=10)
    shapes = [sorted(tuple(p.shape) for p in module.parameters()) for module in (ours, theirs)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(("name", "width", "depth"), [("b0", 1.0, 1.0), ("b3", 1.2, 1.4)])
def test_efficientnet_by_its_multipliers_is_torchvisions(name, width, depth) -> None:
    torch.manual_seed(0)
    ours = network("efficientnet", (3, 64, 64), 7, width_multiplier=width, depth_multiplier=depth).eval()
    theirs = torchvision.models.get_model(f"efficientnet_{name}", weights=None, num_classes=7).eval()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x = torch.randn(1, 3, 64, 64)
    # Batch norm's ε differs between B0–B4 and B5–B7 in torchvision; these two have the usual one.
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-5)


def test_the_compound_formula_doubles_the_work_at_phi_one() -> None:
    width, depth, resolution = compound(1.0)
    assert (width, depth, resolution) == (1.1, 1.2, 1.15)
    assert depth * width**2 * resolution**2 == pytest.approx(2, rel=0.05)  # Tan 2019, equation 3: α·β²·γ² ≈ 2
    assert compound(0) == (1, 1, 1)


@pytest.mark.parametrize(("name", "count"), [("squeezenet1_0", 1_248_424), ("squeezenet1_1", 1_235_496), ("resnet18", 11_689_512)])
def test_library_networks_count_like_their_papers(name, count) -> None:
    assert counted(f"torchvision/{name}")[0] == count


SMALL = ("mobilenet_v1_small", "shufflenet_v1_small", "shufflenet_v2_small", "efficientnet_small", "squeezenet_small", "xception_small",
         "cnn_small")  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_networks_for_small_images_take_digits_and_photographs(name) -> None:
    for shape in ((1, 8, 8), (1, 28, 28), (3, 32, 32)):
        module = network(name, shape, 5).train()
        outputs = module(torch.randn(4, *shape))
        assert outputs.shape == (4, 5)
        outputs.square().mean().backward()
        assert all(parameter.grad is not None for parameter in module.parameters())


def test_small_images_take_the_first_two_strides_away_and_change_no_weight() -> None:
    plain, small = (network("torchvision/resnet18", (3, 32, 32), 10, **given) for given in ({}, {"small_images": True}))
    assert (small.conv1.stride, small.maxpool.stride) == ((1, 1), 1)
    assert small.layer2[0].conv1.stride == (2, 2)
    shapes = [{name: tensor.shape for name, tensor in module.state_dict().items()} for module in (plain, small)]
    assert shapes[0] == shapes[1]
    seen = []
    small.layer4.register_forward_hook(lambda *given: seen.append(given[2].shape[-2:]))
    small.eval()(torch.zeros(1, 3, 32, 32))
    assert seen == [(4, 4)]  # 32 / 8 instead of 32 / 32


def test_small_images_are_refused_where_there_is_no_stride_to_take() -> None:
    with pytest.raises(ModelError, match=r"convnext_tiny looks at 2×2 pixels.*Switch off Small images"):
        network("torchvision/convnext_tiny", (3, 32, 32), 10, small_images=True)
    with pytest.raises(ModelError, match=r"cannot be made for small images|no first layers"):
        network("torchvision/vit_b_32", (3, 32, 32), 10, small_images=True)


def test_options_that_a_network_has_not_are_refused_by_name() -> None:
    with pytest.raises(ModelError, match=r"mlp has no groups to choose\. Only shufflenet_v1, shufflenet_v1_small have"):
        architecture_for("mlp", InputSpec(shape=(4,)), 3, None, {"groups": 2})
    with pytest.raises(ModelError, match="resnet18 has no width multiplier"):
        architecture_for("resnet18", InputSpec(shape=(3, 32, 32)), 3, None, {"width_multiplier": 0.5})


def test_an_mlp_of_other_depth_is_the_one_of_the_papers() -> None:
    # HashedNets: 784-1000-10; Hinton 2015: 784-1200-1200-10 with dropout.
    assert counted("mlp", (1, 28, 28), 10, hidden_layers=1) == (784 * 128 + 128 + 1290, 784 * 128 + 1280)
    assert parameters(network("mlp", (1, 28, 28), 10, 1000, hidden_layers=1)) == 784 * 1000 + 1000 + 10_010
    teacher = network("mlp", (1, 28, 28), 10, 1200, dropout=0.5)
    assert parameters(teacher) == 784 * 1200 + 1200 + 1200 * 1201 + 12_010
    x = torch.rand(1, 1, 28, 28)
    assert not torch.equal(teacher.train()(x), teacher(x))
    assert torch.equal(teacher.eval()(x), teacher(x))


def test_a_description_from_before_there_were_options_builds_the_usual() -> None:
    plan = architecture_for("mlp", InputSpec(shape=(4,)), 3, 8)
    older = plan.model_copy(update={"arguments": {"shape": [4], "classes": 3, "width": 8}})
    assert str(build(older)) == str(build(plan))
