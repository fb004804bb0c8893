"""Splits layers into thin ones of low rank."""

from greenbench.core.artifact import Fact
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.artifacts import changed, load_masks, load_module, save_module
from greenbench.ml.card import card
from greenbench.ml.compress import layers, low_rank, panel
from greenbench.ml.compress.chosen import chosen_layers
from greenbench.ml.compress.speed_limits import speed_limits
from greenbench.ml.training import reproducible
from greenbench.steps.factorize.spec import FactorizeParams

_MOST_LAYERS = 12


def apply(inputs: Inputs, params: FactorizeParams, context: StepContext) -> StepOutcome:
    """Replaces the layers that get cheaper, and proves that the saved model answers alike.

    Raises:
        StepError: no layer would get cheaper, or a layer to leave alone does not exist.
        ModelError: the model is an ONNX graph, or the data does not fit it.
    """
    stored = inputs.one("model")
    module, masks = load_module(stored), load_masks(stored)
    context.check()
    context.progress(0.1, "singular values")
    keep = chosen_layers(module, params.keep, context.title)
    settings = low_rank.LowRankSettings(params.by, params.energy, params.ratio, keep, not params.keep_last)
    with reproducible(context):
        made = low_rank.factorize(module, layers.example(stored.model.input, batch=2), settings, masks, context.title, context.check)
    context.check()
    context.progress(0.7, "saving")
    after = save_module(made.module, context.folder, changed(stored, [one.change for one in made.done]), masks, step=context.title)
    panel.check_saved(made.module, after, context)
    context.progress(0.8, "judging")
    data = inputs.many("data")
    added = sum(len(one.ranks) for one in made.done)
    limits = speed_limits(made.module, layers.example(stored.model.input), masks, added)
    told = card(stored, after, data[0] if data else None, context)
    facts = (*_facts(made), *told, *limits)
    flops, before = after.footprint.flops, stored.model.footprint.flops
    headline = f"{panel.share(flops, before)} of MACs" if flops and before else f"{len(made.done)} layers split"
    return StepOutcome({"model": after}, facts, headline)


def _facts(made: low_rank.LowRank) -> tuple[Fact, ...]:
    left = sum(len(names) for names in made.left.values())
    ranks = [Fact(title=f"Rank of {one.layer or 'the layer'}", text=_rank_text(one)) for one in made.done[:_MOST_LAYERS]]
    if len(made.done) > _MOST_LAYERS:
        ranks.append(Fact(title="More layers split", value=len(made.done) - _MOST_LAYERS))
    return (
        Fact(title="Layers split", value=len(made.done)),
        *ranks,
        Fact(title="Least energy kept in a layer", value=min(one.energy for one in made.done), unit="%"),
        Fact(title="Layers left alone", value=left),
        *(Fact(title=f"Left alone: {reason}", text=names) for reason, names in low_rank.left_texts(made)),
    )


def _rank_text(one: low_rank.Factorized) -> str:
    return " and ".join(f"{rank:,} of {full:,}" for rank, full in zip(one.ranks, one.full, strict=True))
