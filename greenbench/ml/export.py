"""From a network to an ONNX file that answers the same, proved by running both."""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from greenbench.core.artifact import Footprint, InputSpec, ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.onnx_graph import onnx_footprint
from greenbench.ml.runtimes import networks
from greenbench.ml.runtimes.onnx_runtime import open_session

FILE = "model.onnx"
INPUT, OUTPUT = "input", "logits"
OPSET = 18
_SINGLE_FILE_LIMIT = 2 * 10**9 - 10**8  # protobuf's own limit, with room for the graph
# Of the largest output: kernels add in another order; a wrong graph is off by far more.
_TOLERANCE = {torch.float16: 2e-2, torch.bfloat16: 1e-1}
_TOLERANCE_FP32 = 1e-3
_EXAMPLES = 2  # 1 would be taken for an axis that never changes


def export_onnx(stored: Stored, folder: Path, context: StepContext | None = None) -> ModelArtifact:
    """The artefact of a model as ONNX, its file in `folder`; an ONNX model comes back as it is, its files copied. Inputs that are held
    constant become part of the graph.

    Raises:
        ModelError: see `to_onnx`.
    """
    path = to_onnx(stored, folder, context)
    model = stored.model
    if model.format == "onnx":
        return model.model_copy(update={"files": {**_beside(model), "weights": path.name}})
    update = {"format": "onnx", "files": {"weights": path.name}, "footprint": onnx_footprint(path), "constants": ()}
    return model.model_copy(update=update)


def to_onnx(stored: Stored, folder: Path, context: StepContext | None = None) -> Path:
    """Writes a model as one ONNX file with input "input" and first output "logits", and with a free batch size unless the model's own
    is fixed; an ONNX model's own files are copied.

    Raises:
        ModelError: the network cannot be exported, or the file does not answer like the network.
    """
    model = stored.model
    if model.format == "onnx":
        path = folder / FILE
        path.write_bytes(stored.file("weights").read_bytes())
        for name in _beside(model).values():  # numbers that the graph keeps outside are found by their file's name
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((stored.folder / name).read_bytes())
        return path
    network = networks.load_network(stored, "cpu", model.batch or _EXAMPLES)
    return _export(_Source(stored, network), folder, context)


def _beside(model: ModelArtifact) -> dict[str, str]:
    return {role: name for role, name in model.files.items() if role != "weights"}


class _Source:
    """What is exported: one varying input, one output, whatever the network has."""

    def __init__(self, stored: Stored, network: networks.Network) -> None:
        self.stored, self.network = stored, network
        self.title, self.format, self.batch = stored.title, stored.model.format, stored.model.batch
        self.examples = network.tensor(_examples(stored.model.input, self.batch or _EXAMPLES))

    def outputs(self, batch: Tensor) -> Tensor:
        with torch.inference_mode():
            return networks.first_tensor(self.network.forward(batch), self.title)

    def module(self) -> nn.Module:
        """The network, wrapped where it has constants or gives more than a tensor."""
        with torch.no_grad():
            plain = isinstance(self.network.forward(self.examples), Tensor)
        if plain and self.network.forward is self.network.module:
            return self.network.module
        return _FirstOutput(self.network)


class _FirstOutput(nn.Module):
    """A network whose other inputs are held, reduced to its first output."""

    def __init__(self, network: networks.Network) -> None:
        super().__init__()
        self.inner = network.module  # known as a part, so that its weights are exported as weights
        self._network = network

    def forward(self, input: Tensor) -> Tensor:
        return networks.first_tensor(self._network.forward(input), self._network.title)


def _examples(input: InputSpec, batch: int) -> NDArray[Any]:
    """Random examples as a model takes them; token numbers below the vocabulary."""
    generator = np.random.default_rng(0)
    shape = (batch, *input.array_shape)
    if np.issubdtype(np.dtype(input.dtype), np.integer):
        return generator.integers(0, input.tokens.vocabulary if input.tokens else 2, size=shape).astype(input.dtype)
    return generator.normal(size=shape).astype(input.dtype)


def _export(source: _Source, folder: Path, context: StepContext | None) -> Path:
    path = folder / FILE
    write = _write_scripted if source.format == "torchscript" else _write
    try:
        with quiet() as said:
            write(source, path)
    except Exception as error:  # the exporter's stages each raise their own kinds
        reason = _first_line(error)
        raise ModelError(
            f'"{source.title}" cannot be exported to ONNX: {reason}', "Set the runtime to PyTorch eager, or choose another model."
        ) from error
    if context is not None and said.getvalue().strip():
        context.log(said.getvalue().strip(), "debug")
    difference = largest_difference(source.outputs, path, source.examples, source.title, alone=source.batch is None)
    if context is not None:
        context.log(f"{source.title}: ONNX file and network differ by at most {difference:.2g}")
    return path


def _write(source: _Source, path: Path) -> None:
    """By torch.export, on which the ONNX exporter stands; what is exported already says itself which sizes are free."""
    options: dict[str, Any] = {"input_names": [INPUT], "output_names": [OUTPUT], "opset_version": OPSET, "dynamo": True, "verbose": False}
    if source.format == "exported" and not source.stored.model.constants:
        torch.onnx.export(networks.exported_program(source.stored), (source.examples,), os.fspath(path), **options)
        return
    module = source.module()
    large = sum(t.numel() * t.element_size() for t in module.state_dict().values()) > _SINGLE_FILE_LIMIT
    free = ({0: torch.export.Dim("batch")},) if source.batch is None else None
    torch.onnx.export(module, (source.examples,), os.fspath(path), dynamic_shapes=free, external_data=large, **options)


def _write_scripted(source: _Source, path: Path) -> None:
    """By the exporter that reads TorchScript: torch.export cannot."""
    module = source.module()
    if not isinstance(module, torch.jit.ScriptModule):  # a wrapper of ours: the exporter takes it once it is TorchScript too
        with torch.no_grad():
            module = torch.jit.trace(module, (source.examples,), strict=False)  # type: ignore[no-untyped-call]
    torch.onnx.export(
        module,
        (source.examples,),
        os.fspath(path),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}} if source.batch is None else None,
        opset_version=OPSET,
        dynamo=False,
    )


def export_module(module: nn.Module, input: InputSpec, folder: Path, title: str, context: StepContext | None = None) -> Path:
    """Like `to_onnx`, for a module."""
    nothing = Footprint(parameters=0, nonzero_parameters=0, size_bytes=0)
    stored = Stored(ModelArtifact(format="torch", files={}, input=input, classes=(), footprint=nothing), folder, "", title)
    return _export(_Source(stored, networks.network_of(module.eval().cpu(), stored, "cpu", _EXAMPLES)), folder, context)


def largest_difference(answer: Callable[[Tensor], Tensor], path: Path, examples: Tensor, title: str, alone: bool = True) -> float:
    """The largest absolute difference between outputs of a file and of a network, all examples at once and, with `alone`, one.

    Raises:
        ModelError: it is more than rounding can explain.
    """
    session = open_session(path, 1, title)
    name, output = session.get_inputs()[0].name, session.get_outputs()[0].name
    worst = 0.0
    for batch in (examples, examples[:1]) if alone else (examples,):
        with torch.inference_mode():
            expected = answer(batch)
        allowed = _TOLERANCE.get(expected.dtype, _TOLERANCE_FP32)
        wanted = expected.double().numpy()
        found = np.asarray(session.run([output], {name: batch.numpy()})[0], dtype=np.float64)
        if found.shape != wanted.shape:
            raise ModelError(f'"{title}": the ONNX file gives outputs of shape {found.shape}, the network {wanted.shape}.')
        _check_finite(wanted, title)
        difference = float(np.max(np.abs(found - wanted), initial=0.0))
        if not difference <= allowed * max(1.0, float(np.max(np.abs(wanted), initial=0.0))):
            raise ModelError(
                f'"{title}": the ONNX file answers differently from the network, by {difference:.3g}.', "Use the eager runtime."
            )
        worst = max(worst, difference)
    return worst


def _check_finite(answers: NDArray[np.float64], title: str) -> None:
    """Demands answers that can be compared, and say something."""
    if count := int(np.count_nonzero(~np.isfinite(answers))):
        raise ModelError(
            f'"{title}" itself answers with {count:,} of {answers.size:,} values that are not finite numbers.',
            "Look at its weights and at what it takes; train it anew, or take an earlier checkpoint.",
        )


def _first_line(error: BaseException) -> str:
    cause = error
    while cause.__cause__ is not None:  # the exporter wraps each stage around the one that failed
        cause = cause.__cause__
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(cause).__name__


@contextlib.contextmanager
def quiet() -> Iterator[io.StringIO]:
    """Catches what an exporter prints, warns and logs."""
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
