"""From a stored model and a stored data set to a trained model: what Train, Fine-tune and Distil have in common."""

from greenbench.core.artifact import Fact
from greenbench.core.errors import ModelError
from greenbench.core.step import StepContext, StepOutcome, Stored
from greenbench.ml.artifacts import load_masks, load_module, save_module
from greenbench.ml.data import Dataset, open_dataset
from greenbench.ml.evaluation import correct_bits
from greenbench.ml.panel import accuracy_fact, model_facts
from greenbench.ml.training import Loss, Settings, fit


def learn(model: Stored, data: Stored, settings: Settings, context: StepContext, loss: Loss | None = None) -> StepOutcome:
    """Trains a fresh copy of the model and saves it in the context's folder, masks kept.

    Facts: validation accuracy with its interval (before, if the model was trained already), epochs, final loss, images a
    second, and what the model weighs.

    Raises:
        ModelError: model and data do not fit each other.
        DataError: the data has no training or validation split.
        StepError: training came apart, or memory does not suffice.
        Cancelled: the user pressed Stop.
    """
    dataset = open_dataset(data)
    check_shapes(model, dataset, data.title)
    module, masks = load_module(model), load_masks(model)
    before = None
    if model.model.trained and len(model.model.classes) == len(dataset.classes):
        before = float(correct_bits(module.to(context.device), dataset.split("validation"), context, quiet=True).mean())
    report = fit(module, dataset, settings, context, loss, masks)
    like = model.model.model_copy(update={"input": dataset.input, "classes": dataset.classes})
    made = save_module(module, context.folder, like, masks, trained=True, step=context.title)
    facts = (
        accuracy_fact(report.correct, report.examples, before),
        Fact(title="Epochs", value=settings.epochs),
        Fact(title="Final training loss", text=f"{report.losses[-1]:.4g}" if report.losses else ""),
        Fact(title="Training images a second", value=round(len(dataset.split("train")) * settings.epochs / max(report.seconds, 1e-9))),
        *model_facts(made, model.model),
    )
    return StepOutcome({"model": made}, facts, f"{100 * report.correct / report.examples:.1f} % val.")


def check_shapes(model: Stored, dataset: Dataset, data_title: str) -> None:
    """Demands that the data has the shape the model takes.

    Raises:
        ModelError: names both.
    """
    takes, gives = model.model.input.shape, dataset.input.shape
    if takes != gives:
        raise ModelError(
            f'"{model.title}" takes examples of {_size(takes)}, the data set "{data_title}" gives {_size(gives)}.',
            "Link the data set to the model step so that the model is built for it.",
        )


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(str(side) for side in shape)
