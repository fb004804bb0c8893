"""What executes models: which devices, formats and precisions each runtime takes, and the sentence where a combination cannot run.

Light: the window and the plan ask here before anything starts. The runtimes themselves are in greenbench.ml.runtimes.
"""

import importlib.util
import platform
import re
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from greenbench.core.artifact import ModelFormat

FORMAT_NOUNS: dict[ModelFormat, str] = {
    "torch": "a PyTorch network",
    "torchscript": "a TorchScript file",
    "exported": "a torch.export file",
    "onnx": "an ONNX graph",
    "openvino": "an OpenVINO model",
}


@dataclass(frozen=True)
class RuntimeSpec:
    """A way to execute models. `devices` are kinds ("cpu", "cuda", "mps", "xpu"). `loads`: the formats it takes as they are;
    `converts`: those that are turned into one of them first, with the proof that the answers stay. `module` is the import that must
    be there, `extra` the part of GreenBench that installs it. `compiler`: it needs a C++ compiler for the processor."""

    key: str
    title: str
    devices: tuple[str, ...]
    loads: tuple[ModelFormat, ...]
    converts: tuple[ModelFormat, ...] = ()
    precisions: tuple[str, ...] = ("fp32",)
    module: str = ""
    extra: str = ""
    compiler: bool = False


_VIA_ONNX: tuple[ModelFormat, ...] = ("torch", "exported", "torchscript")
_PRECISIONS = ("fp32", "fp16", "int8")
_TORCH = ("fp32", "fp16", "bf16")

RUNTIMES: dict[str, RuntimeSpec] = {
    spec.key: spec
    for spec in (
        RuntimeSpec("onnxruntime", "ONNX Runtime", ("cpu", "cuda"), ("onnx",), _VIA_ONNX, _PRECISIONS),
        RuntimeSpec("eager", "PyTorch eager", ("cpu", "cuda", "mps", "xpu"), ("torch", "torchscript", "exported"), (), _TORCH),
        RuntimeSpec("compiled", "torch.compile", ("cpu", "cuda", "xpu"), ("torch", "exported"), (), _TORCH, compiler=True),
        RuntimeSpec(
            "openvino", "OpenVINO", ("cpu",), ("openvino", "onnx", "torchscript"), ("torch", "exported"), _PRECISIONS,
            "openvino", "openvino",
        ),
        RuntimeSpec("tensorrt", "TensorRT", ("cuda",), ("onnx",), _VIA_ONNX, _PRECISIONS, "tensorrt", "tensorrt"),
    )
}  # fmt: skip


def unavailable(key: str, device: str) -> tuple[str, str] | None:
    """Why a runtime cannot work on this machine with that device ("cpu", "cuda:0"): the sentence and the remedy; None if it can.

    Reads what the installed builds say of themselves and loads none of them, so a driver that is missing shows only when the model
    is loaded.
    """
    spec = RUNTIMES[key]
    if spec.module and importlib.util.find_spec(spec.module) is None:
        return f"{spec.title} is not installed.", f'Install it with pip install "greenbench[{spec.extra}]", or choose another runtime.'
    kind = device.partition(":")[0]
    if kind not in spec.devices:
        able = " or ".join(_DEVICE_NOUNS[each] for each in spec.devices)
        return f"{spec.title} runs on {able}, not on {_DEVICE_NOUNS.get(kind, kind)}.", "Choose another runtime or device."
    if kind not in builds(key):
        noun = _DEVICE_NOUNS[kind]
        library = "ONNX Runtime" if key == "onnxruntime" else "PyTorch"
        remedy = "Install onnxruntime-gpu in place of onnxruntime" if key == "onnxruntime" else f"Install a build of PyTorch for {noun}"
        return f"The installed {library} has no part for {noun}.", f"{remedy}, or choose another runtime or device."
    return _no_compiler(spec, kind) if spec.compiler else None


def builds(key: str) -> frozenset[str]:
    """The kinds of devices for which the installed build of a runtime's library has code."""
    if key == "onnxruntime":
        return frozenset({"cpu", "cuda"} if _onnxruntime_has_cuda() else {"cpu"})
    if key in ("eager", "compiled"):
        return torch_builds()
    return frozenset(RUNTIMES[key].devices)


def torch_builds() -> frozenset[str]:
    """The kinds of devices for which the installed PyTorch has code, as its version file says; PyTorch itself is not loaded."""
    found = {"cpu"}
    said = _package_file("torch", "version.py")
    for kind, names in (("cuda", ("cuda", "hip")), ("xpu", ("xpu",))):
        if any(re.search(rf"^{name}\b[^=]*=\s*['\"]", said, re.MULTILINE) for name in names):
            found.add(kind)
    if sys.platform == "darwin" and platform.machine() == "arm64":
        found.add("mps")
    return frozenset(found)


def _package_file(package: str, name: str) -> str:
    spec = importlib.util.find_spec(package)
    folder = next(iter(spec.submodule_search_locations or ()), None) if spec else None
    try:
        return (Path(folder) / name).read_text(encoding="utf-8") if folder else ""
    except OSError:
        return ""


def _onnxruntime_has_cuda() -> bool:
    spec = importlib.util.find_spec("onnxruntime")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return any(True for folder in folders for _ in (Path(folder) / "capi").glob("*onnxruntime_providers_cuda.*"))


def _no_compiler(spec: RuntimeSpec, kind: str) -> tuple[str, str] | None:
    if kind != "cpu":
        if importlib.util.find_spec("triton") is None:
            return (
                f"{spec.title} needs Triton on {_DEVICE_NOUNS[kind]}, and it is not installed.",
                "Install triton, or choose another runtime.",
            )
        return None
    if not _has_compiler():
        return (
            f"{spec.title} needs a C++ compiler on the processor, and none is installed.",
            "Install g++ (apt install g++), clang or Visual C++, or choose another runtime.",
        )
    if not (Path(sysconfig.get_paths()["include"]) / "Python.h").exists():
        return (
            f"{spec.title} compiles against Python's headers on the processor, and they are not installed.",
            "Install them (apt install python3-dev), or choose another runtime.",
        )
    return None


def refusal(key: str, format: ModelFormat, precision: str) -> tuple[str, str] | None:
    """Why a runtime cannot execute a model of that format and precision: the sentence, without its subject, and the remedy; None if
    it can ("… is an ONNX graph, which PyTorch eager cannot run.")."""
    spec = RUNTIMES[key]
    if format not in spec.loads + spec.converts:
        able = [other.title for other in RUNTIMES.values() if format in other.loads + other.converts and precision in other.precisions]
        remedy = f"Set the runtime to {' or '.join(able)}." if able else "Choose another model."
        return f"is {FORMAT_NOUNS[format]}, which {spec.title} cannot run.", remedy
    if precision not in spec.precisions:
        able = [other.title for other in RUNTIMES.values() if precision in other.precisions and format in other.loads + other.converts]
        return f"is {precision}, which {spec.title} cannot execute.", f"Set the runtime to {' or '.join(able)}." if able else ""
    return None


_DEVICE_NOUNS = {"cpu": "the processor", "cuda": "an NVIDIA GPU", "mps": "an Apple GPU", "xpu": "an Intel GPU"}


def _has_compiler() -> bool:
    names = ("cl",) if sys.platform == "win32" else ("c++", "g++", "clang++")
    return any(shutil.which(name) for name in names)
