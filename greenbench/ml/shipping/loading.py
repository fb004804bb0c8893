"""Reading back what only GreenBench writes: weights with their description, and packed files; for the lab's own programs."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from greenbench.core.errors import FileFormatError
from greenbench.core.jobs import ExportFormat
from greenbench.ml.answering import session_of
from greenbench.ml.runtimes import Session
from greenbench.ml.shipping import format_of

if TYPE_CHECKING:  # a packed ONNX graph needs no torch
    from torch import nn

_ENDINGS: dict[str, ExportFormat] = {".safetensors": "safetensors", ".gbpack": "packed"}


def load_network(path: str | Path, trusted: Iterable[str] = ()) -> "nn.Module":
    """The PyTorch network of a .safetensors or .gbpack file that GreenBench wrote, in evaluation mode. `trusted`: the SHA-256 of Python
    files that may run, where one of them builds the network.

    Raises:
        FileFormatError: it is another file, or damaged.
        ModelError: it holds no PyTorch network.
        TrustError: its network is built by a Python file that is not among the trusted.
    """
    from greenbench.ml.artifacts import load_module

    with tempfile.TemporaryDirectory(prefix="greenbench-", ignore_cleanup_errors=True) as scratch:
        return load_module(format_of(_format(Path(path))).open(None, Path(path).parent, Path(path).stem, Path(scratch), frozenset(trusted)))


def load_session(path: str | Path, threads: int = 1, trusted: Iterable[str] = ()) -> Session:
    """The model of such a file, ready to answer: `load_session(path).run(x)`. Raises like `load_network`."""
    with tempfile.TemporaryDirectory(prefix="greenbench-", ignore_cleanup_errors=True) as scratch:
        stored = format_of(_format(Path(path))).open(None, Path(path).parent, Path(path).stem, Path(scratch), frozenset(trusted))
        return session_of(stored, threads, batch=stored.model.batch or 1)


def _format(path: Path) -> ExportFormat:
    found = _ENDINGS.get(path.suffix)
    if found is None:
        raise FileFormatError(f"{path.name} is not a file that GreenBench alone can read.", "Give a .safetensors or .gbpack file.")
    return found
