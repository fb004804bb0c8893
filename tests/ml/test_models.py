"""Networks by name have the sizes their papers give, take the data's shape, and say plainly when they cannot."""

from pathlib import Path
from urllib.error import URLError

import pytest
import torch
import torchvision
from torch import nn

from greenbench.core.artifact import Architecture, InputSpec
from greenbench.core.errors import ModelError
from greenbench.ml.artifacts import Blueprint, save_module
from greenbench.ml.footprint import parameters
from greenbench.ml.models import architecture_for, build, build_pretrained, check_output, default_input, names, published
from greenbench.ml.models.reach import hub_or_cache
from greenbench.ml.models.registry import resolve

OWN = ["lenet_300_100", "lenet5", "resnet8", "resnet14", "mobilenet_small"]


def network(name: str, shape: tuple[int, ...], classes: int = 10, width: int | None = None) -> nn.Module:
    return build(architecture_for(name, InputSpec(shape=shape), classes, width))


def test_lenets_have_the_parameters_of_han_2015() -> None:
    assert parameters(network("lenet_300_100", (1, 28, 28))) == 266_610
    assert parameters(network("lenet5", (1, 28, 28))) == 431_080


@pytest.mark.parametrize(("name", "millions"), [("resnet20", 0.27), ("resnet32", 0.46), ("resnet44", 0.66), ("resnet56", 0.85)])
def test_small_resnets_have_the_parameters_of_he_2015_table_6(name: str, millions: float) -> None:
    assert parameters(network(name, (3, 32, 32))) / 1e6 == pytest.approx(millions, abs=0.01)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 32, 24)])
def test_our_networks_take_any_image_and_answer_each_class(name: str, shape: tuple[int, ...]) -> None:
    module = network(name, shape, 7)
    assert module(torch.randn(2, *shape)).shape == (2, 7)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("torchvision/resnet18", (1, 40, 40)),
        ("torchvision/squeezenet1_1", (4, 64, 64)),
        ("torchvision/vit_b_16", (3, 32, 32)),
        ("timm/vit_tiny_patch16_224", (1, 64, 64)),
        ("timm/mobilenetv3_small_050", (1, 32, 32)),
    ],
)
def test_library_networks_are_adapted_to_channels_size_and_classes(name: str, shape: tuple[int, ...]) -> None:
    module = network(name, shape, 5)
    check_output(module, InputSpec(shape=shape), 5, name)


def test_width_scales_a_network_by_its_square() -> None:
    wide, narrow = (parameters(network("resnet8", (1, 16, 16), width=width)) for width in (32, 10))
    assert wide / narrow == pytest.approx((32 / 10) ** 2, rel=0.03)
    with pytest.raises(ModelError, match="width of lenet5 is fixed"):
        architecture_for("lenet5", InputSpec(shape=(1, 28, 28)), 10, 8)


def test_an_architecture_survives_json() -> None:
    architecture = architecture_for("mobilenet_small", InputSpec(shape=(1, 16, 16)), 10, 8)
    again = Architecture.model_validate_json(architecture.model_dump_json())
    assert parameters(build(again)) == parameters(build(architecture))


def test_bare_names_are_looked_up_in_our_own_then_torchvision_then_timm() -> None:
    assert architecture_for("resnet20", InputSpec(shape=(1, 8, 8)), 2).name == "resnet20"
    assert architecture_for("resnet18", InputSpec(shape=(1, 8, 8)), 2).name == "torchvision/resnet18"
    assert architecture_for("resnet26", InputSpec(shape=(1, 8, 8)), 2).name == "timm/resnet26"


@pytest.mark.parametrize(
    ("name", "said"),
    [("resnet21", "resnet20"), ("keras/resnet", "torchvision/NAME"), ("timm/resnet_18", "resnet18"), ("", "list models"), ("a b/../c", "")],
)
def test_an_unknown_name_is_answered_with_what_there_is(name: str, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        architecture_for(name, InputSpec(shape=(1, 8, 8)), 2)
    assert said in str(caught.value)


def test_the_list_has_every_source() -> None:
    listed = names()
    assert {"lenet5", "torchvision/resnet18", "timm/efficientnet_b0"} <= listed.keys()
    assert {"mlp", "text_conv", "torchvision/fcn_resnet50", "torchvision/fasterrcnn_resnet50_fpn"} <= listed.keys()
    assert "torchvision/r3d_18" not in listed  # takes films


def test_a_model_that_answers_other_classes_is_named_with_both_numbers() -> None:
    with pytest.raises(ModelError, match=r"resnet8 gives 10 outputs, the data set has 3 classes"):
        check_output(network("resnet8", (1, 8, 8), 10), InputSpec(shape=(1, 8, 8)), 3, "resnet8")
    with pytest.raises(ModelError, match=r"gives 10×8×8 outputs"):
        check_output(nn.Conv2d(1, 10, 1), InputSpec(shape=(1, 8, 8)), 10, "net")


@pytest.mark.parametrize(("name", "shape"), [("lenet5", (1, 8, 8)), ("timm/resnet18", (20,)), ("torchvision/vit_b_16", (3, 30, 30))])
def test_input_that_a_network_cannot_take_is_refused_with_a_sentence(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError):
        network(name, shape)


def test_an_image_that_vanishes_inside_is_refused() -> None:
    module = network("torchvision/alexnet", (3, 32, 32))
    with pytest.raises(ModelError, match="Raise the image size"):
        check_output(module, InputSpec(shape=(3, 32, 32)), 10, "torchvision/alexnet")


def test_pretrained_weights_without_a_network_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise URLError("name resolution failed")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fail)
    with pytest.raises(ModelError, match=r"pretrained weights of torchvision/resnet18 cannot be loaded.*name resolution") as caught:
        build_pretrained(architecture_for("resnet18", InputSpec(shape=(3, 64, 64)), 10))
    assert "Connect to the network" in caught.value.remedy
    with pytest.raises(ModelError, match="no pretrained weights for resnet8"):
        build_pretrained(architecture_for("resnet8", InputSpec(shape=(3, 64, 64)), 10))


def test_pretrained_weights_are_taken_wherever_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    published = torchvision.models.resnet18(weights=None).state_dict()
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda *_, **__: published)
    module = build_pretrained(architecture_for("resnet18", InputSpec(shape=(1, 64, 64)), 10)).state_dict()
    assert torch.equal(module["layer3.0.conv1.weight"], published["layer3.0.conv1.weight"])
    assert torch.allclose(module["conv1.weight"], published["conv1.weight"].sum(1, keepdim=True))
    assert module["fc.weight"].shape == (10, 512)


def test_published_networks_name_the_input_of_their_weights() -> None:
    spec = default_input("torchvision/inception_v3")
    assert spec.shape == (3, 299, 299)
    assert spec.mean == (0.485, 0.456, 0.406)
    assert default_input("timm/vit_tiny_patch16_224").mean == (0.5, 0.5, 0.5)
    assert default_input("lenet5").shape == (1, 28, 28)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("lenet", "lenet_300_100"), ("torchvision/resnet81", "torchvision/resnet18"), ("timm/resnt18", "resnet18"), ("ResNet8", "resnet8")],
)
def test_a_misspelt_name_is_answered_with_near_ones(typed: str, meant: str) -> None:
    with pytest.raises(ModelError) as caught:
        resolve(typed)
    assert f'"{typed}"' in caught.value.message
    assert meant in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "interpolation", "crop", "outputs"),
    [
        ("torchvision/resnet18", "bilinear", 224 / 256, 1000),
        ("torchvision/swin_t", "bicubic", 224 / 232, 1000),
        ("timm/vit_tiny_patch16_224", "bicubic", 0.9, 1000),
        ("timm/resnet50", "bicubic", 0.95, 1000),
    ],
)
def test_published_weights_say_how_images_are_brought_to_size(name: str, interpolation: str, crop: float, outputs: int) -> None:
    known = published(name)
    assert (known.input.interpolation, known.input.crop, known.outputs) == (interpolation, pytest.approx(crop), outputs)
    assert known.classes[0] == "tench"


def test_detectors_normalise_by_themselves_and_segmentation_does_not() -> None:
    boxes, areas = published("torchvision/fasterrcnn_resnet50_fpn"), published("torchvision/fcn_resnet50")
    assert (boxes.task, boxes.input.mean, boxes.outputs) == ("detection", (0.0,), 91)
    assert (areas.task, areas.input.shape, areas.input.mean, areas.outputs) == ("segmentation", (3, 520, 520), (0.485, 0.456, 0.406), 21)


def test_a_constructor_that_needs_real_numbers_is_saved_all_the_same(tmp_path: Path) -> None:
    spec = InputSpec(shape=(3, 32, 32))
    architecture = architecture_for("torchvision/regnet_y_400mf", spec, 3)
    with torch.device("meta"), pytest.raises(NotImplementedError):
        build(architecture)
    made = save_module(build(architecture), tmp_path, Blueprint(architecture, spec, ("a", "b", "c")))
    assert made.footprint.parameters == 4_344_144 - 997 * (440 + 1)  # torchvision's num_params, less the last layer's outputs


def test_out_of_reach_the_hub_is_not_tried_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")

    def fail(*_: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", fail)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", "/nowhere")
    with hub_or_cache() as reason:
        assert constants.HF_HUB_OFFLINE
        assert "no connection to huggingface.co" in reason
    assert not constants.HF_HUB_OFFLINE
    with pytest.raises(ModelError, match=r"timm/mobilenetv3_small_050 cannot be loaded: no connection to huggingface\.co"):
        build_pretrained(architecture_for("timm/mobilenetv3_small_050", InputSpec(shape=(3, 32, 32)), 10))
