"""What is told of the layers adds up to the model: parameters, arithmetic, zeros; every kind of file says the same of the same network."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from greenbench.core.artifact import Architecture, InputSpec
from greenbench.core.jobs import LookInside, StoredRef
from greenbench.core.step import Stored
from greenbench.ml.artifacts import Blueprint, load_module, save_module
from greenbench.ml.compress.static_int8 import Int8Settings, quantize
from greenbench.ml.inside import look
from greenbench.ml.models import architecture_for, build
from greenbench.ml.onnx_graph import onnx_footprint

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")  # PyTorch advises against TorchScript; files of it are about


def ref(stored):
    return StoredRef(artifact=stored.artifact, folder=str(stored.folder), node=stored.node, title=stored.title)


def seen(stored, context, runtime="eager"):
    return look(LookInside(model=ref(stored), runtime=runtime), context)


@pytest.fixture(scope="module")
def network(exported):
    return exported("resnet8")[0]


@pytest.fixture(scope="module")
def graph(exported):
    return exported("resnet8")[1]


def convolution(outputs, inputs, side, kernel=3):
    return outputs * inputs * kernel * kernel * side * side


def test_each_layer_of_a_network_is_told_in_order_with_its_arithmetic(network, context):
    view = seen(network, context)
    layers = {layer.name: layer for layer in view.layers}
    assert [layer.name for layer in view.layers][:4] == ["stem.0", "stem.1", "stem.2", "blocks.0.first.0"]
    assert view.layers[-1].name == "classifier"
    assert layers["stem.0"].macs == convolution(16, 1, 16)
    assert layers["blocks.1.first.0"].macs == convolution(32, 16, 8)
    assert layers["blocks.1.shortcut.0"].macs == convolution(32, 16, 8, kernel=1)
    assert layers["classifier"].macs == 640
    assert layers["classifier"].parameters == 650
    assert layers["blocks.2.second.0"].shape == (64, 4, 4)
    assert layers["stem.0"].weight_shape == (16, 1, 3, 3)
    assert layers["stem.0"].dtype == "fp32"
    assert view.runtime.startswith("PyTorch eager 2.")


def multiply_adds(module, spec):
    """What PyTorch's own counter says of the whole."""
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        module(torch.zeros(1, *spec.shape))
    return counter.get_total_flops() // 2


def check_sums(view, module, spec):
    assert sum(layer.parameters for layer in view.layers) == sum(parameter.numel() for parameter in module.parameters())
    assert sum(layer.macs for layer in view.layers) == multiply_adds(module, spec)
    assert len({layer.name for layer in view.layers}) == len(view.layers)


@pytest.mark.parametrize(
    ("name", "shape"), [("lenet5", (1, 28, 28)), ("mobilenet_small", (3, 16, 16)), ("torchvision/shufflenet_v2_x0_5", (3, 64, 64))]
)
def test_the_rows_add_up_to_the_whole_network(name, shape, tmp_path, context):
    torch.manual_seed(0)
    spec = InputSpec(shape=shape)
    plan = Blueprint(architecture_for(name, spec, 10), spec, tuple("0123456789"))
    module = build(plan.architecture).eval()
    check_sums(seen(Stored(save_module(module, tmp_path, plan), tmp_path, "m", "Net"), context), module, spec)


class Attending(nn.Module):
    """Products outside any layer (self-attention written out), a layer that does not call those inside it, and a tied weight."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.qkv, self.proj = nn.Linear(8, 24), nn.Linear(8, 8)
        self.heads = nn.MultiheadAttention(8, 2, batch_first=True)
        self.again = nn.Linear(8, 8, bias=False)
        self.again.weight = self.proj.weight

    def forward(self, x):
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1)
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        x = self.proj(nn.functional.scaled_dot_product_attention(q, k, v))
        return self.again(self.heads(x, x, x, need_weights=False)[0]).mean(dim=1)


def test_attention_belongs_to_the_block_that_does_it_and_a_tied_weight_counts_once(plain, context, monkeypatch):
    module = Attending().eval()
    monkeypatch.setattr("greenbench.ml.inside.network_view.load_module", lambda stored: module)
    view = seen(plain(InputSpec(shape=(5, 8), kind="tensor")), context)
    check_sums(view, module, InputSpec(shape=(5, 8), kind="tensor"))
    layers = {layer.name: layer for layer in view.layers}
    assert layers["(network)"].macs == 2 * 6 * 6 * 8  # queries × keys, and their shares × values
    assert layers["(network)"].parameters == 8
    assert layers["again"].parameters == 0
    assert layers["heads"].parameters == 4 * 8 * 8 + 4 * 8
    assert "heads.out_proj" not in layers


@pytest.fixture
def plain(tmp_path):
    """An artefact of some network, for tests that put their own in its place."""

    def make(spec):
        plan = Blueprint(Architecture(name="lenet_300_100", arguments={"shape": [4], "classes": 3}), InputSpec(shape=(4,)), ("a", "b", "c"))
        made = save_module(build(plan.architecture), tmp_path, plan)
        return Stored(made.model_copy(update={"input": spec}), tmp_path, "m", "Net")

    return make


def test_zeros_distinct_values_and_content_are_those_of_the_weights(network, tmp_path, context):
    module = load_module(network)
    with torch.no_grad():
        weight = module.stem[0].weight
        weight.copy_(torch.tensor([0.0, 1.0, -1.0, 2.0]).repeat(36).reshape(weight.shape))
    changed = Stored(save_module(module, tmp_path, network.model), tmp_path, "m", "Net")
    before, after = ({layer.name: layer for layer in seen(each, context).layers} for each in (network, changed))
    assert after["stem.0"].sparsity == pytest.approx(0.25)
    assert after["stem.0"].distinct == 4
    assert after["stem.0"].digest != before["stem.0"].digest
    assert {name for name in after if after[name].digest != before[name].digest} == {"stem.0"}


def test_layers_are_timed_and_the_cost_of_that_is_told(network, context):
    view = seen(network, context)
    timed = [layer for layer in view.layers if layer.macs]
    assert all(layer.seconds > 0 for layer in timed)
    assert view.seconds > 0
    # What runs inside the whole cannot take much longer than it, even watched.
    assert sum(layer.seconds for layer in view.layers) < 5 * view.seconds
    assert any("slower: the whole takes" in note for note in view.notes)


def test_a_graph_says_the_same_of_the_layers_it_shares_with_the_network(network, graph, context):
    torch_layers, onnx_layers = ({layer.name: layer for layer in seen(each, context).layers} for each in (network, graph))
    shared = {name for name, layer in onnx_layers.items() if layer.macs}
    assert {"stem.0", "blocks.2.shortcut.0", "classifier"} <= shared
    for name in shared:
        assert onnx_layers[name].macs == torch_layers[name].macs
        assert onnx_layers[name].shape == torch_layers[name].shape
        assert onnx_layers[name].weight_shape == torch_layers[name].weight_shape
    assert 2 * sum(layer.macs for layer in onnx_layers.values()) == onnx_footprint(graph.file("weights")).flops
    assert sum(layer.parameters for layer in onnx_layers.values()) == onnx_footprint(graph.file("weights")).parameters
    assert onnx_layers["classifier"].digest == torch_layers["classifier"].digest


def test_every_convolution_of_a_graph_has_the_time_that_the_profiler_gave_it(graph, context):
    view = seen(graph, context)
    assert view.runtime.startswith("ONNX Runtime 1.")
    heavy = [layer for layer in view.layers if layer.macs]
    assert all(layer.seconds is not None and layer.seconds > 0 for layer in heavy)
    assert any("a fused time stands at its first part" in note for note in view.notes)


def test_a_quantised_graph_says_int8_layer_by_layer(graph, tmp_path, context):
    target = tmp_path / "int8.onnx"
    batch = np.random.default_rng(0).standard_normal((8, 1, 16, 16)).astype(np.float32)
    quantize(graph.file("weights"), target, [batch], Int8Settings())
    changes = {"files": {"weights": target.name}, "precision": "int8", "footprint": onnx_footprint(target)}
    view = seen(Stored(graph.model.model_copy(update=changes), tmp_path, "q", "Int8"), context)
    heavy = [layer for layer in view.layers if layer.macs]
    assert {layer.dtype for layer in heavy} == {"int8"}
    assert all(layer.distinct <= 256 for layer in heavy)
    assert all(layer.seconds is not None for layer in heavy)
    assert "blocks.0.first.0" in {layer.name for layer in heavy}
    assert any("round and scale are not listed" in note for note in view.notes)


def test_a_network_measured_in_onnx_runtime_is_shown_as_that_executes_it(network, context):
    view = seen(network, context, "onnxruntime")
    assert view.runtime.startswith("ONNX Runtime")
    assert "stem.1" not in {layer.name for layer in view.layers}  # batch norms are folded away


def test_an_exported_program_is_told_operator_by_operator(network, tmp_path, context):
    module = load_module(network)
    program = torch.export.export(module, (torch.zeros(2, 1, 16, 16),), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.export.save(program, tmp_path / "model.pt2")
    changes = {"format": "exported", "files": {"weights": "model.pt2"}, "architecture": None}
    layers = seen(Stored(network.model.model_copy(update=changes), tmp_path, "e", "Program"), context).layers
    own = {layer.name: layer for layer in seen(network, context).layers}
    convolutions = [layer for layer in layers if layer.macs]
    assert {layer.name: layer.macs for layer in convolutions} == {name: layer.macs for name, layer in own.items() if layer.macs}
    assert all(layer.digest == own[layer.name].digest for layer in convolutions)
    assert sum(layer.parameters for layer in layers) == sum(layer.parameters for layer in own.values())


def test_a_script_says_its_weights_and_that_it_does_not_say_more(network, tmp_path, context):
    module = load_module(network)
    torch.jit.save(torch.jit.trace(module, torch.zeros(2, 1, 16, 16)), tmp_path / "model.pt")
    changes = {"format": "torchscript", "files": {"weights": "model.pt"}, "architecture": None}
    view = seen(Stored(network.model.model_copy(update=changes), tmp_path, "s", "Script"), context)
    assert sum(layer.parameters for layer in view.layers) == sum(parameter.numel() for parameter in module.parameters())
    assert view.seconds > 0
    assert any("not in which order" in note for note in view.notes)


def test_openvino_tells_the_layers_that_it_executes(graph, context):
    pytest.importorskip("openvino")
    view = seen(graph, context, "openvino")
    own = {layer.name: layer for layer in seen(graph, context).layers}
    heavy = {layer.name: layer for layer in view.layers if layer.macs}
    assert {name: layer.macs for name, layer in heavy.items()} == {name: layer.macs for name, layer in own.items() if layer.macs}
    timed = [layer.seconds for layer in heavy.values() if layer.seconds is not None]  # a fused pair is timed under one of its names
    assert len(timed) >= len(heavy) / 2
    assert sum(timed) > 0


def test_a_layer_that_never_runs_is_listed_without_time(plain, context, monkeypatch):
    class Spare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.spare = nn.Linear(4, 3), nn.Linear(4, 7)

        def forward(self, x):
            return self.used(x)

    monkeypatch.setattr("greenbench.ml.inside.network_view.load_module", lambda stored: Spare().eval())
    view = seen(plain(InputSpec(shape=(4,))), context)
    assert [(layer.name, layer.parameters, layer.macs) for layer in view.layers] == [("used", 15, 12), ("spare", 35, None)]
    assert "1 layer with weights was not executed: spare." in view.notes
