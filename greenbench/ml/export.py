"""From a network to an ONNX file that answers the same, proved by running both."""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from greenbench.core.artifact import InputSpec, ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.artifacts import load_module
from greenbench.ml.onnx_graph import onnx_footprint
from greenbench.ml.runtimes.onnx_runtime import open_session

FILE = "model.onnx"
INPUT, OUTPUT = "input", "logits"
OPSET = 18
_SINGLE_FILE_LIMIT = 2 * 10**9 - 10**8  # protobuf's own limit, with room for the graph
_TOLERANCE = 1e-3  # of the largest output: kernels add in another order; a wrong graph is off by far more


def export_onnx(stored: Stored, folder: Path, context: StepContext | None = None) -> ModelArtifact:
    """The artefact of a model as ONNX, its file in `folder`; an ONNX model comes back as it is, its file copied.

    Raises:
        ModelError: see `to_onnx`.
    """
    path = to_onnx(stored, folder, context)
    model = stored.model
    return model.model_copy(update={"format": "onnx", "files": {"weights": path.name}, "footprint": onnx_footprint(path)})


def to_onnx(stored: Stored, folder: Path, context: StepContext | None = None) -> Path:
    """Writes a model as one ONNX file with a free batch size, input "input" and output "logits"; an ONNX model's own file is copied.

    Raises:
        ModelError: the network cannot be exported, or the file does not answer like the network.
    """
    if stored.model.format == "onnx":
        path = folder / FILE
        path.write_bytes(stored.file("weights").read_bytes())
        return path
    return export_module(load_module(stored), stored.model.input, folder, stored.title, context)


def export_module(module: nn.Module, input: InputSpec, folder: Path, title: str, context: StepContext | None = None) -> Path:
    """Like `to_onnx`, for a module."""
    module = module.eval().cpu()
    examples = torch.randn((2, *input.shape), generator=torch.Generator().manual_seed(0))
    path = folder / FILE
    large = sum(t.numel() * t.element_size() for t in module.state_dict().values()) > _SINGLE_FILE_LIMIT
    try:
        with _quiet() as said:
            torch.onnx.export(
                module,
                (examples,),
                os.fspath(path),
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                opset_version=OPSET,
                dynamo=True,
                external_data=large,
                verbose=False,
            )
    except Exception as error:  # the exporter's stages each raise their own kinds
        reason = _first_line(error)
        raise ModelError(f'"{title}" cannot be exported to ONNX: {reason}', "Use the eager runtime, or another model.") from error
    if context is not None and said.getvalue().strip():
        context.log(said.getvalue().strip(), "debug")
    difference = largest_difference(module, path, examples, title)
    if context is not None:
        context.log(f"{title}: ONNX file and network differ by at most {difference:.2g}")
    return path


def largest_difference(module: nn.Module, path: Path, examples: torch.Tensor, title: str) -> float:
    """The largest absolute difference between outputs of file and module, at batch sizes 2 and 1.

    Raises:
        ModelError: it is more than rounding can explain.
    """
    session = open_session(path, 1, title)
    worst = 0.0
    for batch in (examples, examples[:1]):
        with torch.inference_mode():
            expected = module(batch).numpy()
        found = session.run([OUTPUT], {INPUT: batch.numpy()})[0]
        if found.shape != expected.shape:
            raise ModelError(f'"{title}": the ONNX file gives outputs of shape {found.shape}, the network {expected.shape}.')
        difference = float(np.max(np.abs(found - expected), initial=0.0))
        if not difference <= _TOLERANCE * max(1.0, float(np.max(np.abs(expected), initial=0.0))):
            raise ModelError(
                f'"{title}": the ONNX file answers differently from the network, by {difference:.3g}.', "Use the eager runtime."
            )
        worst = max(worst, difference)
    return worst


def _first_line(error: BaseException) -> str:
    cause = error
    while cause.__cause__ is not None:  # the exporter wraps each stage around the one that failed
        cause = cause.__cause__
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(cause).__name__


@contextlib.contextmanager
def _quiet() -> Iterator[io.StringIO]:
    """Catches what the exporter prints, warns and logs."""
    said = io.StringIO()
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "torch.export")]
    levels = [logger.level for logger in loggers]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield said
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
