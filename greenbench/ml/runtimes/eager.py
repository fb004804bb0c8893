"""PyTorch eager: the network as it was trained, one operator after the other; TorchScript and torch.export files likewise."""

import time

import numpy as np
import torch

from greenbench.core.step import Stored
from greenbench.ml.runtimes import networks
from greenbench.ml.runtimes.runtime import Session, cannot_answer, check_batch, first_line, shaped, zeros
from greenbench.ml.runtimes.sparse_layers import SparseLayers, execute_sparse, has_kernels


class Eager:
    """The runtime of trained networks."""

    name = "eager"
    title = "PyTorch eager"

    def prepare(self, stored: Stored, threads: int, device: str = "cpu", batch: int = 1) -> Session:
        """Loads a network and sets torch's threads for this process.

        Raises:
            ModelError: it is an ONNX graph, its file is damaged, or the device is not there.
        """
        check_batch(stored, batch)
        torch.set_num_threads(threads)
        networks.import_library(stored)
        started = time.perf_counter()
        network = networks.load_network(stored, device, batch)
        sparse = execute_sparse(network.module) if stored.model.format == "torch" and has_kernels(network.device) else SparseLayers()
        loaded = time.perf_counter()
        examples = zeros(stored.model.input, batch)
        try:
            with torch.inference_mode():
                first = network.forward(network.tensor(examples))
                outputs = networks.first_tensor(first, stored.title).float().cpu().numpy()
            answered = time.perf_counter()
            count = networks.counted(network, examples)
        except (RuntimeError, ValueError, TypeError, IndexError, KeyError, AttributeError, AssertionError) as error:
            raise cannot_answer(stored, self.title, first_line(error)) from error
        done = networks.execution(network, count, self.name, threads)
        done = done.model_copy(update={"load_s": loaded - started, "first_s": answered - loaded})
        run = shaped(network.call(first), outputs, stored.model)
        size = stored.model.batch or _held_batch(stored, batch)
        return Session(run, done, tuple(filter(None, (sparse.note,))), array_type(stored, network), size, outputs.shape)


def array_type(stored: Stored, network: networks.Network) -> np.dtype[np.generic]:
    """The type of array that needs no conversion on its way into a network."""
    return np.dtype(np.float16) if network.dtype is torch.float16 else np.dtype(stored.model.input.dtype)


def _held_batch(stored: Stored, batch: int) -> int | None:
    """Constants that have an axis for the batch are made for one size."""
    return batch if any(-1 in each.shape for each in stored.model.constants) else None


RUNTIME = Eager()
