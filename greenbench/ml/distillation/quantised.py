"""Distillation into few bits: the student learns with the weights it will be stored with (Polino 2018, 1802.05668).

Quantised distillation (algorithm 1): forwards and backwards with quantised weights, the step is taken by the full ones underneath.
Differentiable quantisation (algorithm 2): the weights stay, gradient descent moves the points that they are rounded to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor, nn

from greenbench.core import quote
from greenbench.core.artifact import Fact, ModelArtifact
from greenbench.core.measurement import Measurement
from greenbench.core.step import StepContext, StepOutcome, Stored
from greenbench.ml.artifacts import load_masks, load_module, save_module
from greenbench.ml.card import card
from greenbench.ml.compress import bucket_file, buckets, layers
from greenbench.ml.compress.buckets import AtPoints, BucketSettings, Coding, InBuckets, Start
from greenbench.ml.data import open_dataset
from greenbench.ml.learning import training_facts
from greenbench.ml.panel import noun_of
from greenbench.ml.training import Guidance, Settings, fit

Method = Literal["weights", "points"]
FILE = "model.buckets"
SIMULATED = "simulated: computed in float32, so latency and energy stay as they were; few bits buy bytes in a coded file"


@dataclass(frozen=True)
class FewBits:
    """How a student is quantised while it learns: what moves ("weights": algorithm 1, "points": algorithm 2) and where points start."""

    buckets: BucketSettings
    method: Method = "weights"
    start: Start = "quantiles"


def learn_in_few_bits(
    student: Stored, data: Stored, settings: Settings, few: FewBits, context: StepContext, guidance: Guidance
) -> StepOutcome:
    """Trains a copy of the student under the teacher's loss in `guidance` with its weights in buckets, and saves it with its coded file.

    Raises:
        ModelError: model and data do not fit each other.
        StepError: training came apart, or no layer can be quantised.
        Cancelled: the user pressed Stop.
    """
    dataset, module, masks = open_dataset(data, student), load_module(student), load_masks(student)
    names = buckets.chosen_layers(module, layers.example(student.model.input), few.buckets.ends)
    made = {name: _parametrisation(module, name, few, masks) for name in names}
    quantised = {buckets.parameter_name(name) for name in names}
    held = {name: mask for name, mask in masks.items() if name not in quantised}
    with buckets.parametrised(module, made):
        if few.method == "points":
            _only_points(module, names)
        report = fit(module, dataset, settings, context, replace(guidance, masks=held))
        found = buckets.codings(module, made)
    artifact, facts = save_coded(module, found, student, masks, context)
    notes = tuple(dict.fromkeys((*artifact.notes, *dataset.fit.notes)))
    work = artifact.training_flop + report.flops
    artifact = artifact.model_copy(update={"trained": True, "classes": dataset.classes, "notes": notes, "training_flop": work})
    spent = training_facts(report, settings, noun_of(dataset.artifact))
    return StepOutcome({"model": artifact}, (*facts, *spent, *card(student, artifact, data, context)), headline(artifact, few.buckets.bits))


def save_coded(
    module: nn.Module, found: Mapping[str, Coding], before: Stored, masks: Mapping[str, Tensor], context: StepContext
) -> tuple[ModelArtifact, tuple[Fact, ...]]:
    """Gives the layers the weights of their codings, and writes the network plainly and as a file of indices, read back bit for bit.

    The coded size of the model is that of the smaller of our files.
    """
    buckets.put(module, found)
    made = save_module(module, context.folder, before, masks, step=context.title)
    size = bucket_file.write(module.state_dict(), found, context.folder / FILE)
    known = made.footprint.size_coded_bytes
    weighed = made.footprint.model_copy(update={"size_coded_bytes": size if known is None else min(size, known)})
    made = made.model_copy(update={"footprint": weighed, "files": {**made.files, "buckets": FILE}, "notes": (*made.notes, _note(found))})
    whole = [name for name in layers.weighted_layers(module) if name not in found]
    facts = (
        Fact(title="Few bits", text=SIMULATED),
        Fact(title="Most values in a bucket", value=buckets.most_values(found)),
        Fact(title="Weights in few bits", value=sum(each.shape.numel() for each in found.values())),
        Fact(title="In full precision", text=", ".join([*whole[:4], *(["…"] if len(whole) > 4 else []), "biases and norms"])),
        Fact(title="File of indices", value=size, unit="B"),
    )
    return made, facts


def headline(made: ModelArtifact, bits: int) -> str:
    """ "4 bits, 95 kB coded"."""
    coded = made.footprint.size_coded_bytes or 0
    return f"{bits} bits, {quote.quote(Measurement.exact(coded, 'B')).full} coded"


def _note(found: Mapping[str, Coding]) -> str:
    bits = max(each.bits for each in found.values())
    return f"Weights take at most {1 << bits} values in a bucket, simulated in float32: training this model further would undo it."


def _parametrisation(module: nn.Module, name: str, few: FewBits, masks: Mapping[str, Tensor]) -> InBuckets | AtPoints:
    kept = masks.get(buckets.parameter_name(name))
    if few.method == "weights":
        return InBuckets(few.buckets, kept)
    return AtPoints(module.get_submodule(name).get_parameter("weight"), few.buckets, few.start, kept)


def _only_points(module: nn.Module, names: list[str]) -> None:
    """Freezes all but the points, as algorithm 2 has it: biases and norms stay as they are."""
    points = {f"{name}.parametrizations.weight.original" if name else "parametrizations.weight.original" for name in names}
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name in points)
