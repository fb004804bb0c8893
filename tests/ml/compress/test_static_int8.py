"""The int8 file answers like the network, really executes in int8, keeps zeros, and Stop is heard."""

import logging

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import Cancelled, StepError
from greenbench.ml.compress import magnitude, static_int8
from greenbench.ml.compress.onnx_layers import Executed, Watch, chosen, executed
from greenbench.ml.compress.static_int8 import Examples, Int8Settings, calibrate, quantize
from greenbench.ml.export import export_module

INPUT = InputSpec(shape=(3, 16, 16))


class Small(nn.Module):
    """Convolutions with batch norms, a skip, pooling, a linear classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8))
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        x = self.stem(x)
        return self.head(torch.relu(self.body(x) + x).mean((2, 3)))


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    module = Small()
    with torch.no_grad():
        for _ in range(20):
            module(torch.randn(32, 3, 16, 16) * 2 + 1)  # gives the batch norms statistics of their own
    return module.eval()


@pytest.fixture(scope="module")
def exported(network, tmp_path_factory):
    return export_module(network, INPUT, tmp_path_factory.mktemp("fp32"), "Small")


@pytest.fixture(scope="module")
def batches():
    rng = np.random.default_rng(0)
    return [(rng.normal(size=(16, 3, 16, 16)) * 2 + 1).astype(np.float32) for _ in range(4)]


def run(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


@pytest.mark.parametrize("method", ["minmax", "entropy", "percentile"])
def test_the_int8_file_answers_like_the_network(network, exported, batches, tmp_path, method):
    target = tmp_path / "int8.onnx"
    quantize(exported, target, batches, Int8Settings(method, range="full"))
    x = batches[0]
    with torch.no_grad():
        expected = network(torch.from_numpy(x)).numpy()
    error = np.abs(run(target, x) - expected)
    # 8 bits over the range of each tensor leave steps of about 1/255; three layers deep, a twentieth is far outside of it.
    assert error.mean() < 0.05 * np.abs(expected).max()
    assert [path.name for path in tmp_path.iterdir()] == ["int8.onnx"]


def test_every_heavy_operator_executes_in_int8(exported, batches, tmp_path):
    target = tmp_path / "int8.onnx"
    quantize(exported, target, batches, Int8Settings())
    done = executed(target, tmp_path / "optimised.onnx")
    assert done == Executed(int8=3, floats=0)
    assert done.sentence == "3 of 3 convolutions and matrix products execute in int8 on this machine."
    assert not any("BatchNormalization" in node.op_type for node in onnx.load(str(target)).graph.node)
    assert not (tmp_path / "optimised.onnx").exists()


def test_a_float_file_is_counted_as_float(exported, tmp_path):
    done = executed(exported, tmp_path / "optimised.onnx")
    assert done.int8 == 0
    assert done.floats == 3
    assert "0 of 3" in done.sentence
    assert "in floating point: " in done.sentence


@pytest.mark.parametrize(("range", "largest"), [("full", 127), ("reduced", 64)])
def test_weights_have_a_scale_for_each_channel_and_zero_at_zero(exported, batches, tmp_path, range, largest):
    target = tmp_path / "int8.onnx"
    quantize(exported, target, batches, Int8Settings(range=range))
    graph = onnx.load(str(target)).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = [node for node in graph.node if node.op_type == "DequantizeLinear" and tensors.get(node.input[0], np.zeros(0)).ndim == 4]
    assert len(weights) == 2
    for node in weights:
        values, scale, zero = (tensors[name] for name in node.input)
        assert values.dtype == np.int8
        assert len(scale) == len(values)
        assert not zero.any()
        assert largest - 2 <= np.abs(values.astype(int)).max() <= largest


def test_zeros_of_magnitude_pruning_stay_zero(network, batches, tmp_path):
    import copy

    pruned = copy.deepcopy(network)
    masks = magnitude.prune(pruned, magnitude.MagnitudeSettings(0.6, "layer"))
    source = export_module(pruned, INPUT, tmp_path, "Small")
    target = tmp_path / "int8.onnx"
    quantize(source, target, batches, Int8Settings(range="full"))
    tensors = [numpy_helper.to_array(tensor) for tensor in onnx.load(str(target)).graph.initializer]
    quantised = {array.shape: array for array in tensors if array.dtype == np.int8 and array.ndim == 4}
    for name in ("stem.0.weight", "body.0.weight"):
        mask = masks[name].numpy()
        assert not quantised[mask.shape][~mask].any()
        assert np.count_nonzero(quantised[mask.shape]) > 0.8 * mask.sum()


def test_the_quantiser_is_quiet(exported, batches, tmp_path, capfd, caplog):
    level = logging.getLogger().level
    quantize(exported, tmp_path / "int8.onnx", batches, Int8Settings("percentile"))
    out, err = capfd.readouterr()
    assert out == ""
    assert err == ""
    assert not caplog.records
    assert logging.getLogger().level == level


def test_stop_is_heard_between_batches(exported, batches, tmp_path):
    calls = []

    def check():
        calls.append(1)
        if len(calls) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        quantize(exported, tmp_path / "int8.onnx", batches, Int8Settings(), Watch(check))
    assert list(tmp_path.iterdir()) == []


def test_onnx_runtime_called_directly_gives_the_same_graph(exported, batches, tmp_path):
    class Reader(CalibrationDataReader):
        left = [{"input": batch} for batch in batches]

        def get_next(self):
            return self.left.pop(0) if self.left else None

    quantize(exported, tmp_path / "ours.onnx", batches, Int8Settings(range="full"))
    quant_pre_process(str(exported), str(tmp_path / "prepared.onnx"))
    quantize_static(
        str(tmp_path / "prepared.onnx"),
        str(tmp_path / "theirs.onnx"),
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        extra_options={"WeightSymmetric": True, "ActivationSymmetric": False},
    )
    ours, theirs = (onnx.load(str(tmp_path / name)).graph for name in ("ours.onnx", "theirs.onnx"))
    assert [node.op_type for node in ours.node] == [node.op_type for node in theirs.node]
    numbers = [{tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer} for graph in (ours, theirs)]
    assert numbers[0].keys() == numbers[1].keys()
    for name, array in numbers[0].items():
        np.testing.assert_array_equal(array, numbers[1][name])


def test_a_layer_that_is_left_out_executes_in_floats_and_keeps_its_weights(network, exported, batches, tmp_path):
    calibrated = calibrate(exported, tmp_path / "prepared.onnx", Examples(batches), Int8Settings())
    assert list(calibrated.layers) == ["stem.0", "body.0", "head"]
    for layer in calibrated.layers:
        target = tmp_path / "mixed.onnx"
        calibrated.write(target, without=(layer,))
        assert (executed(target, tmp_path / "o.onnx").int8, executed(target, tmp_path / "o.onnx").floats) == (2, 1), layer
    floats = [numpy_helper.to_array(each) for each in onnx.load(str(target)).graph.initializer if each.data_type == onnx.TensorProto.FLOAT]
    assert any(array.shape == (5, 8) and np.array_equal(array, network.head.weight.detach().numpy()) for array in floats)


def test_layers_are_chosen_by_name_or_pattern_and_a_wrong_name_is_answered_with_the_nearest():
    layers = {"stem.0": ("a",), "body.0": ("b", "c"), "body.1": ("d",)}
    assert chosen(layers, "body.*") == ("body.0", "body.1")
    assert chosen(layers, "d, stem.0") == ("stem.0", "body.1")
    with pytest.raises(StepError, match=r'There is no layer "body.2". Nearest: body.[01], body.[01]'):
        chosen(layers, "stem.0 body.2")
    with pytest.raises(StepError, match=r"No layer is named .* The layers are stem.0, body.0, body.1."):
        chosen(layers, " , ")


def test_no_calibration_data_is_refused(exported, tmp_path):
    with pytest.raises(StepError, match="no calibration examples"):
        quantize(exported, tmp_path / "int8.onnx", [], Int8Settings())


def test_what_the_quantiser_cannot_do_is_said_in_a_sentence(exported, batches, tmp_path, monkeypatch):
    def broken(*_args, **_kwargs):
        raise IndexError("list index out of range\nand more")

    monkeypatch.setattr(static_int8, "create_calibrator", broken)
    with pytest.raises(StepError, match=r"^ONNX Runtime cannot calibrate this model: list index out of range Try") as caught:
        quantize(exported, tmp_path / "int8.onnx", batches, Int8Settings())
    assert isinstance(caught.value.__cause__, IndexError)
    assert list(tmp_path.iterdir()) == []


def test_a_quantised_model_is_not_quantised_again(exported, batches, tmp_path):
    quantize(exported, tmp_path / "int8.onnx", batches, Int8Settings())
    with pytest.raises(StepError, match="already quantised"):
        quantize(tmp_path / "int8.onnx", tmp_path / "again.onnx", batches, Int8Settings())


@pytest.mark.parametrize(
    ("machine", "flags", "expected"),
    [("x86_64", "avx2 fma", True), ("x86_64", "avx2 avx512_vnni", False), ("x86_64", "avx_vnni", False), ("aarch64", "", False)],
)
def test_seven_bits_only_where_eight_could_overflow(monkeypatch, machine, flags, expected):
    monkeypatch.setattr(static_int8.platform, "machine", lambda: machine)
    monkeypatch.setattr(static_int8.Path, "read_text", lambda *_args, **_kwargs: f"flags : {flags}")
    assert static_int8.reduced_range("auto") is expected
    assert static_int8.reduced_range("full") is False
    assert static_int8.reduced_range("reduced") is True
