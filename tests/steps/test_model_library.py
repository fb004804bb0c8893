"""A network by name takes the shape of its data; with published or local weights it keeps what they were trained with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from PIL import Image
from safetensors.torch import load_file, save_file

from greenbench.core.artifact import Architecture, ModelArtifact
from greenbench.core.errors import FileFormatError, ModelError
from greenbench.ml.artifacts import load_module
from greenbench.ml.models import build

NAME = "torchvision/squeezenet1_1"


@pytest.fixture(scope="module")
def pictures(run_step: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two classes of ten colour images each, at 40 pixels."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, colour in (("cat", (200, 30, 30)), ("dog", (30, 30, 200))):
        (folder / name).mkdir()
        for index in range(10):
            Image.new("RGB", (40, 40), (*colour[:2], colour[2] - index)).save(folder / name / f"{index}.png")
    return run_step("data.folder", folder=str(folder), size=40)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> dict[str, torch.Tensor]:
    """What torchvision would download."""
    torch.manual_seed(3)
    state = torchvision.models.squeezenet1_1(weights=None).state_dict()
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda *_, **__: state)
    return state


def model(ran: Any) -> ModelArtifact:
    made: ModelArtifact = ran.stored.model
    return made


def test_without_weights_the_data_rules(run_step: Callable[..., Any], pictures: Any) -> None:
    made = model(run_step("model.library", name="resnet8", width=4, data=pictures))
    assert made.input == pictures.stored.dataset.input
    assert made.classes == ("cat", "dog")
    assert (made.task, made.origin, made.licence, made.trained) == ("classification", "resnet8", "MIT", False)
    assert model(run_step("model.library", name="resnet8", width=4, size=24, data=pictures)).input.shape == (3, 24, 24)


def test_published_weights_keep_their_preprocessing(run_step: Callable[..., Any], pictures: Any, published: Any) -> None:
    ran = run_step("model.library", name=NAME, pretrained=True, data=pictures)
    made = model(ran)
    assert (made.input.shape, made.input.mean, made.input.std) == ((3, 40, 40), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert (made.input.interpolation, made.input.crop) == ("bilinear", 0.875)  # torchvision: 224 of 256
    assert made.classes == ("cat", "dog")
    assert not made.trained
    assert "started anew" in made.notes[0]
    assert "normalisation" not in " ".join(made.notes)
    assert made.licence == "BSD-3-Clause"


def test_without_data_published_weights_bring_their_classes(run_step: Callable[..., Any], published: Any) -> None:
    ran = run_step("model.library", name=NAME, pretrained=True, size=64)
    made = model(ran)
    assert len(made.classes) == 1000
    assert made.classes[:2] == ("tench", "goldfish")
    assert made.trained
    assert made.notes == ()
    assert torch.equal(load_module(ran.stored).state_dict()["classifier.1.weight"], published["classifier.1.weight"])


def test_no_network_names_both_ways(run_step: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fail)
    with pytest.raises(ModelError, match="Name or service not known") as caught:
        run_step("model.library", name=NAME, pretrained=True, size=64)
    assert "network" in caught.value.remedy
    assert "Weights file" in caught.value.remedy


@pytest.mark.parametrize("form", ["safetensors", "state dict", "checkpoint of a wrapped network"])
def test_weights_come_from_a_local_file(run_step: Callable[..., Any], tmp_path: Path, form: str) -> None:
    torch.manual_seed(5)
    state = torchvision.models.squeezenet1_1(weights=None).state_dict()
    path = tmp_path / "weights"
    match form:
        case "safetensors":
            save_file(state, path)
        case "state dict":
            torch.save(state, path)
        case _:
            torch.save({"epoch": 3, "state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}, path)
    ran = run_step("model.library", name=NAME, weights_file=str(path), size=64)
    assert model(ran).trained
    assert len(model(ran).classes) == 1000
    assert model(ran).origin == f"{NAME}, weights from weights"
    assert torch.equal(load_module(ran.stored).state_dict()["features.0.weight"], state["features.0.weight"])


def test_weights_for_other_classes_start_the_last_layer_anew(run_step: Callable[..., Any], tmp_path: Path, pictures: Any) -> None:
    first = run_step("model.library", name="resnet8", width=4, classes=5, channels=3)
    path = first.stored.file("weights")
    ran = run_step("model.library", name="resnet8", width=4, weights_file=str(path), data=pictures)
    assert not model(ran).trained
    assert "started anew" in model(ran).notes[0]
    old, new = load_file(path), load_module(ran.stored).state_dict()
    assert torch.equal(new["stem.0.weight"], old["stem.0.weight"])
    assert new["classifier.weight"].shape[0] == 2


def test_weights_of_another_network_are_named(run_step: Callable[..., Any], tmp_path: Path) -> None:
    other = run_step("model.library", name="resnet14", width=4)
    with pytest.raises(ModelError, match=r"weights of resnet8; missing: blocks\.1\.shortcut.*unexpected: blocks\.3") as caught:
        run_step("model.library", name="resnet8", width=4, weights_file=str(other.stored.file("weights")))
    assert "more" in str(caught.value)
    with pytest.raises(ModelError, match=r"does not fit resnet14 as it is built here: .* instead of"):
        run_step("model.library", name="resnet14", width=8, weights_file=str(other.stored.file("weights")))


def test_a_missing_tensor_and_values_that_are_no_numbers_are_named(run_step: Callable[..., Any], tmp_path: Path) -> None:
    state = build(Architecture(name="mlp", arguments={"shape": [16], "classes": 10, "width": 8})).state_dict()
    path = tmp_path / "w.safetensors"
    save_file({name: tensor for name, tensor in state.items() if name != "3.bias"}, path)
    with pytest.raises(ModelError, match=r"missing: 3\.bias\."):
        run_step("model.library", name="mlp", width=8, weights_file=str(path))
    state["1.weight"][0, 0] = float("nan")
    save_file(state, path)
    with pytest.raises(ModelError, match=r"1\.weight has values that are not numbers"):
        run_step("model.library", name="mlp", width=8, weights_file=str(path))


class Payload:
    """A pickle that would write a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.path), "w")


def test_a_pickle_with_a_payload_does_not_run(run_step: Callable[..., Any], tmp_path: Path) -> None:
    path, witness = tmp_path / "w.pt", tmp_path / "ran"
    torch.save({"weight": Payload(witness)}, path)
    with pytest.raises(FileFormatError, match="holds more than numbers"):
        run_step("model.library", name="mlp", weights_file=str(path))
    assert not witness.exists()


def test_half_a_weights_file_is_told(run_step: Callable[..., Any], tmp_path: Path) -> None:
    whole = tmp_path / "whole.pt"
    torch.save(build(Architecture(name="mlp", arguments={"shape": [16], "classes": 10, "width": 8})).state_dict(), whole)
    half = tmp_path / "half.pt"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(FileFormatError):
        run_step("model.library", name="mlp", weights_file=str(half))


def test_random_inputs_shape_images_but_not_texts(run_step: Callable[..., Any]) -> None:
    noise = run_step("data.random", channels=3, size=32, classes=7)
    assert model(run_step("model.library", name="resnet8", width=4, data=noise)).input.shape == (3, 32, 32)
    made = model(run_step("model.library", name="text_average", width=4, words=9, data=noise))
    assert (made.input.kind, made.input.shape, len(made.classes)) == ("text", (9,), 7)


def test_texts_make_a_text_network(run_step: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("text,label\n" + "".join(f"word{index} and more,{'ab'[index % 2]}\n" for index in range(60)))
    texts = run_step("data.text", file=str(path))
    made = model(run_step("model.library", name="text_conv", width=4, words=12, data=texts))
    assert (made.input.kind, made.input.shape, made.input.dtype) == ("text", (12,), "int64")
    assert made.input.tokens is not None
    assert (made.input.tokens.kind, made.classes) == ("hash", ("a", "b"))
    assert made.footprint.flops == 2 * (128 * 4 * (3 * 10 + 4 * 9 + 5 * 8) + 12 * 2)  # windows of 3, 4, 5 in 12 words; the last layer
    with pytest.raises(ModelError, match="resnet8 takes images, not texts") as caught:
        run_step("model.library", name="resnet8", data=texts)
    assert "text_average" in caught.value.remedy


def test_a_text_network_refuses_images(run_step: Callable[..., Any], digits: Any) -> None:
    with pytest.raises(ModelError, match="text_average takes texts, not images"):
        run_step("model.library", name="text_average", data=digits)
    with pytest.raises(ModelError, match="looks at 5 words"):
        run_step("model.library", name="text_conv", words=3)


def test_segmentation_gives_scores_for_each_pixel(run_step: Callable[..., Any], pictures: Any) -> None:
    ran = run_step("model.library", name="torchvision/lraspp_mobilenet_v3_large", size=64, classes=4)
    assert (model(ran).task, len(model(ran).classes)) == ("segmentation", 4)
    module = load_module(ran.stored)
    assert module(torch.zeros(2, 3, 64, 64)).shape == (2, 4, 64, 64)
    reference = torchvision.models.get_model("lraspp_mobilenet_v3_large", weights=None, weights_backbone=None, num_classes=4).eval()
    reference.load_state_dict(module.state_dict())
    example = torch.randn(1, 3, 64, 64)
    assert torch.equal(module(example), reference(example)["out"])


def test_detection_gives_boxes_as_torchvision_does(run_step: Callable[..., Any], pictures: Any) -> None:
    ran = run_step("model.library", name="torchvision/ssdlite320_mobilenet_v3_large", data=pictures)
    made = model(ran)
    assert (made.task, made.input.shape, len(made.classes), made.classes[1]) == ("detection", (3, 40, 40), 91, "person")
    module = load_module(ran.stored)
    reference = torchvision.models.get_model("ssdlite320_mobilenet_v3_large", weights=None, weights_backbone=None, num_classes=91).eval()
    reference.load_state_dict(module.state_dict())
    example = torch.rand(1, 3, 40, 40)
    with torch.no_grad():
        found, (expected,) = module(example), reference([example[0]])
    assert found.shape == (1, 100, 6)
    count = min(100, len(expected["scores"]))
    assert torch.equal(found[0, :count, 4], expected["scores"][:count])
    assert torch.equal(found[0, :count, :4], expected["boxes"][:count])
    assert not found[0, count:].any()


def test_the_knobs_of_the_papers_reach_the_network(run_step) -> None:
    one = run_step("model.library", "M", name="shufflenet_v1", size=64, groups=8, shuffle=False, width_multiplier=0.5, classes=1000)
    plan = one.stored.model.architecture.arguments
    assert (plan["groups"], plan["shuffle"], plan["width_multiplier"]) == (8, False, 0.5)
    dense = run_step("model.library", "D", name="mlp", width=1000, hidden_layers=1, channels=1, size=28)
    assert dense.stored.model.architecture.arguments["hidden_layers"] == 1


def test_the_compound_coefficient_sets_width_depth_and_resolution_together(run_step, digits) -> None:
    grown = run_step("model.library", "E", name="efficientnet_small", compound=3.0, data=digits)
    plan = grown.stored.model.architecture.arguments
    assert plan["width_multiplier"] == pytest.approx(0.5 * 1.1**3)
    assert plan["depth_multiplier"] == pytest.approx(0.5 * 1.2**3)
    assert grown.stored.model.input.shape == (1, 12, 12)  # 8 × 1.15³ = 12.17
    with pytest.raises(ModelError, match="mlp has no compound coefficient"):
        run_step("model.library", name="mlp", compound=1.0)
    with pytest.raises(ModelError, match="resnet8 has no groups to choose"):
        run_step("model.library", name="resnet8", groups=2)
