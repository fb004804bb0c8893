"""Quantises to int8 by ONNX Runtime."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from greenbench.core.artifact import Fact, ModelArtifact
from greenbench.core.step import Inputs, StepContext, StepOutcome, Stored
from greenbench.ml.compress import panel, static_int8
from greenbench.ml.compress.static_int8 import Executed, Floats, Int8Settings
from greenbench.ml.data import open_dataset
from greenbench.ml.export import to_onnx
from greenbench.ml.onnx_graph import onnx_footprint
from greenbench.ml.panel import model_facts, noun_of
from greenbench.steps.quantize_static.spec import StaticInt8Params

_FILE = "model.int8.onnx"
_BATCH = 16


def apply(inputs: Inputs, params: StaticInt8Params, context: StepContext) -> StepOutcome:
    """Exports the model, finds ranges on the calibration split, writes the int8 graph and counts what executes in int8.

    Raises:
        StepError: no calibration data, already quantised, or the quantiser cannot handle the graph.
        ModelError: the model cannot be exported, or the data does not fit it.
        DataError: the data has no calibration split.
    """
    stored, data = inputs.one("model"), inputs.one("data")
    batches = _calibration(stored, data, params.examples, context.seed)
    settings = Int8Settings(params.method, params.percentile, params.per_channel, params.range)
    target = context.folder / _FILE
    with TemporaryDirectory(prefix="greenbench-") as scratch:
        context.progress(0.0, "exporting")
        source = to_onnx(stored, Path(scratch), context)
        context.check()
        before = static_int8.distinct_values(source)
        said = static_int8.quantize(
            source, target, batches, settings, context.check, lambda done: context.progress(0.2 + 0.6 * done, "calibrating")
        )
        context.check()
        if said:
            context.log(said, "debug")
        done = static_int8.executed(target, Path(scratch) / "optimised.onnx", context.title)
    context.log(done.sentence, "warning" if done.floats else "info")
    made = _described(stored.model, target, done, data.dataset.random, context.title)
    facts = (
        Fact(title="Executes in int8", value=done.int8, text=done.sentence),
        Fact(title="Fell back to floating point", value=done.floats),
        Fact(title=f"Calibration {noun_of(data.dataset)}", value=sum(len(batch) for batch in batches)),
        Fact(title="Bits of weights", value=7 if static_int8.reduced_range(params.range) else 8),
        *model_facts(made, stored.model),
        panel.distinct_fact(static_int8.distinct_values(target), before),
    )
    return StepOutcome({"model": made}, facts, panel.size(made.footprint.size_bytes))


def _calibration(model: Stored, data: Stored, examples: int, seed: int) -> list[Floats]:
    """Whole batches of the calibration split, drawn by the seed; one smaller batch where there is no whole one."""
    dataset = open_dataset(data, model)
    split = dataset.split("calibration")
    chosen = np.random.default_rng(seed).permutation(len(split))[:examples]
    batch = min(_BATCH, len(chosen))
    return [split.take(chosen[start : start + batch]) for start in range(0, len(chosen) - batch + 1, batch)] if batch else []


def _described(model: ModelArtifact, path: Path, done: Executed, random: bool, title: str) -> ModelArtifact:
    notes = [*model.notes, done.sentence]
    if random:
        notes.append("Calibrated on random inputs: the ranges say nothing about real images.")
    return model.model_copy(
        update={
            "format": "onnx",
            "files": {"weights": path.name},
            "precision": "int8",
            "constants": (),  # part of the graph
            "footprint": onnx_footprint(path, coded=True),
            "lineage": (*model.lineage, title),
            "notes": tuple(notes),
        }
    )
