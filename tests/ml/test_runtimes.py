"""Runtimes answer alike, use the threads they are given, and say what really executed."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from onnxruntime.quantization import CalibrationDataReader, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError
from greenbench.core.runtimes import RUNTIMES, unavailable
from greenbench.core.step import Stored
from greenbench.ml.artifacts import load_module
from greenbench.ml.data import open_dataset
from greenbench.ml.data.arrays import digits
from greenbench.ml.data.cuts import Cut
from greenbench.ml.evaluation import correct_bits, outputs_of
from greenbench.ml.runtimes import names, runtime
from greenbench.ml.runtimes.onnx_runtime import Ran, open_session

FORMS = [("eager", "eager"), ("onnxruntime", "onnxruntime"), ("openvino", "onnxruntime")]
X = np.random.default_rng(0).normal(size=(5, 1, 16, 16)).astype(np.float32)


def present(name: str) -> bool:
    return unavailable(name, "cpu") is None


@pytest.fixture(scope="module")
def models(exported) -> dict[str, Stored]:
    return dict(zip(("eager", "onnxruntime"), exported("lenet5"), strict=True))


def test_there_is_an_object_for_every_runtime_of_the_table() -> None:
    assert set(names()) == set(RUNTIMES)


def test_all_runtimes_give_the_same_answers(models) -> None:
    found = [runtime(name).prepare(models[kind], threads=1, batch=5).run(X) for name, kind in FORMS if present(name)]
    assert found[0].shape == (5, 10)
    for other in found[1:]:
        np.testing.assert_allclose(found[0], other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "kind"), FORMS)
def test_a_session_says_what_ran(models, name, kind) -> None:
    if not present(name):
        pytest.skip(f"{name} is not installed")
    session = runtime(name).prepare(models[kind], threads=1)
    done = session.execution
    assert (done.runtime, session.precision, session.notes) == (name, "fp32", ())
    assert done.by_precision == {"fp32": 4}  # LeNet-5 has two convolutions and two linear layers
    assert sum(count for _, count in done.kernels) >= 4
    assert done.threads == 1
    assert done.load_s > 0
    assert done.first_s > 0
    assert (done.compile_s is not None) == (name == "openvino")
    assert any(character.isdigit() for character in done.version)


def test_openvino_is_loaded_without_its_usage_statistics() -> None:
    pytest.importorskip("openvino")
    code = (
        "import sys; from greenbench.ml.runtimes.openvino_library import openvino; openvino();"
        "print(sys.modules['openvino_telemetry'], 'openvino_telemetry.main' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "False", "False"]


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


def node(kind: str, type: str = "float") -> dict:
    """A node as ONNX Runtime's profile names it."""
    return {"op_name": kind, "provider": "CPUExecutionProvider", "input_type_shape": [{type: [1, 8]}]}


CONV, GEMM = node("QLinearConv", "uint8"), node("QGemm", "uint8")
Q, DQ = node("QuantizeLinear"), node("DequantizeLinear", "uint8")


@pytest.mark.parametrize(
    ("nodes", "promised", "precision", "fallbacks", "note"),
    [
        ([node("Conv")] * 9 + [node("Gemm")], "fp32", "fp32", 0, ""),
        ([CONV] * 9 + [GEMM, Q, DQ], "int8", "int8", 0, ""),
        ([CONV] * 8 + [node("Conv"), node("Gemm")], "int8", "int8", 2, "2 of 10 convolutions and matrix products run"),
        ([node("FusedConv")] * 9 + [Q, DQ] * 18, "int8", "fp32", 9, "The file is quantised, but everything runs in fp32"),
        ([node("DynamicQuantizeMatMul")], "int8", "int8", 0, ""),
        ([node("Conv", "float16")] * 3, "fp16", "fp16", 0, ""),
        ([node("Conv")] * 3, "fp16", "fp32", 3, "The file holds half precision, but everything runs in fp32"),
    ],
)  # fmt: skip
def test_precision_is_that_of_the_operators_that_execute(nodes, promised, precision, fallbacks, note) -> None:
    ran = Ran(nodes)
    done = ran.execution(promised)
    assert (done.precision, done.fallbacks) == (precision, fallbacks)
    notes = ran.notes(promised, "cpu")
    assert notes[0].startswith(note) if note else not notes


def test_quantise_and_dequantise_pairs_that_are_left_are_counted() -> None:
    nodes = [node("DequantizeLinear")] * 18 + [node("FusedConv")] * 9 + [node("QuantizeLinear")] * 9
    assert Ran(nodes).execution("int8").qdq == 9


def test_operators_that_a_gpu_leaves_to_the_processor_are_told() -> None:
    ran = Ran([{**node("Conv"), "provider": "CUDAExecutionProvider"}, node("NonMaxSuppression")])
    assert ran.notes("fp32", "cuda:0") == ("1 operator runs on the processor, because the GPU part of ONNX Runtime does not have them.",)


def test_an_int8_file_is_said_to_run_in_int8_and_a_float_file_is_not(exported, tmp_path) -> None:
    _, graph = exported("lenet5")
    path = graph.file("weights")
    quant_pre_process(str(path), str(tmp_path / "pre.onnx"))
    quantize_static(str(tmp_path / "pre.onnx"), str(tmp_path / "model.onnx"), _Calibration(), per_channel=True)
    declared = graph.model.model_copy(update={"precision": "int8"})
    session = runtime("onnxruntime").prepare(Stored(declared, tmp_path, "q", "Int8"), threads=1)
    assert session.precision == "int8"
    assert dict(session.execution.kernels)["QLinearConv"] == 2
    assert session.execution.by_precision == {"int8": 4}
    boast = runtime("onnxruntime").prepare(Stored(declared, graph.folder, "q", "Boast"), threads=1)
    assert (boast.precision, boast.execution.fallbacks) == ("fp32", 4)


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
        runtime("abacus")
    (tmp_path / "model.onnx").write_bytes(b"broken")
    with pytest.raises(ModelError, match=r'cannot load "Net"'):
        runtime("onnxruntime").prepare(Stored(models["onnxruntime"].model, tmp_path, "m", "Net"), threads=1)
    with pytest.raises(ModelError, match="cannot be moved to cuda:7"):
        runtime("eager").prepare(models["eager"], threads=1, device="cuda:7")


def test_a_model_for_one_batch_size_is_refused_at_another_and_fills_up_the_last(models) -> None:
    fixed = models["onnxruntime"]
    fixed = Stored(fixed.model.model_copy(update={"batch": 2}), fixed.folder, "m", "Net")
    with pytest.raises(ModelError, match=r'"Net" takes 2 examples in a call, not 1\.'):
        runtime("onnxruntime").prepare(fixed, threads=1)
    session = runtime("onnxruntime").prepare(fixed, threads=1, batch=2)
    free = runtime("onnxruntime").prepare(models["onnxruntime"], threads=1)
    np.testing.assert_allclose(session.answers(X), free.run(X), rtol=1e-5, atol=1e-6)


def test_a_wrong_input_shape_is_one_sentence(models) -> None:
    for name, kind in FORMS:
        if present(name):
            wrong = models[kind].model.model_copy(update={"input": InputSpec(shape=(3, 16, 16))})
            stored = Stored(wrong, models[kind].folder, "m", "Net")
            with pytest.raises(ModelError, match=r'"Net" cannot answer an example of 3×16×16 in ') as caught:
                runtime(name).prepare(stored, threads=1)
            assert "\n" not in caught.value.message


def test_correct_bits_are_those_of_the_largest_output(models, tmp_path, context) -> None:
    split = open_dataset(Stored(digits(tmp_path, 16, Cut()), tmp_path, "d", "Digits")).split("test")
    bits = correct_bits(load_module(models["eager"]), split, context)
    x, y = split.arrays()
    with torch.no_grad():
        expected = load_module(models["eager"])(torch.from_numpy(x)).argmax(1).numpy() == y
    assert np.array_equal(bits, expected)
    assert context.values("accuracy")[-1] == pytest.approx(expected.mean())
    session = runtime("onnxruntime").prepare(models["onnxruntime"], threads=1)
    assert (outputs_of(session.run, split).argmax(1) == y).tolist() == expected.tolist()


def test_an_onnx_runtime_child_starts_without_torch() -> None:
    code = (
        "import sys; from greenbench.ml.runtimes import runtime; runtime('onnxruntime');"
        "from greenbench.ml.data import open_dataset; import greenbench.ml.onnx_graph;"
        "print([name for name in ('torch', 'PySide6', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
