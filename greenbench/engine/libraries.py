"""Versions of the libraries whose behaviour a result depends on, read without importing them."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

import greenbench

# Those whose change can change an artefact; the window's libraries cannot.
_NAMES = ("torch", "torchvision", "timm", "torch-pruning", "onnx", "onnxruntime", "onnxscript", "scikit-learn", "numpy")


@cache
def versions() -> dict[str, str]:
    """Version by distribution name; "" for one that is not installed."""
    found: dict[str, str] = {}
    for name in _NAMES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def own_version() -> str:
    return greenbench.__version__
