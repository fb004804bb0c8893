"""Counts agree with the papers, with a count by hand, and between the network and its graph."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError
from greenbench.core.step import Stored
from greenbench.ml.artifacts import Blueprint, load_module, save_module
from greenbench.ml.compress import packed
from greenbench.ml.export import export_module
from greenbench.ml.footprint import coded_later, flops, nonzero_parameters, onnx_footprint, parameters
from greenbench.ml.models import architecture_for, build
from greenbench.ml.onnx_graph import multiply_adds


def network(name: str, shape: tuple[int, ...]) -> nn.Module:
    torch.manual_seed(0)
    return build(architecture_for(name, InputSpec(shape=shape), 10))


def test_resnet_18_has_the_flops_that_torch_counts() -> None:
    # 1.814 G multiply-adds: He 2015, table 1 gives 1.8 G.
    module = torchvision.models.resnet18(weights=None)
    assert flops(module, InputSpec(shape=(3, 224, 224))) == 3_628_146_688
    assert parameters(module) == 11_689_512
    assert module.training  # as it was


def test_lenet_5_has_the_flops_of_a_count_by_hand() -> None:
    by_hand = 24 * 24 * 20 * 25 + 8 * 8 * 50 * 20 * 25 + 800 * 500 + 500 * 10
    assert flops(network("lenet5", (1, 28, 28)), InputSpec(shape=(1, 28, 28))) == 2 * by_hand


def test_a_tensor_used_twice_counts_once() -> None:
    layer = nn.Linear(4, 4, bias=False)
    assert parameters(nn.Sequential(layer, layer)) == 16


def test_zeros_of_either_sign_are_zeros() -> None:
    layer = nn.Linear(2, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.0, -0.0], [1e-30, 1.0]]))
        layer.bias.zero_()
    assert nonzero_parameters(layer) == 2


@pytest.mark.parametrize("name", ["lenet5", "resnet8", "mobilenet_small"])
def test_graph_and_network_do_the_same_multiply_adds(name: str, exported) -> None:
    network, graph = exported(name)
    assert graph.model.footprint.flops == network.model.footprint.flops == flops(load_module(network), network.model.input)


def test_attention_counts_in_the_network_as_in_the_graph(tmp_path: Path) -> None:
    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            q, k, v = self.qkv(x).chunk(3, dim=-1)
            return self.out(nn.functional.scaled_dot_product_attention(q, k, v).squeeze(1).mean(1))

    module, spec = Attention(), InputSpec(shape=(1, 6, 8))
    by_hand = 6 * 8 * 24 + 2 * 6 * 6 * 8 + 8 * 10
    assert flops(module, spec) == 2 * by_hand
    assert onnx_footprint(export_module(module, spec, tmp_path, "net")).flops == 2 * by_hand


def test_a_graph_has_the_parameters_of_the_network_with_norms_folded_to_biases(exported) -> None:
    network, graph = exported("resnet8")
    module = load_module(network)
    convolutions = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    folded = sum(layer.weight.numel() + layer.out_channels for layer in convolutions)
    assert graph.model.footprint.parameters == folded + sum(p.numel() for p in module.classifier.parameters())


class _Reader(CalibrationDataReader):
    def __init__(self) -> None:
        self.left = [{"input": np.random.default_rng(0).normal(size=(8, 1, 16, 16)).astype(np.float32)}]

    def get_next(self) -> dict[str, np.ndarray] | None:
        return self.left.pop() if self.left else None


@pytest.mark.parametrize("form", [QuantFormat.QDQ, QuantFormat.QOperator])
def test_int8_graphs_keep_their_count_and_their_zeros(form: QuantFormat, tmp_path: Path) -> None:
    module = network("lenet5", (1, 16, 16))
    with torch.no_grad():
        module[5].weight[:, ::2] = 0.0  # half of the largest layer
    spec = InputSpec(shape=(1, 16, 16))
    path = export_module(module, spec, tmp_path, "net")
    dense = onnx_footprint(path)
    quant_pre_process(str(path), str(tmp_path / "pre.onnx"))
    quantize_static(str(tmp_path / "pre.onnx"), str(tmp_path / "int8.onnx"), _Reader(), quant_format=form, per_channel=True)
    found = onnx_footprint(tmp_path / "int8.onnx")
    assert found.parameters == dense.parameters == parameters(module)
    assert found.flops == dense.flops
    assert found.nonzero_parameters <= dense.nonzero_parameters  # rounding makes a few more zeros, never fewer
    assert found.nonzero_parameters > 0.9 * dense.nonzero_parameters
    assert found.size_bytes < dense.size_bytes / 2.5


def test_a_graph_with_open_sizes_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    weight = numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 1, "h", 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    with pytest.raises(ModelError, match='leaves size 2 of its input "input" open'):
        multiply_adds(model)
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 5
    assert multiply_adds(model) == 3 * 3 * 2 * 9
    (tmp_path / "bad.onnx").write_bytes(b"\xff" * 50)
    with pytest.raises(ModelError, match=r"bad.onnx is not an ONNX file"):
        onnx_footprint(tmp_path / "bad.onnx")


def saved(side: int, folder: Path) -> tuple[nn.Module, Stored]:
    """A network of one hidden layer, as a source gives it."""
    torch.manual_seed(0)
    spec = InputSpec(shape=(side,), kind="features")
    architecture = architecture_for("mlp", spec, 10, 1400)
    module = build(architecture).eval()
    made = save_module(module, folder, Blueprint(architecture, spec, tuple(str(digit) for digit in range(10))))
    return module, Stored(made, folder, "n", "Net")


def test_the_coded_size_of_a_large_source_is_left_open_and_counted_later_to_the_byte(tmp_path: Path) -> None:
    module, stored = saved(1500, tmp_path)
    assert stored.model.footprint.parameters > packed.EASILY_CODED
    assert stored.model.footprint.size_coded_bytes is None
    assert coded_later(stored) == packed.coded_size(module)


def test_a_small_source_and_what_a_step_makes_of_a_large_one_are_counted_at_once(tmp_path: Path) -> None:
    small, large, after = (tmp_path / name for name in ("small", "large", "after"))
    for folder in (small, large, after):
        folder.mkdir()
    module, stored = saved(8, small)
    assert stored.model.footprint.size_coded_bytes == packed.coded_size(module)
    module, stored = saved(1500, large)
    with torch.no_grad():
        module.get_parameter(next(iter(dict(module.named_parameters())))).zero_()
    made = save_module(module, after, stored, step="Emptied")
    assert made.footprint.size_coded_bytes == packed.coded_size(module) < 0.5 * 4 * made.footprint.parameters


def test_a_large_graph_is_coded_only_when_asked(tmp_path: Path) -> None:
    from greenbench.ml.export import export_onnx

    _, stored = saved(1500, tmp_path)
    graph = Stored(export_onnx(stored, tmp_path), tmp_path, "n", "Net")
    path = graph.file("weights")
    assert graph.model.footprint.size_coded_bytes is None
    counted = onnx_footprint(path, coded=True).size_coded_bytes
    assert coded_later(graph) == counted == packed.coded_size(packed.onnx_arrays(path))
