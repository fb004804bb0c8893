"""Puts hashed layers in the place of dense ones."""

from greenbench.core.artifact import Fact
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.artifacts import changed, load_masks, load_module, save_module
from greenbench.ml.card import card
from greenbench.ml.compress import layers, panel
from greenbench.ml.compress.chosen import chosen_layers
from greenbench.ml.compress.hashed import Hashed, HashSettings, hash_layers
from greenbench.ml.training import reproducible
from greenbench.steps.hash_weights.spec import HashParams

_NOTE = "The weights are hashed: an ONNX file holds them unfolded, at full size."
_MOST_LAYERS = 12


def apply(inputs: Inputs, params: HashParams, context: StepContext) -> StepOutcome:
    """Hashes the dense layers, with fresh values for a network that was not trained, and proves that the saved model answers alike.

    Raises:
        StepError: no dense layer can be hashed, or a layer to leave alone does not exist.
        ModelError: the model is an ONNX graph, or the data does not fit it.
    """
    stored = inputs.one("model")
    module, masks = load_module(stored), load_masks(stored)
    context.check()
    context.progress(0.1, "hashing")
    keep = chosen_layers(module, params.keep, context.title)
    settings = HashSettings(params.ratio, keep, params.keep_last, params.biases, stored.model.trained, context.seed)
    with reproducible(context):
        made = hash_layers(module, layers.example(stored.model.input, batch=2), settings, masks, context.title, context.check)
    context.progress(0.6, "saving")
    after = save_module(made.module, context.folder, changed(stored, [one.change for one in made.done]), masks, step=context.title)
    after = after.model_copy(update={"notes": (*after.notes, _NOTE)})
    panel.check_saved(made.module, after, context)
    context.progress(0.8, "judging")
    data = inputs.many("data")
    facts = (*_facts(made), *card(stored, after, data[0] if data else None, context))
    return StepOutcome({"model": after}, facts, f"{panel.share(after.footprint.parameters, stored.model.footprint.parameters)} stored")


def _facts(made: Hashed) -> tuple[Fact, ...]:
    shown = [
        Fact(title=f"Stored values of {one.change.layer or 'the layer'}", value=one.after, before=one.before)
        for one in made.done[:_MOST_LAYERS]
    ]
    if len(made.done) > _MOST_LAYERS:
        shown.append(Fact(title="More layers hashed", value=len(made.done) - _MOST_LAYERS))
    kept = [one.energy for one in made.done if one.energy is not None]
    worst = (Fact(title="Least energy kept in a layer", value=max(0.0, min(kept)), unit="%"),) if kept else ()
    return (
        Fact(title="Layers hashed", value=len(made.done)),
        *shown,
        Fact(title="Values", text="the nearest to the trained weights" if kept else "fresh: train them"),
        *worst,
    )
