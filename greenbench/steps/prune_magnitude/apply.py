"""Prunes single weights by magnitude: at once, in rounds, or while training."""

import copy
from dataclasses import dataclass, field

from torch import nn

from greenbench.core.artifact import Fact
from greenbench.core.errors import StepError
from greenbench.core.step import Inputs, StepContext, StepOutcome, Stored
from greenbench.ml.artifacts import load_masks, load_module, save_module
from greenbench.ml.card import card
from greenbench.ml.compress import layers, magnitude, panel
from greenbench.ml.compress.rounds import Trainings, opened
from greenbench.ml.compress.schedules import GradualPruning, geometric
from greenbench.ml.training import Guidance, Settings
from greenbench.steps.prune_magnitude.shares import parse_shares
from greenbench.steps.prune_magnitude.spec import MagnitudeParams

_MOST_LAYERS = 8
# Each round has its own order of the examples, and none that of another run's seed.
_APART = 1000


@dataclass
class _Done:
    """What pruning left: masks, what training took, and the notes for whoever reads the results."""

    masks: magnitude.Masks
    facts: tuple[Fact, ...] = ()
    notes: list[str] = field(default_factory=list)
    changes: dict[str, object] = field(default_factory=dict)


def apply(inputs: Inputs, params: MagnitudeParams, context: StepContext) -> StepOutcome:
    """Sets the smallest weights to zero and saves the masks with the model; masks it came with are kept.

    Raises:
        StepError: a layer would lose all its weights, there is no such layer, or a schedule that trains has no data.
        ModelError: the model is an ONNX graph, or the data does not fit it.
    """
    stored, data = inputs.one("model"), next(iter(inputs.many("data")), None)
    earlier = load_masks(stored)
    if params.schedule == "once":
        module = load_module(stored)
        done = _at_once(module, earlier, _settings(module, params, stored, context), context)
    elif data is None:
        way = "in rounds" if params.schedule == "iterative" else "gradually"
        text = f'"{context.title}": pruning {way} trains, and no data is connected.'
        raise StepError(text, "Connect a data set to this step, or prune at once.")
    else:
        module, dataset = opened(stored, data)
        settings = _settings(module, params, stored, context)
        _check_reachable(module, earlier, settings, context)
        trainings = Trainings(dataset, context, params.rounds if params.schedule == "iterative" else 1)
        run = _in_rounds if params.schedule == "iterative" else _gradually
        done = run(module, earlier, settings, params, trainings)
        done.facts = trainings.facts()
        work = stored.model.training_flop + trainings.flops
        done.changes |= {"classes": dataset.classes, "trained": True, "training_flop": work}
        done.notes.extend(dataset.fit.notes)
    made = save_module(module, context.folder, stored, done.masks, step=context.title)
    made = made.model_copy(update={**done.changes, "notes": tuple(dict.fromkeys((*made.notes, *done.notes)))})
    facts = (
        Fact(title="Weights at zero", value=magnitude.sparsity(done.masks), unit="%", before=magnitude.sparsity(earlier)),
        *_by_layer(done.masks),
        *done.facts,
        *card(stored, made, data, context),
    )
    footprint = made.footprint
    return StepOutcome({"model": made}, facts, f"{panel.share(footprint.nonzero_parameters, footprint.parameters)} left")


def _settings(module: nn.Module, params: MagnitudeParams, stored: Stored, context: StepContext) -> magnitude.MagnitudeSettings:
    keep = magnitude.kept_layers(module, layers.example(stored.model.input), params.keep_first, params.keep_last)
    shares = magnitude.named_shares(module, parse_shares(params.shares), context.title) if params.amount == "shares" else None
    quality = params.quality if params.amount == "quality" else None
    return magnitude.MagnitudeSettings(params.sparsity, params.scope, keep, quality, shares)


def _check_reachable(module: nn.Module, earlier: magnitude.Masks, settings: magnitude.MagnitudeSettings, context: StepContext) -> None:
    """Refuses before any training what would be refused at its end: shares that leave a layer nothing, whatever its weights become."""
    if settings.quality is None and (settings.shares is not None or settings.scope == "layer"):
        magnitude.prune(copy.deepcopy(module), settings, earlier, context.title)


def _at_once(module: nn.Module, earlier: magnitude.Masks, settings: magnitude.MagnitudeSettings, context: StepContext) -> _Done:
    context.check()
    context.progress(0.3, "ranking weights")
    done = _Done(magnitude.prune(module, settings, earlier, context.title))
    context.check()
    context.progress(0.6, "saving")
    reached = magnitude.sparsity(done.masks)
    asked = settings.sparsity if settings.quality is None and settings.shares is None else 1.0
    if reached > asked + 1 / sum(mask.numel() for mask in done.masks.values()):
        done.notes.append(f"The model came with {100 * reached:.4g} % of these weights at zero already; nothing more was removed.")
        context.log(done.notes[-1], "warning")
    return done


def _in_rounds(
    module: nn.Module, earlier: magnitude.Masks, settings: magnitude.MagnitudeSettings, params: MagnitudeParams, trainings: Trainings
) -> _Done:
    """Prune, retrain, prune (Han 2015, section 3.3)."""
    masks = dict(earlier)
    for turn in range(1, params.rounds + 1):
        # The loop calls its way at once, within this turn.
        stage = magnitude.Stage(lambda start, end, turn=turn: geometric(start, end, turn, params.rounds), earlier)  # type: ignore[misc]
        masks = magnitude.prune(module, settings, masks, trainings.context.title, stage)
        trainings.run(module, _training(params, seed=_APART * turn), Guidance(masks=masks))
    return _Done(masks)


def _gradually(
    module: nn.Module, earlier: magnitude.Masks, settings: magnitude.MagnitudeSettings, params: MagnitudeParams, trainings: Trainings
) -> _Done:
    """Prune while training, along a cubic (Zhu and Gupta 2017)."""
    masks = dict(earlier)
    pruning = GradualPruning(module, settings, masks, params.begin, params.until, params.every, trainings.context.title)
    trainings.run(module, _training(params), Guidance(masks=masks, after_batch=pruning))
    return _Done(masks)


def _training(params: MagnitudeParams, seed: int = 0) -> Settings:
    return Settings(
        epochs=params.epochs,
        batch=params.batch,
        learning_rate=params.learning_rate,
        optimizer=params.optimizer,
        weight_decay=params.weight_decay,
        warm_up=0.0,
        seed=seed,
    )


def _by_layer(masks: magnitude.Masks) -> tuple[Fact, ...]:
    """What is kept of each layer, of a network that has few."""
    if not 1 < len(masks) <= _MOST_LAYERS:
        return ()
    return tuple(
        Fact(title=f"Kept of {name.removesuffix('.weight')}", value=int(mask.sum()) / mask.numel(), unit="%")
        for name, mask in masks.items()
    )
