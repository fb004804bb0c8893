"""Shares weights by k-means and fine-tunes the shared values."""

from pathlib import Path

from torch import Tensor, nn

from greenbench.core.artifact import TRAINING_WORK, Fact
from greenbench.core.step import Inputs, StepContext, StepOutcome, Stored
from greenbench.ml.artifacts import load_masks, load_module, save_module
from greenbench.ml.card import card
from greenbench.ml.compress import packed, panel, sharing
from greenbench.ml.data import open_dataset
from greenbench.ml.training import FitReport, Guidance, Settings, fit
from greenbench.steps.share_weights.spec import SharingParams

_PACKED = "model.packed"
_NOTE = "Weights are shared: training this model further would undo it."


def apply(inputs: Inputs, params: SharingParams, context: StepContext) -> StepOutcome:
    """Replaces weights by shared values, fine-tunes these where data is linked, and writes the packed file beside the plain one.

    Raises:
        StepError: weights that are not numbers, or training came apart.
        ModelError: the model is an ONNX graph, or the data does not fit it.
    """
    stored = inputs.one("model")
    module, masks = load_module(stored), load_masks(stored)
    context.progress(0.0, "k-means")
    settings = sharing.SharingSettings(params.bits, params.conv_bits, params.start, context.seed)
    books = sharing.share(module, settings, masks, context.check)
    data = inputs.many("data")
    report = _fine_tune(module, books, masks, (stored, data[0]), params, context) if data and params.epochs else None
    made = save_module(module, context.folder, stored, masks, step=context.title)
    coded = _pack(module, context.folder / _PACKED)
    notes = [note for note in (sharing.exact_layers(books), _NOTE) if note]
    work = made.training_flop + (report.flops if report else 0)
    update = {"files": {**made.files, "packed": _PACKED}, "notes": (*made.notes, *notes), "training_flop": work}
    made = made.model_copy(update=update)
    for note in notes[:-1]:
        context.log(note)
    facts = (
        *(Fact(title=f"Coded: {part}", value=bytes, unit="B") for part, bytes in coded.lines),
        *((Fact(title=TRAINING_WORK, value=report.flops, unit="FLOP"),) if report else ()),
        *card(stored, made, data[0] if data else None, context),
    )
    return StepOutcome({"model": made}, facts, f"{panel.size(coded.total)} coded")


def _fine_tune(
    module: nn.Module,
    books: list[sharing.Codebook],
    masks: dict[str, Tensor],
    arrived: tuple[Stored, Stored],
    params: SharingParams,
    context: StepContext,
) -> FitReport:
    model, data = arrived
    dataset = open_dataset(data, model)
    shared = {f"{book.layer}.weight" if book.layer else "weight" for book in books}
    others = {name: mask for name, mask in masks.items() if name not in shared}
    settings = Settings(epochs=params.epochs, batch=params.batch, learning_rate=params.learning_rate, optimizer="adamw", weight_decay=0.0)
    with sharing.trainable(module, books):
        return fit(module, dataset, settings, context, Guidance(masks=others))


def _pack(module: nn.Module, path: Path) -> packed.Ledger:
    data = packed.encode(packed.arrays(module.state_dict()))
    path.write_bytes(data)
    return packed.ledger(data)
