"""How a model executes. Only the runtimes of PyTorch import torch, and only when they are asked for: bench children start fast."""

from importlib import import_module

from greenbench.core.errors import ModelError
from greenbench.ml.runtimes.runtime import Runtime, Session

__all__ = ["Runtime", "Session", "names", "runtime"]

_MODULES = {
    "onnxruntime": "onnx_runtime",
    "eager": "eager",
    "compiled": "compiled",
    "openvino": "openvino_runtime",
    "tensorrt": "tensorrt_runtime",
}


def names() -> tuple[str, ...]:
    """The runtimes of this version; greenbench.core.runtimes says what each takes."""
    return tuple(_MODULES)


def runtime(name: str) -> Runtime:
    """The runtime of that name.

    Raises:
        ModelError: there is none, or its library is not installed.
    """
    if name not in _MODULES:
        raise ModelError(f'There is no runtime "{name}".', f"Choose one of: {', '.join(_MODULES)}.")
    from greenbench.core.runtimes import RUNTIMES, unavailable

    missing = unavailable(name, RUNTIMES[name].devices[0])
    if missing and missing[0].endswith("is not installed."):
        raise ModelError(*missing)
    found: Runtime = import_module(f"greenbench.ml.runtimes.{_MODULES[name]}").RUNTIME
    return found
