"""A model as TorchScript: what one forward pass did, recorded, for PyTorch without the Python code."""

from pathlib import Path

import torch
from torch import nn

from greenbench.core.artifact import ModelFormat
from greenbench.ml.shipping.recorded import Recorded


class TorchScript(Recorded):
    """One .pt file."""

    format: ModelFormat = "torchscript"
    ending = ".pt"
    words = "as TorchScript"

    def record(self, module: nn.Module, examples: torch.Tensor, target: Path) -> None:
        torch.jit.save(torch.jit.trace(module, (examples,), check_trace=False), target)  # type: ignore[no-untyped-call]


FORMAT = TorchScript()
