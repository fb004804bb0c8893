"""A model as a torch.export archive: the graph of one forward pass, without the Python code that made it."""

import shutil
import warnings
from pathlib import Path

import torch

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.answering import noise
from greenbench.ml.artifacts import load_module
from greenbench.ml.shipping.format import beside, shipped


class Exported:
    """One .pt2 file."""

    def write(self, stored: Stored, folder: Path, name: str, context: StepContext) -> ModelArtifact:
        target = folder / f"{name}.pt2"
        if stored.model.format == "exported":
            shutil.copyfile(stored.file("weights"), target)
            return shipped(stored.model, folder, files={"weights": target.name})
        module = load_module(stored).eval()
        examples = torch.from_numpy(noise(stored.model.input, 2).arrays()[0])
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")
                program = torch.export.export(module, (examples,), dynamic_shapes=({0: torch.export.Dim("batch")},), strict=False)
                torch.export.save(program, target)
        except Exception as error:  # the exporter's stages each raise their own kinds
            raise ModelError(
                f'"{stored.title}" cannot be written for torch.export: {first_line(error)}', "Choose ONNX or safetensors."
            ) from error
        return shipped(stored.model, folder, format="exported", files={"weights": target.name}, architecture=None)

    def open(self, described: ModelArtifact | None, folder: Path, name: str, scratch: Path, trusted: frozenset[str]) -> Stored:
        return beside(described, folder, name)


def first_line(error: BaseException) -> str:
    """What an exporter's error says first: the reason stands there, the rest is its own traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__


FORMAT = Exported()
