"""An exported file is one file, takes any batch, answers like the network, and was made in silence."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from greenbench.core.artifact import ConstantInput, Footprint, InputSpec, ModelArtifact, ModelFormat, Tokens
from greenbench.core.errors import ModelError
from greenbench.core.step import Stored
from greenbench.ml.artifacts import load_module
from greenbench.ml.export import export_module, export_onnx, largest_difference, to_onnx


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


def test_a_network_that_gives_no_numbers_is_told_as_that(exported) -> None:
    network, graph = exported("resnet8")
    broken = load_module(network)
    with torch.no_grad():
        broken.classifier.bias[0] = torch.inf
    with pytest.raises(ModelError, match=r'"Net" itself answers with 2 of \d+ values that are not finite'):
        largest_difference(broken, graph.file("weights"), torch.randn(2, 1, 16, 16), "Net")


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


class Gated(nn.Module):
    """A network with a second input, whose outputs are a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor, scale: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"scores": self.layer(x) * scale, "raw": x}


def described(format: ModelFormat, folder: Path, name: str, input: InputSpec, **more: object) -> Stored:
    weights = Footprint(parameters=1, nonzero_parameters=1, size_bytes=1)
    return Stored(
        ModelArtifact(format=format, files={"weights": name}, input=input, classes=(), footprint=weights, **more), folder, "m", "Net"
    )


def answers(path: Path, x: torch.Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == ["input"]
    return session.run(None, {"input": x.numpy()})[0]


def scripted(module: nn.Module, folder: Path, *examples: torch.Tensor) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(module, examples, strict=False).save(str(folder / "net.pt"))


@pytest.mark.parametrize("format", ["exported", "torchscript"])
def test_files_of_pytorch_become_graphs_that_answer_alike(format: ModelFormat, exported, tmp_path) -> None:
    network, _ = exported("resnet8")
    module = load_module(network)
    x = torch.randn(2, 1, 16, 16)
    if format == "exported":
        torch.export.save(torch.export.export(module, (x,), dynamic_shapes=({0: torch.export.Dim("batch")},)), tmp_path / "net.pt")
    else:
        scripted(module, tmp_path, x)
    made = export_onnx(described(format, tmp_path, "net.pt", network.model.input), tmp_path)
    assert (made.format, made.batch) == ("onnx", None)
    for batch in (1, 3):
        x = torch.randn(batch, 1, 16, 16)
        with torch.no_grad():
            np.testing.assert_allclose(answers(tmp_path / "model.onnx", x), module(x).numpy(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("format", ["exported", "torchscript"])
def test_inputs_that_are_held_become_part_of_the_graph_and_the_first_output_counts(format: ModelFormat, tmp_path) -> None:
    module = Gated().eval()
    x, scale = torch.randn(2, 6), torch.tensor(3.0)
    if format == "exported":
        torch.export.save(
            torch.export.export(module, (x, scale), dynamic_shapes=({0: torch.export.Dim("batch")}, None)), tmp_path / "net.pt"
        )
    else:
        scripted(module, tmp_path, x, scale)
    constants = (ConstantInput(name="scale", value=3.0),)
    made = export_onnx(described(format, tmp_path, "net.pt", InputSpec(shape=(6,)), constants=constants), tmp_path)
    assert made.constants == ()
    x = torch.randn(5, 6)
    with torch.no_grad():
        np.testing.assert_allclose(answers(tmp_path / "model.onnx", x), module.layer(x).numpy() * 3, rtol=1e-4, atol=1e-5)


def test_a_fixed_batch_stays_fixed(tmp_path) -> None:
    module = nn.Linear(4, 2).eval()
    torch.export.save(torch.export.export(module, (torch.randn(3, 4),)), tmp_path / "net.pt2")
    made = export_onnx(described("exported", tmp_path, "net.pt2", InputSpec(shape=(4,)), batch=3), tmp_path)
    assert made.batch == 3
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == [3, 4]


def test_sentences_are_whole_numbers_in_the_graph(tmp_path) -> None:
    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.out = nn.Embedding(50, 8), nn.Linear(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.out(self.words(x).mean(1))

    module = Mean().eval()
    spec = InputSpec(shape=(7,), dtype="int64", kind="text", tokens=Tokens(kind="hash", vocabulary=50))
    path = export_module(module, spec, tmp_path, "Net")
    x = torch.randint(0, 50, (4, 7))
    with torch.no_grad():
        np.testing.assert_allclose(answers(path, x), module(x).numpy(), rtol=1e-4, atol=1e-5)


def test_half_precision_stays_half(tmp_path) -> None:
    module = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4)).half().eval()
    path = export_module(module, InputSpec(shape=(8,)), tmp_path, "Net")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].type == "tensor(float16)"
