"""A network from a Python file is a network like any other: it takes the data's shape, learns, is pruned, and is asked about first."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from greenbench.core.errors import DataError, ModelError, ParameterError, TrustError
from greenbench.ml.artifacts import load_module
from greenbench.steps import installed

NET = """
from torch import nn

def make(width=6, classes=10, channels=1):
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16 * width, classes)
    )
"""


@pytest.fixture
def net(tmp_path: Path) -> str:
    path = tmp_path / "net.py"
    path.write_text(NET)
    return f"{path}:make"


def test_it_learns_and_is_pruned_like_any_network(run_step: Callable[..., Any], digits: Any, net: str) -> None:
    made = run_step("model.python", factory=net, arguments='{"width": 8}', allow=True, data=digits)
    model = made.stored.model
    assert (model.input, model.classes) == (digits.stored.dataset.input, digits.stored.dataset.classes)
    assert model.origin == "net.py:make, Python"
    trained = run_step("train", model=made, data=digits, epochs=1)
    thinner = run_step("prune.structured", model=trained, ratio=0.5, multiple=1, data=digits)
    assert load_module(thinner.stored)[0].out_channels == 4
    assert thinner.stored.model.architecture.arguments["arguments"] == {"width": 8}


def test_without_a_yes_it_does_not_run(run_step: Callable[..., Any], digits: Any, net: str) -> None:
    with pytest.raises(TrustError, match="not allowed to run"):
        run_step("model.python", factory=net, data=digits)


def test_what_is_asked_names_the_file_and_its_hash(net: str) -> None:
    spec = installed()["model.python"]
    assert spec.trust is not None
    (request,) = spec.trust(spec.params(factory=net))
    assert (request.path, request.kind) == (net.rpartition(":")[0], "Python file")
    assert "runs this program" in request.question
    assert spec.trust(spec.params(factory="nowhere.py:make")) == ()


def test_without_data_the_size_is_asked_for(run_step: Callable[..., Any], net: str) -> None:
    with pytest.raises(ModelError, match="input size of this model is not known"):
        run_step("model.python", factory=net, allow=True)
    made = run_step("model.python", factory=net, allow=True, input="1x9x9", normalise="values", mean="0.5", std="0.25")
    assert (made.stored.model.input.shape, made.stored.model.input.mean) == ((1, 9, 9), (0.5,))
    assert made.stored.model.classes == tuple("0123456789")


def test_input_it_cannot_take_and_classes_it_does_not_have_are_told(run_step: Callable[..., Any], digits: Any, net: str) -> None:
    with pytest.raises(ModelError, match=r"net\.py:make cannot take examples of size 3×9×9"):
        run_step("model.python", factory=net, allow=True, input="3x9x9")
    with pytest.raises(ModelError, match="gives 4 outputs, the data set has 10 classes"):
        run_step("model.python", factory=net, allow=True, arguments='{"classes": 4}', data=digits)


def test_class_names_come_from_a_file(run_step: Callable[..., Any], net: str, tmp_path: Path) -> None:
    names = tmp_path / "names.json"
    names.write_text(json.dumps({"1": ["n2", "dog"], "0": ["n1", "cat"]}))
    made = run_step("model.python", factory=net, allow=True, input="1x8x8", arguments='{"classes": 2}', class_names=str(names))
    assert made.stored.model.classes == ("cat", "dog")
    names.write_text("cat\n\ndog\n")
    made = run_step("model.python", factory=net, allow=True, input="1x8x8", arguments='{"classes": 2}', class_names=str(names))
    assert made.stored.model.classes == ("cat", "dog")
    with pytest.raises(ModelError, match="gives 10 outputs"):
        run_step("model.python", factory=net, allow=True, input="1x8x8", class_names=str(names))
    names.write_text('{"0": "cat", "2": "dog"}')
    with pytest.raises(DataError, match="do not go from 0 to 1"):
        run_step("model.python", factory=net, allow=True, input="1x8x8", class_names=str(names))


def test_local_weights_are_loaded(run_step: Callable[..., Any], net: str, tmp_path: Path) -> None:
    first = run_step("model.python", factory=net, allow=True, input="1x8x8")
    path = tmp_path / "w.pt"
    state = {name: tensor + 1 for name, tensor in load_module(first.stored).state_dict().items()}
    torch.save(state, path)
    made = run_step("model.python", factory=net, allow=True, input="1x8x8", weights_file=str(path))
    assert made.stored.model.trained
    assert torch.equal(load_module(made.stored).state_dict()["0.bias"], state["0.bias"])


def test_a_changed_file_makes_the_node_new(net: str) -> None:
    spec = installed()["model.python"]
    assert spec.fingerprint is not None
    before = spec.fingerprint(spec.params(factory=net))
    Path(net.rpartition(":")[0]).write_text(NET.replace("width=6", "width=7"))
    assert spec.fingerprint(spec.params(factory=net)) != before


@pytest.mark.parametrize("arguments", ["{", "[1]", "width=3"])
def test_arguments_that_are_no_json_object_are_told(arguments: str) -> None:
    with pytest.raises(ParameterError, match="arguments"):
        installed()["model.python"].params.checked({"arguments": arguments}, "Net")


def test_what_is_not_there_is_an_obstacle() -> None:
    spec = installed()["model.python"]
    assert spec.obstacle is not None
    found = spec.obstacle(spec.params(factory="nowhere.py:make"))
    assert found is not None
    assert found[0] == "the file nowhere.py does not exist."


def test_a_regression_has_one_output_and_no_classes(run_step: Callable[..., Any], net: str) -> None:
    made = run_step("model.python", factory=net, allow=True, input="1x8x8", task="regression", arguments='{"classes": 1}')
    assert (made.stored.model.task, made.stored.model.classes) == ("regression", ())
    with pytest.raises(ModelError, match="one number"):
        run_step("model.python", factory=net, allow=True, input="1x8x8", task="regression")
