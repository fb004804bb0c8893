"""The networks for texts and tables do what their papers say, leave padding alone, and go to ONNX with any batch size."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from greenbench.core.artifact import InputSpec, Tokens
from greenbench.core.errors import ModelError
from greenbench.core.step import Stored
from greenbench.ml.artifacts import Blueprint, load_module, save_module
from greenbench.ml.export import to_onnx
from greenbench.ml.footprint import flops, parameters
from greenbench.ml.models import architecture_for, blank, build

TEXT = InputSpec(shape=(9,), dtype="int64", kind="text", tokens=Tokens(kind="hash", vocabulary=50, padding=0))


def network(name: str, spec: InputSpec = TEXT, outputs: int = 3, width: int | None = 4) -> nn.Module:
    torch.manual_seed(0)
    return build(architecture_for(name, spec, outputs, width)).eval()


def test_text_average_is_a_linear_layer_on_the_mean_of_the_word_vectors() -> None:
    module = network("text_average")
    vectors = module.embedding.weight.detach().numpy()
    weight, bias = module.classifier.weight.detach().numpy(), module.classifier.bias.detach().numpy()
    tokens = np.array([[7, 3, 3, 0, 0, 0, 0, 0, 0]])
    expected = weight @ ((vectors[7] + 2 * vectors[3]) / 3) + bias
    assert np.allclose(module(torch.from_numpy(tokens)).detach().numpy()[0], expected, atol=1e-6)
    assert parameters(module) == 50 * 4 + 4 * 3 + 3


def test_text_convolution_takes_the_best_window_of_three_four_and_five_words() -> None:
    module = network("text_conv")
    tokens = torch.randint(1, 50, (1, 9))
    vectors = module.embedding(tokens)[0].detach().numpy()
    features = []
    for size, window in zip((3, 4, 5), module.windows, strict=True):
        weight, bias = window.weight.detach().numpy(), window.bias.detach().numpy()
        places = [np.einsum("fvk,kv->f", weight, vectors[start : start + size]) + bias for start in range(9 - size + 1)]
        features.append(np.maximum(np.max(places, axis=0), 0))
    last = module.classifier
    expected = last.weight.detach().numpy() @ np.concatenate(features) + last.bias.detach().numpy()
    assert np.allclose(module(tokens).detach().numpy()[0], expected, atol=1e-5)


@pytest.mark.parametrize("padding", [0, 49])
def test_padding_says_nothing_to_the_average(padding: int) -> None:
    spec = TEXT.model_copy(update={"tokens": Tokens(kind="hash", vocabulary=50, padding=padding)})
    module = network("text_average", spec)
    short, long = torch.tensor([[5, 6]]), torch.tensor([[5, 6, padding, padding]])
    assert torch.equal(module(short), module(long))
    with torch.no_grad():  # even if training or pruning moved the padding's own vector
        module.embedding.weight[padding] = 9.0
    assert torch.equal(module(short), module(long))
    assert torch.isfinite(module(torch.full((1, 4), padding))).all()


def test_padding_is_not_learnt() -> None:
    module = network("text_average").train()
    module(torch.tensor([[5, 0, 0]])).sum().backward()
    assert not module.embedding.weight.grad[0].any()
    assert module.embedding.weight.grad[5].any()


def test_an_mlp_has_two_hidden_layers() -> None:
    module = network("mlp", InputSpec(shape=(13,)), 1, 20)
    assert parameters(module) == 13 * 20 + 20 + 20 * 20 + 20 + 20 + 1
    assert flops(module, InputSpec(shape=(13,))) == 2 * (13 * 20 + 20 * 20 + 20)
    assert module(torch.zeros(5, 13)).shape == (5, 1)


@pytest.mark.parametrize("name", ["text_average", "text_conv", "mlp"])
def test_it_is_saved_and_exported_for_any_batch(name: str, tmp_path: Path) -> None:
    spec = TEXT if name != "mlp" else InputSpec(shape=(6,))
    module = network(name, spec)
    made = save_module(module, tmp_path, Blueprint(architecture_for(name, spec, 3, 4), spec, ("a", "b", "c")))
    stored = Stored(made, tmp_path, "n", "Net")
    (tmp_path / "onnx").mkdir()
    session = onnxruntime.InferenceSession(str(to_onnx(stored, tmp_path / "onnx")))
    again = load_module(stored)
    for batch in (1, 5):
        example = torch.randint(1, 50, (batch, 9)) if spec.kind == "text" else torch.randn(batch, 6)
        (found,) = session.run(None, {session.get_inputs()[0].name: example.numpy()})
        assert np.allclose(found, again(example).detach().numpy(), atol=1e-5)


def test_a_blank_text_is_no_padding() -> None:
    for padding in (0, 1, 49):
        spec = TEXT.model_copy(update={"tokens": Tokens(kind="hash", vocabulary=50, padding=padding)})
        found = blank(spec, 2)
        assert (found.shape, found.dtype) == ((2, 9), torch.int64)
        assert not (found == padding).any()


@pytest.mark.parametrize(
    ("name", "spec", "said"),
    [
        ("text_conv", TEXT.model_copy(update={"shape": (4,)}), "looks at 5 words"),
        ("resnet8", TEXT, "resnet8 takes images, not texts"),
        ("timm/resnet18", TEXT, "takes images, not texts"),
        ("resnet8", InputSpec(shape=(20,)), "takes images, not rows of numbers"),
        ("text_average", InputSpec(shape=(1, 8, 8)), "takes texts, not images"),
        ("mlp", TEXT, "takes rows of numbers, not texts"),
    ],
)
def test_the_wrong_kind_of_input_is_a_sentence(name: str, spec: InputSpec, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        build(architecture_for(name, spec, 3))
