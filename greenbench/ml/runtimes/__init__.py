"""How a model executes. Only the eager runtime imports torch, and only when it is asked for: bench children start fast."""

from importlib import import_module

from greenbench.core.errors import ModelError
from greenbench.ml.runtimes.runtime import Runtime, Session

__all__ = ["Runtime", "Session", "names", "runtime"]

_MODULES = {"onnxruntime": "onnx_runtime", "eager": "eager"}


def names() -> tuple[str, ...]:
    """The runtimes of this version."""
    return tuple(_MODULES)


def runtime(name: str) -> Runtime:
    """The runtime of that name.

    Raises:
        ModelError: there is none.
    """
    if name not in _MODULES:
        raise ModelError(f'There is no runtime "{name}".', f"Choose one of: {', '.join(_MODULES)}.")
    found: Runtime = import_module(f"greenbench.ml.runtimes.{_MODULES[name]}").RUNTIME
    return found
