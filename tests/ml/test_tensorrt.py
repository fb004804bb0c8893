"""TensorRT where it cannot run: what is refused, and how an engine's own list of layers is read."""

import importlib.util

import pytest

from greenbench.core.errors import ModelError
from greenbench.ml.runtimes import runtime
from greenbench.ml.runtimes.tensorrt_runtime import RUNTIME, described

absent = pytest.mark.skipif(importlib.util.find_spec("tensorrt") is not None, reason="TensorRT is installed")


@absent
def test_without_the_library_it_says_how_to_get_it(exported) -> None:
    with pytest.raises(ModelError, match=r"TensorRT is not installed\.") as caught:
        runtime("tensorrt")
    assert 'pip install "greenbench[tensorrt]"' in caught.value.remedy
    with pytest.raises(ModelError, match=r"TensorRT is not installed\."):
        RUNTIME.prepare(exported("lenet5")[1], threads=1)


def test_it_takes_onnx_graphs_only(exported) -> None:
    with pytest.raises(ModelError, match=r'"Net" is not an ONNX graph'):
        RUNTIME.prepare(exported("lenet5")[0], threads=1)


def layer(kind: str, type: str, parameter: str = "") -> dict:
    """A layer as the engine inspector lists it at detailed verbosity."""
    return {
        "Name": "x",
        "LayerType": kind,
        "ParameterType": parameter,
        "Inputs": [{"Name": "x", "Format/Datatype": f"Row major linear {type}"}],
    }


@pytest.mark.parametrize(
    ("layers", "promised", "precision", "by", "fallbacks"),
    [
        ([layer("CaskConvolution", "FP32")] * 3 + [layer("Reformat", "FP32")], "fp32", "fp32", {"fp32": 3}, 0),
        ([layer("CaskConvolution", "Int8")] * 3 + [layer("CaskGemmConvolution", "Float")], "int8", "int8", {"int8": 3, "fp32": 1}, 1),
        ([layer("gemm", "Half")], "fp16", "fp16", {"fp16": 1}, 0),
        ([layer("CaskConvolution", "BFloat16")], "fp32", "bf16", {"bf16": 1}, 0),
        ([layer("Myelin", "Float", "MatrixMultiply")], "int8", "fp32", {"fp32": 1}, 1),
        ([], "fp32", "fp32", {}, 0),
    ],
)
def test_layers_say_what_they_compute_in(layers, promised, precision, by, fallbacks) -> None:
    done = described(layers, "TensorRT 10", promised)
    assert (done.precision, done.by_precision, done.fallbacks) == (precision, by, fallbacks)
    assert sum(count for _, count in done.kernels) == len(layers)
