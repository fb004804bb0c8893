"""What a benchmark asks of a runtime: prepare a model once, then answer batches, and say what really executed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import InputSpec, ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.run import Execution
from greenbench.core.step import Stored

Call = Callable[[NDArray[Any]], NDArray[Any]]

_LONGEST = 200


@dataclass(frozen=True)
class Session:
    """A model that is ready.

    `run` takes a batch (N, …) of examples as the model's input says and gives its first output, (N, classes) for a classification.
    It converts what is not of type `dtype`, which costs time: who measures converts before. `batch` is the only N that it takes;
    None: any. `shape` is that of its first answer. `execution` says what ran, `notes` what else a reader should know.
    """

    run: Call
    execution: Execution
    notes: tuple[str, ...] = ()
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.float32))
    batch: int | None = None
    shape: tuple[int, ...] = ()

    @property
    def precision(self) -> str:
        """What the heavy operators really execute in."""
        return self.execution.precision

    def answers(self, examples: NDArray[Any], batch: int = 64) -> NDArray[Any]:
        """The outputs for any number of examples, in batches that the session takes; a last one that is too small is filled up with
        repetitions, whose outputs are dropped."""
        size = self.batch or batch
        parts = []
        for start in range(0, len(examples), size):
            part = np.array(examples[start : start + size], dtype=self.dtype)
            count = len(part)
            if self.batch and count < size:
                part = np.resize(part, (size, *part.shape[1:]))
            parts.append(self.run(part)[:count])
        return np.concatenate(parts)


class Runtime(Protocol):
    """A way to execute models."""

    name: str
    title: str

    def prepare(self, stored: Stored, threads: int, device: str = "cpu", batch: int = 1) -> Session:
        """Loads a model, and runs it once on an example of zeros; `batch` is the number of examples that calls will have.

        Raises:
            ModelError: this runtime cannot execute it, the file is damaged, or it takes another number of examples.
        """


def check_batch(stored: Stored, batch: int) -> None:
    """Raises ModelError if the model takes only another number of examples in a call."""
    fixed = stored.model.batch
    if fixed is not None and fixed != batch:
        noun = "example" if fixed == 1 else "examples"
        raise ModelError(
            f'"{stored.title}" takes {fixed} {noun} in a call, not {batch}.',
            f"Set the batch size to {fixed}, or export the model with a free batch.",
        )


def zeros(input: InputSpec, batch: int, dtype: np.dtype[Any] | None = None) -> NDArray[Any]:
    """A batch that every model takes: nothing but zeros."""
    return np.zeros((batch, *input.array_shape), dtype=dtype if dtype is not None else input.dtype)


def constants(model: ModelArtifact, batch: int) -> dict[str, NDArray[Any]]:
    """The model's other inputs by name, as arrays for that many examples."""
    return {
        each.name: np.full(tuple(batch if side == -1 else side for side in each.shape), each.value, dtype=each.dtype)
        for each in model.constants
    }


def constants_for(model: ModelArtifact) -> Callable[[int], dict[str, NDArray[Any]]]:
    """`constants` by batch size, each made once; the dictionaries are handed out as they are: copy before adding to one."""
    made: dict[int, dict[str, NDArray[Any]]] = {}

    def give(batch: int) -> dict[str, NDArray[Any]]:
        if batch not in made:
            made[batch] = constants(model, batch)
        return made[batch]

    return give


def shaped(call: Call, outputs: NDArray[Any], model: ModelArtifact) -> Call:
    """`call` itself, or where a classification's outputs have axes of size 1 behind the classes (N, 1000, 1, 1), without those."""
    if model.task != "classification" or outputs.ndim <= 2 or any(side != 1 for side in outputs.shape[2:]):
        return call

    def squeezed(batch: NDArray[Any]) -> NDArray[Any]:
        found = call(batch)
        return found.reshape(found.shape[:2])

    return squeezed


_BITS = {"int4": 4, "int8": 8, "fp16": 16, "bf16": 16, "fp32": 32, "fp64": 64}


def main_precision(heavy: Mapping[str, int], otherwise: str = "fp32") -> str:
    """The precision that a model is said to run in: int8 where its heavy operators do at all, else the commonest of them."""
    if heavy.get("int8"):
        return "int8"
    return max(heavy, key=lambda name: heavy[name]) if heavy else otherwise


def fallbacks(heavy: Mapping[str, int], promised: str) -> int:
    """How many heavy operators run in a wider type than the file promised."""
    return sum(count for name, count in heavy.items() if _BITS.get(name, 32) > _BITS.get(promised, 32))


def precision_notes(heavy: Mapping[str, int], promised: str) -> tuple[str, ...]:
    """What a reader should know of a file that promises a narrow type, as sentences."""
    wider, all_ = fallbacks(heavy, promised), sum(heavy.values())
    if not wider:
        return ()
    what = {"int8": "The file is quantised", "fp16": "The file holds half precision"}.get(promised, f"The file is {promised}")
    if wider == all_:
        return (f"{what}, but everything runs in {main_precision(heavy)} here.",)
    return (f"{wider} of {all_} convolutions and matrix products run in a wider type than {promised}, the others in {promised}.",)


def last_line(error: BaseException) -> str:
    """The last thing a library said, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


def first_line(error: BaseException) -> str:
    """The first thing a library said that tells anything, in one line of at most 200 characters: TorchScript begins with where it was,
    and names the error last; ONNX Runtime wraps it in the status of every block around the operator."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    said = lines[0]
    if "TorchScript interpreter" in said:
        said = re.sub(r"^(\w+\.)*\w*(Error|Exception): ", "", lines[-1])
    said = said.rpartition("Status Message: ")[2]
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1].rstrip()}…"


def cannot_answer(stored: Stored, title: str, reason: str) -> ModelError:
    """The error of a model that loads, but does not take the input that is said to be its own."""
    shape = "×".join(str(side) for side in stored.model.input.array_shape) or "one number"
    reason = reason.rstrip(".")
    return ModelError(
        f'"{stored.title}" cannot answer an example of {shape} in {title}: {reason}.',
        "Check the input's shape at the model's source, or choose another runtime.",
    )
