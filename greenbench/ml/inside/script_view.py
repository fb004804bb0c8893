"""The layers of a TorchScript file, as far as it says: their weights in the order of the file, and the time of the whole."""

from typing import Any

import torch

from greenbench.core.errors import ModelError
from greenbench.core.jobs import Layer
from greenbench.core.step import StepContext, Stored
from greenbench.ml.answering import Array, runtime_words, session_of
from greenbench.ml.compress.packed import arrays
from greenbench.ml.inside.found import Inside, middle, repeated, weight_facts


def view(stored: Stored, example: Array, threads: int, context: StepContext) -> Inside:
    """Looks into a TorchScript file.

    Raises:
        ModelError: it is damaged.
    """
    session = session_of(stored, threads, "eager", len(example))
    context.progress(0.4, "timing the network")
    whole = middle(repeated(lambda: session.run(example), context.check))
    try:
        module: Any = torch.jit.load(str(stored.file("weights")), map_location="cpu").eval()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise ModelError(f'"{stored.title}" is not a TorchScript file: {str(error).splitlines()[0]}', "Give the file anew.") from None
    layers = []
    counted: set[int] = set()
    for name, each in module.named_modules():
        own = dict(each.named_parameters(recurse=False))
        own |= {key: value for key, value in each.named_buffers(recurse=False) if value.is_floating_point()}
        if not own:
            continue
        fresh = [value for value in each.parameters(recurse=False) if value.data_ptr() not in counted]
        counted |= {value.data_ptr() for value in fresh}
        kind = str(getattr(each, "original_name", "") or "Layer")
        facts = weight_facts(list(arrays(own).values()))
        layers.append(Layer(name=name or "(network)", kind=kind, parameters=sum(value.numel() for value in fresh), **facts))
    note = "A TorchScript file tells its weights, but not in which order its layers run, their outputs or their time."
    return Inside(runtime_words("eager"), tuple(layers), whole, (note,))
