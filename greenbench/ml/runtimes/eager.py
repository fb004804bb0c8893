"""PyTorch eager: the network as it was trained, one operator after the other."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from greenbench.core.errors import ModelError
from greenbench.core.step import Stored
from greenbench.ml.artifacts import load_module


class EagerSession:
    """A module in evaluation mode on one device. On a GPU a call ends when its numbers are back in memory."""

    precision = "fp32"
    notes: tuple[str, ...] = ()

    def __init__(self, module: nn.Module, device: torch.device) -> None:
        self._module, self._device = module, device

    def run(self, batch: NDArray[np.float32]) -> NDArray[Any]:
        with torch.inference_mode():
            outputs: NDArray[Any] = self._module(torch.from_numpy(batch).to(self._device)).cpu().numpy()
        return outputs


class Eager:
    """The runtime of trained networks."""

    name = "eager"
    title = "PyTorch eager"

    def prepare(self, stored: Stored, threads: int, device: str = "cpu") -> EagerSession:
        """Loads a network and sets torch's threads for this process.

        Raises:
            ModelError: it is an ONNX graph, its file is damaged, or the device is not there.
        """
        torch.set_num_threads(threads)
        module = load_module(stored)
        try:
            return EagerSession(module.to(device), torch.device(device))
        except (RuntimeError, AssertionError) as error:
            raise ModelError(
                f'"{stored.title}" cannot be moved to {device}: {str(error).splitlines()[0]}', "Choose another device."
            ) from None


RUNTIME = Eager()
