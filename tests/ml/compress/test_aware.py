"""Quantisation-aware training: the simulation rounds as the paper says, learns through the rounding, and is what executes."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import StepError
from greenbench.ml.compress import aware, aware_onnx, layers
from greenbench.ml.compress.onnx_layers import executed
from greenbench.ml.compress.rounding import Range, RoundedLayer
from greenbench.ml.data import open_dataset
from greenbench.ml.models import architecture_for, build
from greenbench.ml.models.own import NETWORKS
from greenbench.ml.training import Settings, fit

IMAGE = InputSpec(shape=(1, 16, 16))


def network(name: str, spec: InputSpec = IMAGE) -> nn.Module:
    torch.manual_seed(1)
    module = build(architecture_for(name, spec, 10)).eval()
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):  # a mistake in folding shows
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
            nn.init.normal_(layer.running_mean, 0, 0.3)
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, 0, 0.3)
    return module


def watched(module: nn.Module, spec: InputSpec = IMAGE, steps: int = 127) -> tuple[aware.AwareNetwork, torch.Tensor]:
    made, x = aware.prepare(module, spec, steps), layers.example(spec, 32)
    made.watch([x], lambda: None)
    return made, x


def test_the_grid_spans_the_range_and_has_a_step_for_zero() -> None:
    grid = Range()
    grid.train()
    grid(torch.tensor([-1.0, 3.0]))
    scale, zero = grid.grid()
    assert float(scale) == pytest.approx(4 / 255)
    assert int(zero) == 64  # 1 / (4/255) = 63.75
    assert float(grid.eval()(torch.tensor(0.0))) == 0.0
    rounded = grid(torch.linspace(-1, 2.9, 50))
    assert float((rounded - torch.linspace(-1, 2.9, 50)).abs().max()) <= 4 / 255 / 2 + 1e-6


def test_a_range_follows_as_a_moving_average() -> None:
    grid = Range()
    grid(torch.tensor([0.0, 1.0]))
    grid(torch.tensor([-2.0, 3.0]))
    assert float(grid.high) == pytest.approx(0.99 * 1 + 0.01 * 3)
    assert float(grid.low) == pytest.approx(0.01 * -2)
    grid.eval()(torch.tensor([0.0, 100.0]))
    assert float(grid.high) == pytest.approx(1.02)


def test_gradients_pass_through_rounding_inside_the_range_and_stop_outside() -> None:
    grid = Range()
    grid(torch.tensor([-1.0, 1.0]))
    x = torch.tensor([-5.0, -0.3, 0.7, 5.0], requires_grad=True)
    grid.eval()(x).sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 0]


def test_folding_batch_norms_changes_no_answer() -> None:
    module = network("resnet8")
    made, x = aware.prepare(module, IMAGE, 127), layers.example(IMAGE, 4)
    with torch.no_grad():
        torch.testing.assert_close(made.module.eval()(x), module(x), rtol=1e-4, atol=1e-5)
    assert not any(node.target is torch.nn.functional.batch_norm for node in made.module.graph.nodes)
    assert set(made.names) == set(dict(module.named_parameters()))


@pytest.mark.parametrize("name", ["resnet8", "text_conv"])
def test_what_executes_is_int8_and_answers_as_simulated(name, tmp_path) -> None:
    spec = NETWORKS[name].input if name == "text_conv" else IMAGE
    made, x = watched(network(name, spec), spec)
    path = tmp_path / "net.onnx"
    aware_onnx.write(made.settled(), spec, path, "Net")
    with torch.no_grad():
        simulated = made.module.eval()(x).numpy()
    plain = onnxruntime.SessionOptions()
    plain.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    for options in (onnxruntime.SessionOptions(), plain):
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        found = session.run(None, {"input": x.numpy()})[0]
        assert np.sqrt(np.mean((found - simulated) ** 2)) < 0.01 * np.std(simulated)
    done = executed(path, tmp_path / "optimised.onnx")
    assert (done.int8, done.floats) == (len(layers.weighted_layers(network(name, spec))) - (name == "text_conv"), 0)


def test_a_bias_has_the_step_of_its_products(tmp_path) -> None:
    """Jacob 2018, equation 11: the bias' scale is that of the weights times that of the input, its zero is 0, its type int32."""
    made, _ = watched(network("lenet5"))
    path = tmp_path / "net.onnx"
    aware_onnx.write(made.settled(), IMAGE, path, "Net")
    graph = onnx.load(str(path)).graph
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    makers = {output: node for node in graph.node for output in node.output}
    heavy = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]
    assert len(heavy) == 4
    for node in heavy:
        x, weight, bias = (makers[name] for name in node.input)
        assert (held[weight.input[0]].dtype, held[bias.input[0]].dtype) == (np.int8, np.int32)
        np.testing.assert_allclose(held[bias.input[1]], held[weight.input[1]] * held[x.input[1]], rtol=1e-6)
        assert not held[weight.input[2]].any()
        assert not held[bias.input[2]].any()


def test_training_wins_back_what_few_bits_cost(digits8, context) -> None:
    """Weights of 2 bits (−1, 0, 1): rounding alone breaks the network, training with the rounding mends it."""
    dataset = open_dataset(digits8)
    torch.manual_seed(0)
    module = build(architecture_for("lenet_300_100", dataset.input, 10))
    fit(module, dataset, Settings(epochs=4), context)
    x, y = (torch.from_numpy(array) for array in dataset.split("validation").arrays())

    def right(net: nn.Module) -> float:
        with torch.no_grad():
            return float((net.eval()(x).argmax(1) == y).float().mean())

    whole = right(module)
    made = aware.prepare(module, dataset.input, 1)
    made.watch([torch.from_numpy(dataset.split("train").arrays()[0][:256])], lambda: None)
    rounded = right(made.module)
    fit(made.module, dataset, Settings(epochs=4, learning_rate=0.02), context)
    assert rounded < whole - 0.1
    assert right(made.module) > rounded + 0.5 * (whole - rounded)


def test_a_graph_that_answers_otherwise_is_refused(digits8, context, tmp_path) -> None:
    dataset = open_dataset(digits8)
    module = build(architecture_for("lenet_300_100", dataset.input, 10))
    made, _ = watched(module, dataset.input)
    path = tmp_path / "net.onnx"
    aware_onnx.write(made.settled(), dataset.input, path, "Net")
    split = dataset.split("validation")
    same = aware_onnx.agreement(made.module, path, split, context)
    assert same.same > 0.98
    assert same.examples == len(split)
    layer = next(part for part in made.module.modules() if isinstance(part, RoundedLayer))
    with torch.no_grad():
        layer.weight.neg_()
    with pytest.raises(StepError, match="answers otherwise than was trained"):
        aware_onnx.agreement(made.module, path, split, context)


def test_values_may_lie_otherwise_in_memory_than_the_graph_was_read_with() -> None:
    spec = InputSpec(shape=(3, 4, 4))
    made, x = watched(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(32, 2)), spec)
    with torch.no_grad():
        expected = made.module.eval()(x)
        assert torch.allclose(made.module(x.to(memory_format=torch.channels_last)), expected, atol=1e-5)


def test_a_network_without_weights_to_round_is_refused() -> None:
    module = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(256))
    with pytest.raises(StepError, match="No convolution and no linear layer"):
        aware.prepare(module, IMAGE, 127)
