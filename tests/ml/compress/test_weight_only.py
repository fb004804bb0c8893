"""Weights in few bits answer as they would with their rounded values, as well as torchao's do, and are executed from the small file."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from greenbench.core.errors import StepError
from greenbench.ml.compress import dynamic_int8, weight_only
from greenbench.ml.compress.dynamic_int8 import DynamicSettings
from greenbench.ml.compress.onnx_layers import executed
from greenbench.ml.compress.weight_only import WeightSettings
from greenbench.ml.onnx_graph import codes, onnx_footprint

INNER, OUTER = 128, 64


@pytest.fixture(scope="module")
def weight():
    torch.manual_seed(0)
    return nn.Linear(INNER, OUTER).weight.detach().numpy()


def graph_of(nodes, initialisers, shape, path):
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in initialisers.items()],
    )
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), str(path))
    return path


@pytest.fixture
def dense(weight, tmp_path):
    """One dense layer, as the exporter writes it."""
    bias = np.linspace(-1, 1, OUTER, dtype=np.float32)
    node = helper.make_node("Gemm", ["input", "w.weight", "w.bias"], ["logits"], name="node_linear", transB=1)
    return graph_of([node], {"w.weight": weight, "w.bias": bias}, ["n", INNER], tmp_path / "dense.onnx"), bias


def run(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"input": x})[0]


def stored_values(path):
    """The weights (N, K) that the codes, zero points and scales of a file stand for, by the definition of MatMulNBits."""
    graph = onnx.load(str(path)).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    node = next(node for node in graph.node if node.op_type == "MatMulNBits")
    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    scales = np.repeat(tensors[node.input[2]].reshape(attributes["N"], -1), attributes["block_size"], axis=1)[:, : attributes["K"]]
    return (codes(tensors[node.input[1]], node).astype(np.float32) - 2 ** (attributes["bits"] - 1)) * scales


@pytest.mark.parametrize("bits", [4, 8])
def test_the_file_answers_as_its_rounded_weights_would(dense, tmp_path, bits):
    path, bias = dense
    weight_only.quantize(path, tmp_path / "small.onnx", WeightSettings(bits, 32, compute="float"))
    x = np.random.default_rng(0).normal(size=(5, INNER)).astype(np.float32)
    np.testing.assert_allclose(run(tmp_path / "small.onnx", x), x @ stored_values(tmp_path / "small.onnx").T + bias, atol=1e-4)


@pytest.mark.parametrize(("bits", "dtype"), [(4, torch.int4), (8, torch.int8)])
@pytest.mark.filterwarnings("ignore")
def test_the_rounding_loses_as_little_as_that_of_torchao(dense, weight, tmp_path, bits, dtype):
    from torchao.quantization import IntxWeightOnlyConfig, quantize_
    from torchao.quantization.granularity import PerGroup

    peer = nn.Sequential(nn.Linear(INNER, OUTER))
    with torch.no_grad():
        peer[0].weight.copy_(torch.from_numpy(weight))
    quantize_(peer, IntxWeightOnlyConfig(weight_dtype=dtype, granularity=PerGroup(32)))
    theirs = peer[0].weight.dequantize().detach().numpy()
    weight_only.quantize(dense[0], tmp_path / "small.onnx", WeightSettings(bits, 32))
    ours = stored_values(tmp_path / "small.onnx")
    step = np.abs(weight).max() / 2 ** (bits - 1)
    assert np.abs(ours - weight).max() <= step
    assert np.sqrt(np.mean((ours - weight) ** 2)) < 1.15 * np.sqrt(np.mean((theirs - weight) ** 2))
    assert np.abs(ours - theirs).max() <= 1.5 * step


def test_four_bits_take_half_a_byte_a_weight_and_a_scale_a_block(dense, tmp_path):
    weight_only.quantize(dense[0], tmp_path / "small.onnx", WeightSettings(4, 32))
    found = onnx_footprint(tmp_path / "small.onnx")
    numbers = INNER * OUTER // 2 + INNER // 32 * OUTER * 4 + OUTER * 4
    assert numbers < found.size_bytes < numbers + 1500
    assert (found.parameters, found.flops) == (INNER * OUTER + OUTER, 2 * INNER * OUTER)


def test_what_multiplies_integers_is_counted_as_int8_and_what_multiplies_floats_is_not(dense, tmp_path):
    for compute, int8 in (("int8", 1), ("float", 0)):
        weight_only.quantize(dense[0], tmp_path / "small.onnx", WeightSettings(4, 32, compute=compute))
        done = executed(tmp_path / "small.onnx", tmp_path / "o.onnx")
        assert (done.int8, done.floats) == (int8, 1 - int8)


def test_convolutions_hold_8_bits_and_compute_in_floats(tmp_path):
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(4, 3, 3, 3)).astype(np.float32)
    source = graph_of([helper.make_node("Conv", ["input", "k"], ["logits"], name="c")], {"k": kernel}, ["n", 3, 8, 8], tmp_path / "c.onnx")
    done = weight_only.quantize(source, tmp_path / "small.onnx", WeightSettings())
    assert (done.products, done.convolutions, done.left) == (0, 1, ())
    scale = np.abs(kernel).max(axis=(1, 2, 3), keepdims=True) / 127
    x = rng.normal(size=(2, 3, 8, 8)).astype(np.float32)
    wanted = torch.nn.functional.conv2d(torch.from_numpy(x), torch.from_numpy(np.rint(kernel / scale) * scale)).numpy()
    np.testing.assert_allclose(run(tmp_path / "small.onnx", x), wanted, atol=1e-4)
    assert executed(tmp_path / "small.onnx", tmp_path / "o.onnx").int8 == 0
    with pytest.raises(StepError, match="no matrix product with weights of its own"):
        weight_only.quantize(source, tmp_path / "none.onnx", WeightSettings(convolutions=False))
    assert not (tmp_path / "none.onnx").exists()


def test_dynamic_int8_counts_a_recurrent_layer_and_keeps_its_numbers(tmp_path):
    torch.manual_seed(0)
    peer = nn.LSTM(8, 16, bias=False, batch_first=False)
    gates = {"w": peer.weight_ih_l0, "r": peer.weight_hh_l0}
    order = [0, 3, 1, 2]  # PyTorch has input, forget, cell, output; ONNX input, output, forget, cell
    arrays = {name: each.detach().reshape(4, 16, -1)[order].reshape(1, 64, -1).numpy() for name, each in gates.items()}
    node = helper.make_node("LSTM", ["input", "w", "r"], ["logits"], name="lstm", hidden_size=16)
    source = graph_of([node], arrays, [5, "n", 8], tmp_path / "lstm.onnx")
    dynamic_int8.quantize(source, tmp_path / "int8.onnx", DynamicSettings(range="full"))
    x = np.random.default_rng(0).normal(size=(5, 2, 8)).astype(np.float32)
    with torch.no_grad():
        wanted = peer(torch.from_numpy(x))[0].numpy()
    np.testing.assert_allclose(run(tmp_path / "int8.onnx", x)[:, 0], wanted, atol=0.03)
    assert executed(tmp_path / "int8.onnx", tmp_path / "o.onnx").int8 == 1
    assert onnx_footprint(tmp_path / "int8.onnx").parameters == onnx_footprint(source).parameters
