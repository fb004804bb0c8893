"""What each runtime takes is said before anything is loaded, in words that name the way out."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

from greenbench.core import runtimes
from greenbench.core.runtimes import RUNTIMES, refusal, torch_builds, unavailable


@pytest.mark.parametrize(
    ("runtime", "format", "precision", "sentence", "remedy"),
    [
        ("eager", "onnx", "fp32", "is an ONNX graph, which PyTorch eager cannot run.", "ONNX Runtime or OpenVINO or TensorRT."),
        ("compiled", "torchscript", "fp32", "is a TorchScript file, which torch.compile cannot run.", "PyTorch eager"),
        ("onnxruntime", "openvino", "fp32", "is an OpenVINO model, which ONNX Runtime cannot run.", "Set the runtime to OpenVINO."),
        ("eager", "torch", "int8", "is int8, which PyTorch eager cannot execute.", "ONNX Runtime"),
    ],
)  # fmt: skip
def test_a_combination_that_cannot_run_is_refused_with_a_way_out(runtime, format, precision, sentence, remedy) -> None:
    found = refusal(runtime, format, precision)
    assert found[0] == sentence
    assert remedy in found[1]


def test_every_format_runs_somewhere_and_every_runtime_takes_networks() -> None:
    formats = {format for spec in RUNTIMES.values() for format in spec.loads}
    assert formats == {"torch", "torchscript", "exported", "onnx", "openvino"}
    assert all(refusal(key, "torch", "fp32") is None for key in RUNTIMES)


def test_a_device_that_a_runtime_does_not_know_is_refused_by_name() -> None:
    assert unavailable("openvino", "cuda:0")[0] in ("OpenVINO runs on the processor, not on an NVIDIA GPU.", "OpenVINO is not installed.")
    assert unavailable("onnxruntime", "mps")[0] == "ONNX Runtime runs on the processor or an NVIDIA GPU, not on an Apple GPU."
    assert unavailable("eager", "cpu") is None


def built(monkeypatch, tmp_path: Path, text: str) -> None:
    """As if PyTorch's version file said so."""
    (tmp_path / "version.py").write_text(text)
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    real = importlib.util.find_spec
    monkeypatch.setattr(runtimes.importlib.util, "find_spec", lambda name: found if name == "torch" else real(name))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("cuda: Optional[str] = '13.0'\nhip: Optional[str] = None\nxpu: Optional[str] = None\n", {"cpu", "cuda"}),
        ("cuda: Optional[str] = None\nhip: Optional[str] = None\nxpu: Optional[str] = '20250302'\n", {"cpu", "xpu"}),
        ("cuda = None\nhip = '6.4'\n", {"cpu", "cuda"}),  # ROCm answers to the name of CUDA
        ("cuda = None\n", {"cpu"}),
        ("", {"cpu"}),
    ],
)
def test_what_pytorch_was_built_for_is_read_from_its_version_file(monkeypatch, tmp_path, text, kinds) -> None:
    monkeypatch.setattr(runtimes.sys, "platform", "linux")
    built(monkeypatch, tmp_path, text)
    assert torch_builds() == kinds


def test_apple_gpus_belong_to_the_mac_build(monkeypatch, tmp_path) -> None:
    built(monkeypatch, tmp_path, "cuda = None\n")
    monkeypatch.setattr(runtimes.sys, "platform", "darwin")
    monkeypatch.setattr(runtimes.platform, "machine", lambda: "arm64")
    assert torch_builds() == {"cpu", "mps"}


def test_a_build_without_a_gpu_part_is_told_apart_from_a_runtime_that_cannot(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(runtimes.sys, "platform", "linux")
    built(monkeypatch, tmp_path, "cuda = None\n")
    sentence, remedy = unavailable("eager", "cuda:0")
    assert sentence == "The installed PyTorch has no part for an NVIDIA GPU."
    assert "build of PyTorch" in remedy


def test_torch_compile_asks_for_a_compiler_and_python_headers(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(runtimes.shutil, "which", lambda name: None)
    assert unavailable("compiled", "cpu")[0] == "torch.compile needs a C++ compiler on the processor, and none is installed."
    monkeypatch.setattr(runtimes.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(runtimes.sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    assert "Python's headers" in unavailable("compiled", "cpu")[0]
    (tmp_path / "Python.h").write_text("")
    assert unavailable("compiled", "cpu") is None
