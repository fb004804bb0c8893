"""An exported file is one file, takes any batch, answers like the network, and was made in silence."""

import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError
from greenbench.core.step import Stored
from greenbench.ml.artifacts import Blueprint, load_module, save_module
from greenbench.ml.export import export_module, export_onnx, largest_difference, to_onnx
from greenbench.ml.models import architecture_for, build


def stored(name: str, shape: tuple[int, ...], folder) -> Stored:
    torch.manual_seed(2)
    spec = InputSpec(shape=shape)
    plan = Blueprint(architecture_for(name, spec, 10), spec, tuple("0123456789"))
    module = build(plan.architecture)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):  # statistics and scales that show a mistake in folding
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
            nn.init.normal_(layer.running_mean, 0, 0.3)
    return Stored(save_module(module, folder, plan), folder, "m", "Net")


@pytest.mark.parametrize("name", ["lenet5", "resnet8", "mobilenet_small"])
def test_the_file_answers_like_the_network_at_any_batch(name: str, tmp_path, context, capfd) -> None:
    model = stored(name, (1, 16, 16), tmp_path)
    path = to_onnx(model, context.folder, context)
    assert [each.name for each in context.folder.iterdir()] == [path.name]
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == ["input"]
    assert [value.name for value in session.get_outputs()] == ["logits"]
    module = load_module(model)
    for batch in (1, 3, 8):
        x = torch.randn(batch, 1, 16, 16)
        with torch.no_grad():
            np.testing.assert_allclose(session.run(None, {"input": x.numpy()})[0], module(x).numpy(), rtol=1e-3, atol=1e-4)
    assert next(each.version for each in onnx.load(path).opset_import if each.domain == "") >= 18


def test_an_artefact_of_an_export_keeps_its_history_and_weighs_the_graph(tmp_path, context) -> None:
    model = stored("resnet8", (1, 16, 16), tmp_path)
    made = export_onnx(model, context.folder)
    assert made.format == "onnx"
    assert (made.classes, made.lineage, made.input) == (model.model.classes, model.model.lineage, model.model.input)
    assert made.footprint.size_bytes == (context.folder / made.files["weights"]).stat().st_size


def test_an_onnx_model_gives_its_own_file(tmp_path, context) -> None:
    first = export_onnx(stored("lenet5", (1, 16, 16), tmp_path), tmp_path)
    copy = to_onnx(Stored(first, tmp_path, "m", "Net"), context.folder)
    assert copy.read_bytes() == (tmp_path / "model.onnx").read_bytes()


def test_a_file_of_other_weights_is_found_out(tmp_path, context) -> None:
    model = stored("resnet8", (1, 16, 16), tmp_path)
    path = to_onnx(model, context.folder)
    other = load_module(model)
    with torch.no_grad():
        other.classifier.bias += 0.1
    with pytest.raises(ModelError, match=r"Net.*answers differently"):
        largest_difference(other, path, torch.randn(2, 1, 16, 16), "Net")


def test_a_network_that_cannot_be_exported_is_one_sentence(tmp_path) -> None:
    class Branches(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.flatten(1) if x.sum() > 0 else x.flatten(1) * 2

    with pytest.raises(ModelError, match='"Odd" cannot be exported to ONNX: ') as caught:
        export_module(Branches(), InputSpec(shape=(1, 4, 4)), tmp_path, "Odd")
    assert "\n" not in caught.value.message


def test_a_pruned_network_is_exported_in_its_new_shape(tmp_path, context) -> None:
    model = stored("lenet_300_100", (1, 8, 8), tmp_path)
    module = load_module(model)
    module[1], module[3] = nn.Linear(64, 30), nn.Linear(30, 100)
    path = export_module(module, model.model.input, context.folder, "Net")
    shapes = {tuple(tensor.dims) for tensor in onnx.load(path).graph.initializer}
    assert {(30, 64), (100, 30)} <= shapes | {shape[::-1] for shape in shapes}
    shutil.rmtree(context.folder)
