"""The lines of a node's result panel, made the same way for all steps."""

import numpy as np
from numpy.typing import NDArray

from greenbench.analysis.intervals import wilson
from greenbench.analysis.scores import mean_score
from greenbench.core.artifact import DatasetArtifact, Fact, ModelArtifact
from greenbench.core.metrics import BY_KEY
from greenbench.core.quote import significant
from greenbench.core.task import TASKS

_SPLITS = {"train": "Training", "validation": "Validation", "calibration": "Calibration", "test": "Test"}
_NOUNS = {"image": "images", "text": "sentences", "features": "rows"}
_MOST_NUMBERS = 4


def compact(count: float) -> str:
    """A count as a headline has it: "0.27 M", "31 k", "950"."""
    if count >= 100_000:
        return f"{count / 1e6:.2f} M" if count < 10e6 else f"{count / 1e6:.1f} M"
    return f"{count / 1e3:.0f} k" if count >= 10_000 else f"{count:.0f}"


def dataset_headline(data: DatasetArtifact) -> str:
    """ "360 test images"."""
    count = data.splits["test"].examples
    noun = noun_of(data)
    return f"{count} random inputs" if data.random else f"{count} test {noun}"


def dataset_facts(data: DatasetArtifact) -> tuple[Fact, ...]:
    """Examples by split, classes, shape, normalisation."""
    counts = [Fact(title=f"{_SPLITS[name]} {noun_of(data)}", value=split.examples) for name, split in data.splits.items()]
    if data.random:
        counts = [Fact(title="Random inputs", value=data.splits["test"].examples)]
    # Pictures from files are brought to what a model takes; these are what one gets that has nothing to say about it.
    meant = " for models built for this data" if data.kind in ("folder", "images", "masks") else ""
    size = " × ".join(str(side) for side in data.input.shape) + meant
    task = () if data.random or data.task == "classification" else (Fact(title="Task", text=TASKS[data.task].title),)
    classes = (Fact(title="Classes", value=len(data.classes)),) if TASKS[data.task].has_classes else ()
    licence = (Fact(title="Licence", text=data.licence),) if data.licence else ()
    about = (*counts, *task, *classes, *licence, *(Fact(title="Note", text=note) for note in data.notes))
    if data.input.kind == "text":
        return about
    return (
        *about,
        Fact(title="Shape of one", text=size),
        Fact(title="Mean taken off", text=_numbers(data.input.mean) + meant),
        Fact(title="Divided by", text=_numbers(data.input.std) + meant),
    )


def noun_of(data: DatasetArtifact) -> str:
    """What the examples are: "images", "sentences", "rows", "examples"."""
    return _NOUNS.get(data.input.kind, "examples")


def _numbers(values: tuple[float, ...]) -> str:
    more = f", … ({len(values)} numbers)" if len(values) > _MOST_NUMBERS else ""
    return ", ".join(f"{value:.3f}" for value in values[:_MOST_NUMBERS]) + more


def accuracy_fact(correct: int, examples: int, before: float | None = None) -> Fact:
    """Validation accuracy as a fraction, with its Wilson interval."""
    interval = wilson(correct, examples)
    return Fact(title="Accuracy, validation", value=interval.value, low=interval.low, high=interval.high, unit="%", before=before)


def quality_fact(task: str, scores: NDArray[np.float64], unit: str = "", before: float | None = None) -> Fact:
    """The validation metric of a task with its 95 % interval: accuracy by Wilson, others by Student's t on the scores."""
    metric = BY_KEY[TASKS[task].metric]
    if metric.key == "accuracy":
        return accuracy_fact(int(scores.sum()), len(scores), before)
    title = f"{metric.title}, validation"
    if not np.isfinite(scores).all():
        return Fact(title=title, text="not a number")
    found = mean_score(scores.tolist(), metric.fraction)
    shown = "%" if metric.fraction else unit
    if shown == "%" and not metric.fraction:  # a fact in per cent is a fraction, a target in per cent is not
        return Fact(title=title, text=f"{significant(found.value, 3)} %")
    return Fact(title=title, value=found.value, low=found.low, high=found.high, unit=shown, before=before)


def quality_headline(task: str, scores: NDArray[np.float64], unit: str = "") -> str:
    """ "97.2 % val.", of a regression "2.31 °C error val."."""
    mean = float(scores.mean())
    if BY_KEY[TASKS[task].metric].fraction:
        return f"{100 * mean:.1f} % val."
    return f"{significant(mean, 3) if np.isfinite(mean) else 'no'} {unit + ' ' if unit else ''}error val."


def model_facts(after: ModelArtifact, before: ModelArtifact | None = None) -> tuple[Fact, ...]:
    """What the model weighs, and what it weighed before where that differs."""
    now, then = after.footprint, before.footprint if before else None

    def fact(title: str, unit: str, value: float | None, old: float | None) -> Fact | None:
        return None if value is None else Fact(title=title, value=value, unit=unit, before=old if old != value else None)

    lines = (
        fact("Parameters", "", now.parameters, then.parameters if then else None),
        fact("Non-zero parameters", "", now.nonzero_parameters, then.nonzero_parameters if then else None),
        fact("FLOPs", "FLOP", now.flops, then.flops if then else None),
        fact("File size", "B", now.size_bytes, then.size_bytes if then else None),
        fact("Coded size", "B", now.size_coded_bytes, then.size_coded_bytes if then else None),
    )
    return tuple(line for line in lines if line is not None)
