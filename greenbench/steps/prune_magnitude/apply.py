"""Prunes single weights by magnitude."""

from greenbench.core.artifact import Fact
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.artifacts import load_masks, load_module, save_module
from greenbench.ml.compress import layers, magnitude, panel
from greenbench.ml.panel import model_facts
from greenbench.steps.prune_magnitude.spec import MagnitudeParams


def apply(inputs: Inputs, params: MagnitudeParams, context: StepContext) -> StepOutcome:
    """Sets the smallest weights to zero and saves the masks with the model; masks it came with are kept.

    Raises:
        StepError: a layer would lose all its weights.
        ModelError: the model is an ONNX graph.
    """
    stored = inputs.one("model")
    module, earlier = load_module(stored), load_masks(stored)
    context.check()
    before = layers.distinct_weights(module)
    keep = magnitude.kept_layers(module, layers.example(stored.model.input), params.keep_first, params.keep_last)
    settings = magnitude.MagnitudeSettings(params.sparsity, params.scope, keep)
    context.progress(0.3, "ranking weights")
    masks = magnitude.prune(module, settings, earlier, context.title)
    context.check()
    context.progress(0.6, "saving")
    made = save_module(module, context.folder, stored, masks, step=context.title)
    reached = magnitude.sparsity(masks)
    if reached > params.sparsity + 1 / sum(mask.numel() for mask in masks.values()):
        note = f"The model came with {100 * reached:.4g} % of these weights at zero already; nothing more was removed."
        context.log(note, "warning")
        made = made.model_copy(update={"notes": (*made.notes, note)})
    footprint = made.footprint
    facts = (
        Fact(title="Weights at zero", value=reached, unit="%", before=magnitude.sparsity(earlier)),
        *model_facts(made, stored.model),
        panel.distinct_fact(layers.distinct_weights(module), before),
    )
    return StepOutcome({"model": made}, facts, f"{panel.share(footprint.nonzero_parameters, footprint.parameters)} left")
