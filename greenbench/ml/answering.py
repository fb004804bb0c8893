"""What a model answers to many examples, in the runtime its file belongs to; and examples to ask where there is no data."""

from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import DatasetArtifact, InputSpec, ModelArtifact, ModelFormat, SplitInfo
from greenbench.core.errors import ModelError
from greenbench.core.runtimes import RUNTIMES
from greenbench.core.step import Stored
from greenbench.ml.data.noise import NoiseSplit
from greenbench.ml.data.split import Split
from greenbench.ml.runtimes import Session, runtime

Array = NDArray[Any]

OWN_RUNTIME: dict[ModelFormat, str] = {
    "torch": "eager",
    "torchscript": "eager",
    "exported": "eager",
    "onnx": "onnxruntime",
    "openvino": "openvino",
}
_DISTRIBUTIONS = {"eager": "torch", "compiled": "torch"}
_BATCH = 32


def batch_of(model: ModelArtifact, wanted: int = _BATCH) -> int:
    """How many examples go into one call: the file's own number where it is fixed."""
    return model.batch or wanted


def session_of(stored: Stored, threads: int = 1, key: str = "", batch: int | None = None) -> Session:
    """The model, ready on the processor in the runtime `key`, or in the one its file belongs to.

    Raises:
        ModelError: it cannot be loaded there.
    """
    model = stored.model
    found = runtime(key or OWN_RUNTIME[model.format])
    return found.prepare(stored, threads=threads, device="cpu", batch=batch or batch_of(model))


def runtime_words(key: str) -> str:
    """A runtime with its version: "ONNX Runtime 1.32.0"."""
    return f"{RUNTIMES[key].title} {version(_DISTRIBUTIONS.get(key, key))}"


def answers(session: Session, examples: Array, batch: int) -> Array:
    """The outputs for all examples, in calls of `batch`.

    Raises:
        ModelError: the model does not give one answer for each example.
    """
    outputs = session.answers(examples, batch)
    if len(outputs) != len(examples):
        raise ModelError(
            f"The model gives {len(outputs)} outputs for {len(examples)} examples.",
            "Its first output must have the batch as its first axis.",
        )
    return outputs


def evenly(count: int, wanted: int) -> NDArray[np.intp]:
    """At most `wanted` of `count` places, evenly spread, in order: splits may be sorted."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(np.intp)) if count else np.empty(0, np.intp)


def noise(input: InputSpec, count: int, seed: int = 0) -> Split:
    """Random examples in a model's own input, where there is no data."""
    split = SplitInfo(examples=count, digest="")
    made = DatasetArtifact(
        kind="random", name="Random", options={"seed": seed}, input=input, classes=(), splits={"test": split}, random=True
    )
    return NoiseSplit("test", made, input)
