"""Casts a network to half precision."""

from collections.abc import Iterator

import torch
from torch import Tensor

from greenbench.core.artifact import Fact
from greenbench.core.errors import StepError
from greenbench.core.step import Inputs, StepContext, StepOutcome, Stored
from greenbench.ml.answering import evenly
from greenbench.ml.artifacts import HALVES, load_masks, load_module, save_module
from greenbench.ml.card import card
from greenbench.ml.compress import half, layers, panel
from greenbench.ml.data import open_dataset
from greenbench.steps.cast_half.spec import HalfParams

_BATCH = 64


def apply(inputs: Inputs, params: HalfParams, context: StepContext) -> StepOutcome:
    """Rounds every number to half precision and checks that the answers stay finite.

    Raises:
        StepError: it is in half precision already, or a number or an answer is too large for it.
        ModelError: the model is no network, or the data does not fit it.
    """
    stored = inputs.one("model")
    data = next(iter(inputs.many("data")), None)
    if stored.model.precision in HALVES:
        raise StepError(f'"{stored.title}" is in half precision already.', "Cast the model before that.")
    context.progress(0.0, "casting")
    module, masks = load_module(stored), load_masks(stored)
    lost = half.cast(module, params.precision, context.title)
    half.check_answers(module, _examples(stored, data, params.examples, context), params.precision, context.title)
    made = save_module(module, context.folder, stored, masks, step=context.title)
    note = half.speed_note(params.precision, context.device)
    made = made.model_copy(update={"precision": params.precision, "notes": (*made.notes, note)})
    facts = (
        Fact(title="Precision", text=params.precision),
        Fact(title="Weights that became zero", value=lost),
        Fact(title="Speed", text=note),
        *card(stored, made, data, context),
    )
    return StepOutcome({"model": made}, facts, panel.size(made.footprint.size_bytes))


def _examples(model: Stored, data: Stored | None, count: int, context: StepContext) -> Iterator[Tensor]:
    """Validation examples, or random ones where there are none."""
    if data is None or "validation" not in data.dataset.splits:
        yield layers.example(model.model.input, 8)
        return
    split = open_dataset(data, model).split("validation")
    places = evenly(len(split), count)
    for start in range(0, len(places), _BATCH):
        context.check()
        yield torch.from_numpy(split.take(places[start : start + _BATCH]))
