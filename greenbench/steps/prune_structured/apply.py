"""Prunes whole channels."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from greenbench.core.artifact import Fact
from greenbench.core.step import Inputs, StepContext, StepOutcome, Stored
from greenbench.ml.artifacts import load_masks, load_module, save_module
from greenbench.ml.compress import batch_norm, layers, panel, structured
from greenbench.ml.data import open_dataset
from greenbench.ml.panel import model_facts, noun_of
from greenbench.ml.training import reproducible
from greenbench.steps.prune_structured.spec import StructuredParams

_BATCH = 128


def apply(inputs: Inputs, params: StructuredParams, context: StepContext) -> StepOutcome:
    """Removes channels, makes batch-norm statistics anew where data is linked, and proves that the saved model answers alike.

    Raises:
        StepError: a layer would lose all its channels, or the network cannot be followed.
        ModelError: the model is an ONNX graph, or the data does not fit it.
    """
    stored = inputs.one("model")
    module, masks = load_module(stored), load_masks(stored)
    before = layers.distinct_weights(module)
    context.check()
    context.progress(0.1, "finding what depends on what")
    settings = structured.StructuredSettings(params.ratio, params.importance, params.scope, params.multiple, params.layer_limit)
    with reproducible(context):
        done = structured.prune(module, layers.example(stored.model.input, batch=2), settings, masks, context.title)
    context.check()
    notes = list(done.notes)
    data = inputs.many("data") if any(isinstance(layer, layers.BATCH_NORMS) for layer in module.modules()) else None
    if data:
        context.progress(0.4, "batch norms")
        seen = _reestimate(module, data[0], stored, params.examples, context)
        context.log(f"batch-norm statistics made anew on {seen}")
    elif data is not None:
        notes.append("Batch-norm statistics are still those of the whole network: fine-tune, or connect data to this step.")
    context.progress(0.8, "saving")
    made = save_module(module, context.folder, stored, done.masks, step=context.title)
    made = made.model_copy(update={"notes": (*made.notes, *notes)})
    panel.check_saved(module, made, context)
    channels = sum(group.before for group in done.groups), sum(group.after for group in done.groups)
    facts = (
        Fact(title="Channels", value=channels[1], before=channels[0]),
        *model_facts(made, stored.model),
        panel.distinct_fact(layers.distinct_weights(module), before),
    )
    left = panel.share(made.footprint.parameters, stored.model.footprint.parameters)
    return StepOutcome({"model": made}, facts, f"{left} of params")


def _reestimate(module: nn.Module, data: Stored, model: Stored, examples: int, context: StepContext) -> str:
    """Says on how many examples of which split: those for training, or, of data for testing only, those for calibration."""
    dataset = open_dataset(data, model)
    held = dataset.artifact.splits
    # Noise has other statistics than any data, so random inputs are asked for training examples, which they refuse to have.
    name = "calibration" if "train" not in held and "calibration" in held and not dataset.artifact.random else "train"
    split = dataset.split(name)
    chosen = np.random.default_rng(context.seed).permutation(len(split))[:examples]

    def batches() -> Iterator[Tensor]:
        for start in range(0, len(chosen), _BATCH):
            if start and len(chosen) - start < _BATCH // 2:
                return  # a small last batch would weigh as much as a full one
            yield torch.from_numpy(split.take(chosen[start : start + _BATCH])).to(context.device)

    module.to(context.device)
    with reproducible(context):
        seen = batch_norm.reestimate(module, batches(), context.check)
    module.to("cpu")
    return f"{seen} {'training' if name == 'train' else name} {noun_of(data.dataset)}"
