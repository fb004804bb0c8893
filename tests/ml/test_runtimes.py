"""Runtimes answer alike, use the threads they are given, and say what really executed."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from onnxruntime.quantization import CalibrationDataReader, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from greenbench.core.errors import ModelError
from greenbench.core.step import Stored
from greenbench.ml.artifacts import load_module
from greenbench.ml.data import open_dataset
from greenbench.ml.data.arrays import digits
from greenbench.ml.data.cuts import Cut
from greenbench.ml.evaluation import answers, correct_bits
from greenbench.ml.runtimes import names, runtime
from greenbench.ml.runtimes.onnx_runtime import executed, open_session, optimised_operators

X = np.random.default_rng(0).normal(size=(5, 1, 16, 16)).astype(np.float32)


@pytest.fixture(scope="module")
def models(exported) -> dict[str, Stored]:
    return dict(zip(("eager", "onnxruntime"), exported("lenet5"), strict=True))


def test_all_runtimes_give_the_same_answers(models) -> None:
    assert names() == ("onnxruntime", "eager")
    found = [runtime(name).prepare(models[name], threads=1, device="cpu").run(X) for name in names()]
    assert found[0].shape == (5, 10)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-5)


def test_a_session_says_that_floats_are_floats(models) -> None:
    session = runtime("onnxruntime").prepare(models["onnxruntime"], threads=1)
    assert (session.precision, session.notes) == ("fp32", ())


def test_threads_are_as_asked_and_sleep_between_calls(models) -> None:
    options = open_session(models["onnxruntime"].file("weights"), 3, "Net").get_session_options()
    assert options.intra_op_num_threads == 3
    assert options.inter_op_num_threads == 1
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    before = torch.get_num_threads()
    try:
        runtime("eager").prepare(models["eager"], threads=2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("counts", "precision", "note"),
    [
        ({"Conv": 9, "Gemm": 1}, "fp32", ""),
        ({"QLinearConv": 9, "QGemm": 1, "QuantizeLinear": 1, "DequantizeLinear": 1}, "int8", ""),
        ({"QLinearConv": 8, "Conv": 1, "Gemm": 1}, "int8", "2 of 10 convolutions and matrix products run in fp32"),
        ({"FusedConv": 9, "DequantizeLinear": 18, "QuantizeLinear": 18}, "fp32", "The file is quantised, but everything runs in fp32"),
    ],
)
def test_precision_is_that_of_the_operators_that_execute(counts, precision, note) -> None:
    found = executed(Counter(counts))
    assert found[0] == precision
    assert found[1].startswith(note) if note else found[1] == ""


def test_an_int8_file_is_said_to_run_in_int8_and_a_float_file_is_not(exported, tmp_path) -> None:
    _, graph = exported("lenet5")
    path = graph.file("weights")
    quant_pre_process(str(path), str(tmp_path / "pre.onnx"))
    quantize_static(str(tmp_path / "pre.onnx"), str(tmp_path / "model.onnx"), _Calibration(), per_channel=True)
    declared = graph.model.model_copy(update={"precision": "int8"})
    session = runtime("onnxruntime").prepare(Stored(declared, tmp_path, "q", "Int8"), threads=1)
    assert session.precision == "int8"
    counts = optimised_operators(tmp_path / "model.onnx", "Int8")
    assert counts["QLinearConv"] == 2
    boast = runtime("onnxruntime").prepare(Stored(declared, graph.folder, "q", "Boast"), threads=1)
    assert boast.precision == "fp32"


class _Calibration(CalibrationDataReader):
    def __init__(self) -> None:
        self.left = [{"input": X}]

    def get_next(self) -> dict[str, np.ndarray] | None:
        return self.left.pop() if self.left else None


def test_models_of_the_wrong_kind_and_damaged_files_are_named(models, tmp_path) -> None:
    with pytest.raises(ModelError, match=r'"Net" is not an ONNX graph'):
        runtime("onnxruntime").prepare(models["eager"], threads=1)
    with pytest.raises(ModelError, match=r'"Net" is an ONNX graph'):
        runtime("eager").prepare(models["onnxruntime"], threads=1)
    with pytest.raises(ModelError, match="no runtime"):
        runtime("tensorrt")
    (tmp_path / "model.onnx").write_bytes(b"broken")
    with pytest.raises(ModelError, match=r'cannot load "Net"'):
        runtime("onnxruntime").prepare(Stored(models["onnxruntime"].model, tmp_path, "m", "Net"), threads=1)
    with pytest.raises(ModelError, match="cannot be moved to cuda:7"):
        runtime("eager").prepare(models["eager"], threads=1, device="cuda:7")


def test_correct_bits_are_those_of_the_largest_output(models, tmp_path, context) -> None:
    split = open_dataset(Stored(digits(tmp_path, 16, Cut()), tmp_path, "d", "Digits")).split("test")
    bits = correct_bits(load_module(models["eager"]), split, context)
    x, y = split.arrays()
    with torch.no_grad():
        expected = load_module(models["eager"])(torch.from_numpy(x)).argmax(1).numpy() == y
    assert np.array_equal(bits, expected)
    assert context.values("accuracy")[-1] == pytest.approx(expected.mean())
    session = runtime("onnxruntime").prepare(models["onnxruntime"], threads=1)
    assert (answers(session.run, split).argmax(1) == y).tolist() == expected.tolist()


def test_an_onnx_runtime_child_starts_without_torch() -> None:
    code = (
        "import sys; from greenbench.ml.runtimes import runtime; runtime('onnxruntime');"
        "from greenbench.ml.data import open_dataset; import greenbench.ml.onnx_graph;"
        "print([name for name in ('torch', 'PySide6', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
