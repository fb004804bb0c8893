"""A model as a torch.export archive: the graph of one forward pass, without the Python code that made it."""

from pathlib import Path

import torch
from torch import nn

from greenbench.core.artifact import ModelFormat
from greenbench.ml.shipping.recorded import Recorded


class Exported(Recorded):
    """One .pt2 file."""

    format: ModelFormat = "exported"
    ending = ".pt2"
    words = "for torch.export"

    def record(self, module: nn.Module, examples: torch.Tensor, target: Path) -> None:
        program = torch.export.export(module, (examples,), dynamic_shapes=({0: torch.export.Dim("batch")},), strict=False)
        torch.export.save(program, target)


FORMAT = Exported()
