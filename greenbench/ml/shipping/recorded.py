"""What the formats have in common that PyTorch records by running a network once, on a batch of two."""

import shutil
import warnings
from abc import ABC, abstractmethod
from pathlib import Path

import torch
from torch import nn

from greenbench.core.artifact import ModelArtifact, ModelFormat
from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, Stored
from greenbench.ml.answering import noise
from greenbench.ml.artifacts import load_module
from greenbench.ml.models.blank import as_taken
from greenbench.ml.shipping.format import beside, first_line, shipped


class Recorded(ABC):
    """One file with this ending; a model that is in this format already is copied. `words` end "… cannot be written"."""

    format: ModelFormat
    ending: str
    words: str

    @abstractmethod
    def record(self, module: nn.Module, examples: torch.Tensor, target: Path) -> None:
        """Runs the network on the examples and saves what was recorded."""

    def write(self, stored: Stored, folder: Path, name: str, context: StepContext) -> ModelArtifact:
        target = folder / f"{name}{self.ending}"
        if stored.model.format == self.format:
            shutil.copyfile(stored.file("weights"), target)
            return shipped(stored.model, folder, files={"weights": target.name})
        module = load_module(stored).eval()
        examples = as_taken(module, torch.from_numpy(noise(stored.model.input, 2).arrays()[0]))
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")  # of each shape that is written down; the proof tries other batches
                self.record(module, examples, target)
        except Exception as error:  # recording runs the network's own code, which may raise anything
            raise ModelError(
                f'"{stored.title}" cannot be written {self.words}: {first_line(error)}', "Choose ONNX or safetensors."
            ) from error
        return shipped(stored.model, folder, format=self.format, files={"weights": target.name}, architecture=None)

    def open(self, described: ModelArtifact | None, folder: Path, name: str, scratch: Path, trusted: frozenset[str]) -> Stored:
        return beside(described, folder, name)
