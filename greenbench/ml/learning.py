"""From a stored model and a stored data set to a trained model: what Train, Fine-tune and Distil have in common."""

from dataclasses import replace

from greenbench.core.artifact import TRAINING_WORK, Fact
from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, StepOutcome, Stored
from greenbench.ml.artifacts import load_masks, load_module, save_module
from greenbench.ml.data import open_dataset
from greenbench.ml.evaluation import scores
from greenbench.ml.panel import model_facts, noun_of, quality_fact, quality_headline
from greenbench.ml.tasks import task
from greenbench.ml.training import FitReport, Guidance, Settings, fit

SLOW_SENTENCES = "Sentences learn slowly with SGD; AdamW with a rate of 0.003 usually does better."


def learn(model: Stored, data: Stored, settings: Settings, context: StepContext, guidance: Guidance | None = None) -> StepOutcome:
    """Trains a fresh copy of the model and saves it in the context's folder, its masks kept (those of `guidance`, where it has any).

    The model keeps its own input; labels are places of its outputs. Facts: the validation metric of the task with its interval
    (before, if the model was trained already), what training took (`training_facts`), and what the model weighs.

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
    module, guidance = load_module(model), guidance or Guidance()
    if guidance.masks is None:
        guidance = replace(guidance, masks=load_masks(model))
    key, unit = dataset.artifact.task, dataset.artifact.unit
    before = None
    if model.model.trained:
        before = float(scores(module.to(context.device), dataset.split("validation"), task(key), context, quiet=True).mean())
    slow = (SLOW_SENTENCES,) if model.model.input.kind == "text" and settings.optimizer == "sgd" else ()
    for text in slow:
        context.log(text, "warning")
    report = fit(module, dataset, settings, context, guidance)
    made = save_module(module, context.folder, model, guidance.masks, trained=True, step=context.title)
    notes = tuple(dict.fromkeys((*made.notes, *dataset.fit.notes, *slow)))
    made = made.model_copy(update={"classes": dataset.classes, "notes": notes, "training_flop": made.training_flop + report.flops})
    facts = (
        quality_fact(key, report.scores, unit, before),
        *training_facts(report, settings, noun_of(dataset.artifact)),
        *model_facts(made, model.model),
    )
    return StepOutcome({"model": made}, facts, quality_headline(key, report.scores, unit))


def training_facts(report: FitReport, settings: Settings, noun: str) -> tuple[Fact, ...]:
    """What training took: epochs really run, the one kept where one was chosen, final loss, speed, and the work.

    The work is E·D·H (Schwartz 2019, Green AI, section 3) for H = 1 training: FLOPs of one example × examples × epochs, those of the
    backward pass counted as twice the forward. `noun` is what the examples are.
    """
    lines = [Fact(title="Epochs", value=len(report.losses))]
    if settings.early_stopping and report.losses:
        lines.append(Fact(title="Best epoch, kept", value=report.epoch))
    if report.losses:
        lines.append(Fact(title="Final training loss", text=f"{report.losses[-1]:.4g}"))
        lines.append(Fact(title=f"Training {noun} a second", value=round(report.examples / max(report.seconds, 1e-9))))
        lines.append(Fact(title=TRAINING_WORK, value=report.flops, unit="FLOP"))
    if settings.mixed_precision:
        lines.append(Fact(title="Arithmetic of training", text="bf16, loss and weights float32"))
    return tuple(lines)
