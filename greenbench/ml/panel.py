"""The lines of a node's result panel, made the same way for all steps."""

from greenbench.analysis.intervals import wilson
from greenbench.core.artifact import DatasetArtifact, Fact, ModelArtifact

_SPLITS = {"train": "Training images", "validation": "Validation images", "calibration": "Calibration images", "test": "Test images"}


def compact(count: float) -> str:
    """A count as a headline has it: "0.27 M", "31 k", "950"."""
    if count >= 100_000:
        return f"{count / 1e6:.2f} M" if count < 10e6 else f"{count / 1e6:.1f} M"
    return f"{count / 1e3:.0f} k" if count >= 10_000 else f"{count:.0f}"


def dataset_headline(data: DatasetArtifact) -> str:
    """ "360 test images"."""
    count = data.splits["test"].examples
    noun = "images" if len(data.input.shape) == 3 else "examples"
    return f"{count} random inputs" if data.random else f"{count} test {noun}"


def dataset_facts(data: DatasetArtifact) -> tuple[Fact, ...]:
    """Examples by split, classes, shape, normalisation."""
    counts = [Fact(title=_SPLITS[name], value=split.examples) for name, split in data.splits.items()]
    if data.random:
        counts = [Fact(title="Random inputs", value=data.splits["test"].examples)]
    size = " × ".join(str(side) for side in data.input.shape)
    mean = ", ".join(f"{value:.3f}" for value in data.input.mean)
    deviation = ", ".join(f"{value:.3f}" for value in data.input.std)
    return (
        *counts,
        Fact(title="Classes", value=len(data.classes)),
        *(Fact(title="Note", text=note) for note in data.notes),
        Fact(title="Shape of one", text=size),
        Fact(title="Mean taken off", text=mean),
        Fact(title="Divided by", text=deviation),
    )


def accuracy_fact(correct: int, examples: int, before: float | None = None) -> Fact:
    """Validation accuracy as a fraction, with its Wilson interval."""
    interval = wilson(correct, examples)
    return Fact(title="Accuracy, validation", value=interval.value, low=interval.low, high=interval.high, unit="%", before=before)


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
