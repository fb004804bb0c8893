"""Finds a lottery ticket."""

from collections.abc import Callable

from torch import Tensor, nn

from greenbench.core.artifact import Fact
from greenbench.core.metrics import BY_KEY
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.core.task import TASKS
from greenbench.ml.artifacts import load_masks, save_module
from greenbench.ml.card import card
from greenbench.ml.compress import layers, lottery, magnitude, panel
from greenbench.ml.compress.rounds import Trainings, opened
from greenbench.ml.training import Guidance, Settings
from greenbench.steps.fitting import FitParams
from greenbench.steps.prune_lottery.spec import LotteryParams

_CAME_TRAINED = "The network came trained: its ticket goes back to those weights, not to an untrained start."


def apply(inputs: Inputs, params: LotteryParams, context: StepContext) -> StepOutcome:
    """Gives the ticket: the network at its early weights under the masks that training found; masks it came with are kept.

    Raises:
        StepError: a layer would lose all its weights, training came apart, or rewinding lies behind its end.
        ModelError: the model is an ONNX graph, or the data does not fit it.
    """
    stored, data = inputs.one("model"), inputs.one("data")
    module, dataset = opened(stored, data)
    earlier = load_masks(stored)
    fitting = Settings(**{name: getattr(params, name) for name in FitParams.model_fields})
    trainings = Trainings(dataset, context, params.rounds)
    reached: list[float] = []

    def train(network: nn.Module, masks: dict[str, Tensor], after_batch: Callable[[int, int], None] | None) -> None:
        reached.append(trainings.run(network, fitting, Guidance(masks=masks, after_batch=after_batch)).values[-1])

    settings = lottery.TicketSettings(params.rounds, params.rate, params.output_rate, params.scope, params.rewind)
    ticket = lottery.find_ticket(module, layers.example(stored.model.input), settings, train, earlier, context.title)
    made = save_module(module, context.folder, stored, ticket.masks, step=context.title)
    back = f"after batch {params.rewind} of training" if params.rewind else "before any training"
    notes = [f"A ticket: its weights are those {back}. Train it to see what it can do."]
    if stored.model.trained:
        notes.append(_CAME_TRAINED)
        context.log(_CAME_TRAINED, "warning")
    work = made.training_flop + trainings.flops  # what finding it took; training it comes on top
    made = made.model_copy(update={"classes": dataset.classes, "notes": (*made.notes, *notes), "training_flop": work})
    facts = (
        Fact(title="Weights kept", value=ticket.kept[-1], unit="%", before=1 - magnitude.sparsity(earlier)),
        *_ladder(dataset.artifact.task, (1 - magnitude.sparsity(earlier), *ticket.kept), reached),
        *trainings.facts(),
        *card(stored, made, data, context),
    )
    return StepOutcome({"model": made}, facts, f"{panel.share(ticket.kept[-1], 1)} kept")


def _ladder(task: str, kept: tuple[float, ...], reached: list[float]) -> tuple[Fact, ...]:
    """What the network of each round reached on the validation split once it was trained."""
    metric = BY_KEY[TASKS[task].metric]
    unit = "%" if metric.fraction else ""
    return tuple(
        Fact(title=f"{metric.title}, validation, trained with {panel.share(share, 1)} of weights", value=value, unit=unit)
        for share, value in zip(kept, reached, strict=False)
    )
