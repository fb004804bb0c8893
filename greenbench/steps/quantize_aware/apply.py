"""Trains a network as int8 and writes the graph that executes so."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from greenbench.core.artifact import Fact, ModelArtifact
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.artifacts import load_masks, load_module
from greenbench.ml.card import card
from greenbench.ml.compress import aware, aware_onnx, panel
from greenbench.ml.compress.aware_onnx import Agreement
from greenbench.ml.compress.onnx_layers import Executed, executed
from greenbench.ml.compress.static_int8 import reduced_range
from greenbench.ml.data import Dataset, open_dataset
from greenbench.ml.learning import training_facts
from greenbench.ml.onnx_graph import onnx_footprint
from greenbench.ml.panel import noun_of
from greenbench.ml.training import Guidance, Settings, fit
from greenbench.steps.quantize_aware.spec import AwareParams

_FILE = "model.int8.onnx"
_FIRST_LOOK = 8  # batches
_SEVEN_BITS, _EIGHT_BITS = 63, 127


def apply(inputs: Inputs, params: AwareParams, context: StepContext) -> StepOutcome:
    """Rounds, trains, writes the int8 graph, and proves that it answers as it was trained.

    Raises:
        StepError: nothing in the network can be rounded, training came apart, or the graph answers otherwise than trained.
        ModelError: the model is no network, or the data does not fit it.
        DataError: the data has no training or validation split.
    """
    stored, data = inputs.one("model"), inputs.one("data")
    dataset = open_dataset(data, stored)
    settings = Settings(**params.model_dump(exclude={"range"}))
    seven = reduced_range(params.range)
    context.progress(0.0, "reading the network")
    network = aware.prepare(load_module(stored), dataset.input, _SEVEN_BITS if seven else _EIGHT_BITS, context.title)
    context.check()
    network.move(context.device)
    network.watch(_first_batches(dataset, settings, context), context.check)
    report = fit(network.module, dataset, settings, context, Guidance(masks=network.masks(load_masks(stored))))
    network.move("cpu")
    target = context.folder / _FILE
    with TemporaryDirectory(prefix="greenbench-") as scratch:
        context.log(aware_onnx.write(network.settled(), dataset.input, target, context.title), "debug")
        done = executed(target, Path(scratch) / "optimised.onnx", context.title)
    same = aware_onnx.agreement(network.module, target, dataset.split("validation"), context)
    context.log(done.sentence, "warning" if done.floats else "info")
    made = _described(stored.model, target, dataset, (done, same), context.title)
    made = made.model_copy(update={"training_flop": stored.model.training_flop + report.flops})
    facts = (
        Fact(title="Executes in int8", value=done.int8, text=done.sentence),
        Fact(title="Executed as trained", value=same.same, unit="%", text=same.sentence(noun_of(data.dataset))),
        Fact(title="Bits of weights", value=7 if seven else 8),
        *training_facts(report, settings, noun_of(data.dataset)),
        *card(stored, made, data, context),
    )
    return StepOutcome({"model": made}, facts, panel.size(made.footprint.size_bytes))


def _first_batches(dataset: Dataset, settings: Settings, context: StepContext) -> Iterator[Tensor]:
    """A few training batches to find the first ranges on."""
    split = dataset.split("train")
    chosen = np.random.default_rng(context.seed + settings.seed).permutation(len(split))[: _FIRST_LOOK * settings.batch]
    for start in range(0, len(chosen), settings.batch):
        yield torch.from_numpy(split.take(chosen[start : start + settings.batch])).to(context.device)


def _described(model: ModelArtifact, path: Path, dataset: Dataset, proof: tuple[Executed, Agreement], title: str) -> ModelArtifact:
    done, same = proof
    notes = (*model.notes, *dataset.fit.notes, done.sentence, same.sentence(noun_of(dataset.artifact)))
    return model.model_copy(
        update={
            "format": "onnx",
            "files": {**{role: name for role, name in model.files.items() if role == "tokenizer"}, "weights": path.name},
            "precision": "int8",
            "trained": True,
            "classes": dataset.classes,
            "footprint": onnx_footprint(path, coded=True),
            "lineage": (*model.lineage, title),
            "notes": tuple(dict.fromkeys(notes)),
        }
    )
