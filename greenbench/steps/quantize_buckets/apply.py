"""Rounds weights to the levels of their buckets."""

from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.artifacts import load_masks, load_module
from greenbench.ml.card import card
from greenbench.ml.compress import buckets, layers
from greenbench.ml.distillation.quantised import headline, save_coded
from greenbench.steps.bucketing import BucketParams


def apply(inputs: Inputs, params: BucketParams, context: StepContext) -> StepOutcome:
    """Quantises every chosen layer and writes the file of indices; the headline is its size.

    Raises:
        StepError: no layer can be quantised, or weights that are not numbers.
        ModelError: the model is no PyTorch network, or a file cannot be written.
    """
    stored, data = inputs.one("model"), inputs.many("data")
    module, masks = load_module(stored), load_masks(stored)
    settings = buckets.BucketSettings(params.bits, params.bucket, params.ends)
    names = buckets.chosen_layers(module, layers.example(stored.model.input), params.ends)
    made = {}
    for name in names:
        context.check()
        weight, kept = module.get_submodule(name).get_parameter("weight"), masks.get(buckets.parameter_name(name))
        made[name] = buckets.coding(weight.detach(), settings, kept)
    artifact, facts = save_coded(module, made, stored, masks, context)
    return StepOutcome(
        {"model": artifact}, (*facts, *card(stored, artifact, data[0] if data else None, context)), headline(artifact, params.bits)
    )
