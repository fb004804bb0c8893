"""From a stored model and a stored data set to a trained model: what Train, Fine-tune and Distil have in common."""

from greenbench.core.artifact import Fact
from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, StepOutcome, Stored
from greenbench.ml.artifacts import load_masks, load_module, save_module
from greenbench.ml.data import open_dataset
from greenbench.ml.evaluation import scores
from greenbench.ml.panel import model_facts, noun_of, quality_fact, quality_headline
from greenbench.ml.tasks import task
from greenbench.ml.training import Loss, Settings, fit

SLOW_SENTENCES = "Sentences learn slowly with SGD; AdamW with a rate of 0.003 usually does better."


def learn(model: Stored, data: Stored, settings: Settings, context: StepContext, loss: Loss | None = None) -> StepOutcome:
    """Trains a fresh copy of the model and saves it in the context's folder, masks kept.

    The model keeps its own input; labels are places of its outputs. Facts: the validation metric of the task with its interval
    (before, if the model was trained already), epochs, final loss, examples a second, and what the model weighs.

    Raises:
        ModelError: model and data do not fit each other.
        DataError: the data has no training or validation split.
        StepError: training came apart, or memory does not suffice.
        Cancelled: the user pressed Stop.
    """
    dataset = open_dataset(data, model)
    if not dataset.fit.judged:
        reason = dataset.fit.reason.removeprefix("not measured: ")
        raise ModelError(f'"{model.title}" cannot be trained on "{data.title}": {reason}.', "Connect data with the truth for its task.")
    module, masks = load_module(model), load_masks(model)
    key, unit = dataset.artifact.task, dataset.artifact.unit
    before = None
    if model.model.trained:
        before = float(scores(module.to(context.device), dataset.split("validation"), task(key), context, quiet=True).mean())
    slow = (SLOW_SENTENCES,) if model.model.input.kind == "text" and settings.optimizer == "sgd" else ()
    for text in slow:
        context.log(text, "warning")
    report = fit(module, dataset, settings, context, loss, masks)
    made = save_module(module, context.folder, model, masks, trained=True, step=context.title)
    made = made.model_copy(update={"classes": dataset.classes, "notes": tuple(dict.fromkeys((*made.notes, *dataset.fit.notes, *slow)))})
    rate = round(len(dataset.split("train")) * settings.epochs / max(report.seconds, 1e-9))
    facts = (
        quality_fact(key, report.scores, unit, before),
        Fact(title="Epochs", value=settings.epochs),
        Fact(title="Final training loss", text=f"{report.losses[-1]:.4g}" if report.losses else ""),
        Fact(title=f"Training {noun_of(dataset.artifact)} a second", value=rate),
        *model_facts(made, model.model),
    )
    return StepOutcome({"model": made}, facts, quality_headline(key, report.scores, unit))
