"""The card of a compression step: what the model weighed and how well it answered, before and after, told the same way by all steps."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from greenbench.analysis.accuracy import paired_difference
from greenbench.analysis.compare import points
from greenbench.core.artifact import Fact, ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.runtimes import FORMAT_NOUNS
from greenbench.core.step import StepContext, Stored
from greenbench.ml import onnx_graph
from greenbench.ml.answering import batch_of, session_of
from greenbench.ml.artifacts import load_module
from greenbench.ml.data import Split, open_dataset
from greenbench.ml.evaluation import scores
from greenbench.ml.panel import model_facts, quality_fact
from greenbench.ml.tasks import Task, task

Scores = NDArray[np.float64]


def card(before: Stored, made: ModelArtifact, data: Stored | None, context: StepContext) -> tuple[Fact, ...]:
    """Accuracy on the validation split before and after with its interval (where data is linked, never the test split), parameters,
    non-zero ones, FLOPs, bytes raw and coded, distinct weights. `made` lies in the folder of the context.

    Raises:
        ModelError: a model does not run, or the data does not fit it.
        DataError: the data has no validation split.
    """
    after = Stored(made, context.folder, context.node, context.title)
    weighed = (*model_facts(made, before.model), *_distinct(before, after))
    return (*_quality(before, after, data, context), *weighed, *_other_format(before.model, made))


def _other_format(before: ModelArtifact, made: ModelArtifact) -> tuple[Fact, ...]:
    """File sizes of two formats differ by more than what was done to the weights."""
    if before.format == made.format:
        return ()
    text = f"before {FORMAT_NOUNS[before.format]}, now {FORMAT_NOUNS[made.format]}; a comparison takes both in the same format"
    return (Fact(title="Formats of these files", text=text),)


def _quality(before: Stored, after: Stored, data: Stored | None, context: StepContext) -> tuple[Fact, ...]:
    if data is None:
        return (Fact(title="Accuracy", text="not known: link data to this step to have it judged"),)
    dataset = open_dataset(data, after)
    if not dataset.fit.judged or "validation" not in dataset.artifact.splits:
        reason = dataset.fit.reason.removeprefix("not measured: ") if not dataset.fit.judged else "the data has no validation examples"
        return (Fact(title="Accuracy", text=f"not known: {reason}"),)
    key, unit = dataset.artifact.task, dataset.artifact.unit
    now = example_scores(after, dataset.split("validation"), task(key), context)
    if not before.model.trained:
        return (quality_fact(key, now, unit),)
    then = example_scores(before, open_dataset(data, before).split("validation"), task(key), context)
    facts = (quality_fact(key, now, unit, float(then.mean())),)
    return (*facts, _change(now, then)) if key == "classification" else facts


def _change(now: Scores, then: Scores) -> Fact:
    """How much the accuracy changed, with the interval of the difference on the same examples."""
    if (now == then).all():
        return Fact(title="Change of accuracy", text="none: every example is judged as before")
    change = paired_difference(_bits(now), _bits(then))
    text = f"{_signed(change.value)} pp"
    if change.low is not None and change.high is not None:
        text += f" ({_signed(change.low)} to {_signed(change.high)})"
    return Fact(title="Change of accuracy", text=text)


def _signed(difference: float) -> str:
    sign = "−" if difference < 0 else "+" if difference > 0 else ""
    return f"{sign}{points(difference)}"


def _bits(found: Scores) -> str:
    return "".join("1" if right else "0" for right in found == 1.0)


def example_scores(stored: Stored, split: Split, judge: Task, context: StepContext) -> Scores:
    """The score of each example, from whatever executes a model of this format; see greenbench.ml.evaluation.scores.

    Raises:
        ModelError: the model does not run.
    """
    if stored.model.format == "torch":
        return scores(load_module(stored).to(context.device), split, judge, context, quiet=True)
    batch = batch_of(stored.model)
    session = session_of(stored, context.threads, batch=batch)
    return scores(lambda x: session.answers(x, batch), split, judge, context, quiet=True)


def _distinct(before: Stored, after: Stored) -> tuple[Fact, ...]:
    now, then = distinct_values(after), distinct_values(before)
    if now is None:
        return ()
    return (Fact(title="Distinct weights", value=now, before=then if then != now else None),)


def distinct_values(stored: Stored) -> int | None:
    """How many distinct numbers the weight tensors hold (those of two or more axes), each tensor counted by itself; None where the file
    does not show them.

    Raises:
        ModelError: the file is damaged.
    """
    path = stored.file("weights")
    if stored.model.format == "torch":
        return _distinct_in_safetensors(path, stored.title)
    if stored.model.format == "onnx":
        return onnx_graph.distinct_values(path)
    return None


def _distinct_in_safetensors(path: Path, title: str) -> int:
    try:
        with safe_open(path, framework="pt") as file:
            return sum(_distinct_of(file.get_tensor(name)) for name in file.keys())  # noqa: SIM118 - it is no mapping
    except (SafetensorError, OSError) as error:
        raise ModelError(f'"{title}": {path.name} cannot be read: {error}.', "Clear the cache and run again.") from None


def _distinct_of(tensor: torch.Tensor) -> int:
    return torch.unique(tensor).numel() if tensor.dim() > 1 else 0
