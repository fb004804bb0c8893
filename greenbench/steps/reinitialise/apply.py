"""Draws new first weights."""

from greenbench.core.artifact import Fact
from greenbench.core.errors import ModelError
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.artifacts import apply_masks, load_masks, load_module, save_module
from greenbench.ml.card import card
from greenbench.ml.compress.initialisation import draw_seed, reinitialise
from greenbench.steps.reinitialise.spec import SPEC, ReinitialiseParams


def apply(inputs: Inputs, params: ReinitialiseParams, context: StepContext) -> StepOutcome:
    """Gives the network other first weights, masks kept; it counts as untrained.

    Raises:
        StepError: the network does not say how its weights are drawn.
        ModelError: the model is an ONNX graph.
    """
    stored, data = inputs.one("model"), next(iter(inputs.many("data")), None)
    module, masks = load_module(stored), load_masks(stored)
    architecture = stored.model.architecture
    if architecture is None:
        raise ModelError(f'"{stored.title}" does not say how it was built.', "Connect the model before it was converted.")
    context.check()
    reinitialise(module, architecture, params.initialisation, draw_seed(context.seed, params.draw), context.title)
    apply_masks(module, masks)
    made = save_module(module, context.folder, stored, masks, trained=False, step=context.title)
    drawn = next(field.format(params.initialisation) for field in SPEC.fields if field.name == "initialisation")
    facts = (Fact(title="Initialisation", text=drawn), *card(stored, made, data, context))
    return StepOutcome({"model": made}, facts, "not trained")
