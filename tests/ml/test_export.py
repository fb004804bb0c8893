"""An exported file is one file, takes any batch, answers like the network, and was made in silence."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError
from greenbench.ml.artifacts import load_module
from greenbench.ml.export import export_module, largest_difference, to_onnx


@pytest.mark.parametrize("name", ["lenet5", "resnet8", "mobilenet_small"])
def test_the_file_answers_like_the_network_at_any_batch(name: str, exported) -> None:
    network, graph = exported(name)
    assert [each.name for each in graph.folder.iterdir()] == ["model.onnx"]
    session = onnxruntime.InferenceSession(graph.file("weights"), providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == ["input"]
    assert [value.name for value in session.get_outputs()] == ["logits"]
    module = load_module(network)
    for batch in (1, 3, 8):
        x = torch.randn(batch, 1, 16, 16)
        with torch.no_grad():
            np.testing.assert_allclose(session.run(None, {"input": x.numpy()})[0], module(x).numpy(), rtol=1e-3, atol=1e-4)
    assert next(each.version for each in onnx.load(graph.file("weights")).opset_import if each.domain == "") >= 18


def test_exporting_is_silent_and_says_how_far_the_file_is_off(exported, context, capfd) -> None:
    network, _ = exported("lenet5")
    capfd.readouterr()
    to_onnx(network, context.folder, context)
    assert capfd.readouterr() == ("", "")
    assert any("differ by at most" in line for line in context.logs)


def test_an_artefact_of_an_export_keeps_its_history_and_weighs_the_graph(exported) -> None:
    network, graph = exported("resnet8")
    made, model = graph.model, network.model
    assert made.format == "onnx"
    assert (made.classes, made.lineage, made.input) == (model.classes, ("Model",), model.input)
    assert made.footprint.size_bytes == graph.file("weights").stat().st_size


def test_an_onnx_model_gives_its_own_file(exported, context) -> None:
    _, graph = exported("lenet5")
    assert to_onnx(graph, context.folder).read_bytes() == graph.file("weights").read_bytes()


def test_a_file_of_other_weights_is_found_out(exported) -> None:
    network, graph = exported("resnet8")
    other = load_module(network)
    with torch.no_grad():
        other.classifier.bias += 0.1
    with pytest.raises(ModelError, match=r"Net.*answers differently"):
        largest_difference(other, graph.file("weights"), torch.randn(2, 1, 16, 16), "Net")


def test_a_network_that_cannot_be_exported_is_one_sentence(tmp_path) -> None:
    class Branches(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.flatten(1) if x.sum() > 0 else x.flatten(1) * 2

    with pytest.raises(ModelError, match='"Odd" cannot be exported to ONNX: ') as caught:
        export_module(Branches(), InputSpec(shape=(1, 4, 4)), tmp_path, "Odd")
    assert "\n" not in caught.value.message


def test_a_network_is_exported_in_the_shape_it_has_now(exported, tmp_path) -> None:
    network, _ = exported("lenet5")
    module = load_module(network)
    module[5], module[7] = nn.Linear(50, 30), nn.Linear(30, 10)
    path = export_module(module, network.model.input, tmp_path, "Net")
    shapes = {tuple(tensor.dims) for tensor in onnx.load(path).graph.initializer}
    assert {(30, 50), (10, 30)} <= shapes
