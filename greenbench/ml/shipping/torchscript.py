"""A model as TorchScript: what one forward pass did, recorded, for PyTorch without the Python code."""

import shutil
import warnings
from pathlib import Path

import torch

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.answering import noise
from greenbench.ml.artifacts import load_module
from greenbench.ml.shipping.exported import first_line
from greenbench.ml.shipping.format import beside, shipped


class TorchScript:
    """One .pt file."""

    def write(self, stored: Stored, folder: Path, name: str, context: StepContext) -> ModelArtifact:
        target = folder / f"{name}.pt"
        if stored.model.format == "torchscript":
            shutil.copyfile(stored.file("weights"), target)
            return shipped(stored.model, folder, files={"weights": target.name})
        module = load_module(stored).eval()
        examples = torch.from_numpy(noise(stored.model.input, 2).arrays()[0])
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")  # tracing warns of each shape that it writes down; the proof tries other batches
                torch.jit.save(torch.jit.trace(module, (examples,), check_trace=False), target)  # type: ignore[no-untyped-call]
        except Exception as error:  # tracing runs the network's own code, which may raise anything
            raise ModelError(
                f'"{stored.title}" cannot be written as TorchScript: {first_line(error)}', "Choose ONNX or safetensors."
            ) from error
        return shipped(stored.model, folder, format="torchscript", files={"weights": target.name}, architecture=None)

    def open(self, described: ModelArtifact | None, folder: Path, name: str, scratch: Path, trusted: frozenset[str]) -> Stored:
        return beside(described, folder, name)


FORMAT = TorchScript()
