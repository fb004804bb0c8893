"""Bare weights find the architecture they belong to, adapted to their classes and channels; what does not fit is listed."""

import gzip
import json
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError
from greenbench.ml.models import architecture_for, build
from greenbench.ml.models.weights import Shapes, differences, fingerprint, match, matches, read_index

STATE_DICT = Path(__file__).parents[3] / "shared" / "data" / "squeezenet1_1" / "squeezenet1_1_state_dict.pt"


def shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


def built(name: str, **arguments: int) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return shapes(torchvision.models.get_model(name, weights=None, **arguments))


def entry(found: Shapes) -> dict[str, object]:
    first, *_, last = found.items()
    return {
        "parameters": sum(torch.Size(shape).numel() for shape in found.values()),
        "tensors": len(found),
        "fingerprint": fingerprint(found),
        "first": [first[0], list(first[1])],
        "last": [last[0], list(last[1])],
    }


@pytest.fixture(scope="module")
def index() -> dict[str, object]:
    names = ("resnet18", "resnet34", "squeezenet1_0", "squeezenet1_1", "mobilenet_v2")
    return {f"torchvision/{name}": entry(built(name)) for name in names}


def test_a_fingerprint_is_of_names_and_shapes_in_any_order() -> None:
    one = {"a": (2, 3), "b": ()}
    assert fingerprint(one) == fingerprint(dict(reversed(one.items())))
    assert len({fingerprint(one), fingerprint({"a": (3, 2), "b": ()}), fingerprint({"c": (2, 3), "b": ()})}) == 3


def test_the_same_tensors_are_found_at_once(index) -> None:
    (found,) = matches(built("squeezenet1_1"), index)
    assert found.candidate.architecture == "torchvision/squeezenet1_1"
    assert found.candidate.complete
    assert found.candidate.matched == found.candidate.total == 52


def test_another_number_of_classes_and_channels_is_no_obstacle(index) -> None:
    changed = torchvision.models.resnet18(num_classes=7)
    changed.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    found, *others = matches(shapes(changed), index)
    assert found.candidate.architecture == "torchvision/resnet18"
    assert found.candidate.complete
    assert found.architecture.arguments == {"shape": [1, 224, 224], "classes": 7}
    assert (found.input.mean, found.input.std) == ((0.0,), (1.0,))
    assert all(not each.candidate.complete for each in others)


def test_counters_that_old_files_lack_are_not_missed(index) -> None:
    old = {name: shape for name, shape in built("resnet18").items() if not name.endswith("num_batches_tracked")}
    assert matches(old, index)[0].candidate.complete


def test_missing_unexpected_and_reshaped_tensors_are_named(index) -> None:
    damaged = built("resnet18")
    del damaged["fc.bias"]
    damaged["extra"] = (1,)
    damaged["layer1.0.conv1.weight"] = (64, 64, 5, 5)
    found = matches(damaged, index)[0].candidate
    assert found.architecture == "torchvision/resnet18"
    assert found.missing == ("fc.bias",)
    assert found.unexpected == ("extra",)
    assert found.reshaped == ("layer1.0.conv1.weight: 64×64×5×5 instead of 64×64×3×3",)
    assert differences(found) == (
        "1 of 102 tensors are missing (fc.bias), 1 tensor is not known to it (extra), "
        "1 have another shape (layer1.0.conv1.weight: 64×64×5×5 instead of 64×64×3×3)"
    )


@pytest.mark.parametrize(
    ("name", "shape", "classes", "width"), [("resnet8", (1, 16, 16), 3, 4), ("mlp", (7,), 2, 9), ("mobilenet_small", (3, 16, 16), 10, 8)]
)
def test_our_own_networks_are_found_at_any_width_without_an_index(name: str, shape: tuple[int, ...], classes: int, width: int) -> None:
    module = build(architecture_for(name, InputSpec(shape=shape), classes, width))
    found = matches(shapes(module), {})[0]
    assert found.candidate.architecture == name
    assert found.candidate.complete
    assert found.architecture.arguments["width"] == width
    assert found.architecture.arguments["classes"] == classes


def test_a_family_is_recognised_without_an_index() -> None:
    assert [each.candidate.architecture for each in matches(built("mobilenet_v2"), {})] == ["torchvision/mobilenet_v2"]


def test_positions_tell_the_image_size_of_a_transformer() -> None:
    module = timm.create_model("vit_tiny_patch16_384", num_classes=5)
    found = match("timm/vit_tiny_patch16_224", shapes(module))
    assert found.input.shape == (3, 384, 384)
    assert found.architecture.arguments["classes"] == 5


def test_strangers_match_nothing_and_an_unknown_name_is_refused() -> None:
    assert matches({"a.weight": (3, 3), "b.weight": (4, 3)}, {}) == ()
    with pytest.raises(ModelError, match="no model"):
        match("resnet19", {})


def test_the_index_of_this_version_knows_what_it_lists() -> None:
    known = read_index()
    if not known:
        pytest.skip("the index is not built")
    assert set(known["torchvision/squeezenet1_1"]) == {"parameters", "tensors", "fingerprint", "first", "last"}
    assert known["torchvision/squeezenet1_1"]["fingerprint"] == fingerprint(built("squeezenet1_1"))
    found = matches(built("resnet18", num_classes=4))
    assert found[0].candidate.architecture == "torchvision/resnet18"


def test_a_damaged_index_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("greenbench.core.places.resources", lambda: tmp_path)
    assert read_index() == {}
    (tmp_path / "weight_index.json.gz").write_bytes(gzip.compress(json.dumps({"a": 1}).encode())[:-9])
    assert read_index() == {}


@pytest.mark.skipif(not STATE_DICT.is_file(), reason="the real weights are not there")
def test_real_weights_are_recognised() -> None:
    from greenbench.ml.files.weights_file import read_weights

    found = matches(read_weights(STATE_DICT).shapes)
    assert [each.candidate.architecture for each in found if each.candidate.complete] == ["torchvision/squeezenet1_1"]
