"""torch.compile: the network turned into machine code for one batch size by TorchInductor, before it is timed."""

import os
import time
from dataclasses import replace

import torch

from greenbench.core import places
from greenbench.core.errors import ModelError
from greenbench.core.runtimes import refusal
from greenbench.core.step import Stored
from greenbench.ml.runtimes import networks
from greenbench.ml.runtimes.eager import array_type
from greenbench.ml.runtimes.runtime import Session, cannot_answer, check_batch, first_line, last_line, shaped, zeros


class Compiled:
    """The runtime of compiled networks."""

    name = "compiled"
    title = "torch.compile"

    def prepare(self, stored: Stored, threads: int, device: str = "cpu", batch: int = 1) -> Session:
        """Loads a network and compiles it for calls of `batch` examples; there is no falling back to eager. `compile_s` is the first
        call, in which the compiler works; `first_s` the one after it.

        Raises:
            ModelError: the network cannot be loaded or compiled; the compiler's own last line says why.
        """
        refused = refusal(self.name, stored.model.format, stored.model.precision)
        if refused:
            raise ModelError(f'"{stored.title}" {refused[0]}', refused[1])
        check_batch(stored, batch)
        _compile_here()
        torch.set_num_threads(threads)
        networks.import_library(stored)
        started = time.perf_counter()
        network = networks.load_network(stored, device, batch)
        loaded = time.perf_counter()
        examples = zeros(stored.model.input, batch)
        try:  # eager first: a network that does not take its input is not the compiler's fault
            count = networks.counted(network, examples)
        except (RuntimeError, ValueError, TypeError, IndexError, KeyError, AttributeError, AssertionError) as error:
            raise cannot_answer(stored, self.title, first_line(error)) from error
        network = replace(network, forward=torch.compile(network.forward, dynamic=False))
        compiling, before = time.perf_counter(), _generated()
        try:
            with torch.inference_mode():
                first = network.forward(network.tensor(examples))
        except Exception as error:  # the compiler's stages and the C++ compiler behind them have no common error
            raise ModelError(
                f'"{stored.title}" cannot be compiled: {_reason(error)}', "Choose another runtime; PyTorch eager takes the same models."
            ) from error
        compiled = time.perf_counter()
        run = shaped(network.call(first), networks.first_tensor(first, stored.title).float().cpu().numpy(), stored.model)
        answering = time.perf_counter()
        run(examples)
        times = {"load_s": loaded - started, "compile_s": compiled - compiling, "first_s": time.perf_counter() - answering}
        done = networks.execution(network, count, self.name, threads).model_copy(update={**times, "kernels": _kernels(before)})
        return Session(
            run,
            done,
            _notes(),
            dtype=array_type(stored, network),
            batch=batch,
            shape=tuple(networks.first_tensor(first, stored.title).shape),
        )


def _compile_here() -> None:
    """Sets that the compiler works in this process, since helpers of its own would still be there while the network is timed; and that
    its code lies with the user's other data, unless they chose a place: importing it settles on the system's temporary folder."""
    from torch._inductor import config
    from torch._inductor.runtime.cache_dir_utils import default_cache_dir

    config.compile_threads = 1
    if os.environ.get("TORCHINDUCTOR_CACHE_DIR", "") in ("", default_cache_dir()):
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(places.home() / "compiled")


def _reason(error: BaseException) -> str:
    """What the C++ compiler said last, where it was the one that failed; else what torch said."""
    cause: BaseException | None = error
    innermost = error
    while cause is not None:
        innermost = cause
        if type(cause).__name__ == "CppCompileError":
            return last_line(cause)
        cause = getattr(cause, "inner_exception", None) or cause.__cause__
    return first_line(innermost)


def _generated() -> tuple[int, int]:
    """How many kernels the compiler has written, and how many calls of ready-made ones it has placed, in this process."""
    from torch._dynamo.utils import counters
    from torch._inductor import metrics

    return metrics.generated_kernel_count, counters["inductor"]["extern_calls"]


def _kernels(before: tuple[int, int]) -> tuple[tuple[str, int], ...]:
    """What the network was turned into. The operators that it consisted of say in `by_precision` what they compute in."""
    written, called = (now - then for now, then in zip(_generated(), before, strict=True))
    found = {"generated kernel": written, "library call": called}
    return tuple((name, count) for name, count in sorted(found.items(), key=lambda pair: -pair[1]) if count)


def _notes() -> tuple[str, ...]:
    """What a reader of the compile time and of the operators should know."""
    from torch._dynamo.utils import counters

    notes = []
    breaks = sum(counters["graph_break"].values())
    if breaks:
        places_ = "place" if breaks == 1 else "places"
        notes.append(f"torch.compile could not follow the network in {breaks} {places_}; these parts run as in PyTorch eager.")
    if counters["inductor"]["fxgraph_cache_hit"]:
        notes.append("Compiled code was found from an earlier run: compiling for the first time takes longer.")
    return tuple(notes)


RUNTIME = Compiled()
