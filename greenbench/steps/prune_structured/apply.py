"""Prunes whole channels."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from greenbench.core.artifact import Fact
from greenbench.core.errors import DataError
from greenbench.core.step import Inputs, StepContext, StepOutcome, Stored
from greenbench.ml.artifacts import load_masks, load_module, save_module
from greenbench.ml.card import card
from greenbench.ml.compress import batch_norm, layers, panel, structured
from greenbench.ml.compress.chosen import chosen_layers
from greenbench.ml.compress.importance import Examples
from greenbench.ml.compress.rounds import Trainings
from greenbench.ml.compress.speed_limits import speed_limits
from greenbench.ml.data import Dataset, open_dataset
from greenbench.ml.panel import noun_of
from greenbench.ml.tasks import task
from greenbench.ml.training import Guidance, Settings, reproducible
from greenbench.steps.prune_structured.spec import StructuredParams

_BATCH = 128


def apply(inputs: Inputs, params: StructuredParams, context: StepContext) -> StepOutcome:
    """Removes channels, makes batch-norm statistics anew where data is linked, and proves that the saved model answers alike.

    Raises:
        StepError: a layer would lose all its channels, the network cannot be followed, or what was asked for needs data.
        ModelError: the model is an ONNX graph, or the data does not fit it.
    """
    stored, data = inputs.one("model"), next(iter(inputs.many("data")), None)
    work = _Work(stored, data, params, context)
    context.check()
    done = work.cut()
    module = done.module
    context.check()
    notes = list(done.notes)
    if any(isinstance(layer, layers.BATCH_NORMS) for layer in module.modules()):
        if work.dataset is not None:
            context.progress(0.85, "batch norms")
            context.log(f"batch-norm statistics made anew on {work.reestimate(module)}")
        else:
            notes.append("Batch-norm statistics are still those of the whole network: fine-tune, or connect data to this step.")
    context.progress(0.9, "saving")
    made = save_module(module, context.folder, stored, done.masks, step=context.title)
    trained = work.trainings.flops if work.trainings is not None else 0
    made = made.model_copy(update={"notes": (*made.notes, *notes), "training_flop": made.training_flop + trained})
    panel.check_saved(module, made, context)
    channels = sum(group.before for group in done.groups), sum(group.after for group in done.groups)
    whole = sum(group.after == group.before for group in done.groups)
    facts = (
        Fact(title="Channels", value=channels[1], before=channels[0]),
        *((Fact(title="Groups of layers that lost none", value=whole),) if whole else ()),
        *work.facts(),
        *card(stored, made, data, context),
        *speed_limits(module, work.example, done.masks),
    )
    left = panel.share(made.footprint.parameters, stored.model.footprint.parameters)
    return StepOutcome({"model": made}, facts, f"{left} of params")


class _Work:
    """One model being cut, with the data that helps, if there is any."""

    def __init__(self, stored: Stored, data: Stored | None, params: StructuredParams, context: StepContext) -> None:
        self.params, self.context = params, context
        self.module, self.masks = load_module(stored), load_masks(stored)
        self.example = layers.example(stored.model.input, batch=2)
        asks = params.importance == "taylor" or params.epochs > 0 or any(isinstance(m, layers.BATCH_NORMS) for m in self.module.modules())
        self.dataset: Dataset | None = open_dataset(data, stored) if data is not None and asks else None
        between = params.epochs > 0 and params.cuts > 1 and self.dataset is not None
        self.trainings = Trainings(self.dataset, context, params.cuts) if between and self.dataset is not None else None

    def cut(self) -> structured.Pruned:
        """All cuts, with fine-tuning between where it is asked for."""
        params, context = self.params, self.context
        keep = chosen_layers(self.module, params.keep, context.title)
        settings = structured.StructuredSettings(params.ratio, params.importance, params.scope, params.multiple, params.layer_limit, keep)
        alive: dict[str, list[int]] = {}
        at_first: dict[str, int] = {}
        notes: dict[str, None] = {}
        done = None
        for number in range(1, params.cuts + 1):
            context.check()
            context.progress(
                0.8 * (number - 1) / params.cuts, f"cut {number} of {params.cuts}" if params.cuts > 1 else "finding what depends on what"
            )
            now = replace(settings, ratio=params.ratio * number / params.cuts, at_first=at_first)
            with reproducible(context):
                done = structured.prune(self.module, self.example, now, self.masks, context.title, self._examples())
            self.module, self.masks = done.module, done.masks
            at_first = at_first or {group.layer: group.before for group in done.groups}
            for group in done.groups:
                left, gone = alive.get(group.layer, range(group.before)), set(group.removed)
                alive[group.layer] = [channel for place, channel in enumerate(left) if place not in gone]
            notes |= dict.fromkeys(done.notes)
            if self.trainings is not None and number < params.cuts:
                self._train()
        assert done is not None
        groups = tuple(
            structured.GroupChange(layer, first, tuple(sorted(set(range(first)) - set(alive[layer])))) for layer, first in at_first.items()
        )
        return replace(done, groups=groups, notes=tuple(notes))

    def _train(self) -> None:
        assert self.trainings is not None
        settings = Settings(self.params.epochs, _BATCH, self.params.learning_rate)
        self.trainings.run(self.module, settings, Guidance(masks=dict(self.masks)))

    def facts(self) -> tuple[Fact, ...]:
        """What training between the cuts took."""
        return self.trainings.facts() if self.trainings is not None and self.trainings.done else ()

    def _examples(self) -> Examples | None:
        if self.params.importance != "taylor" or self.dataset is None:
            return None
        dataset, (name, chosen) = self.dataset, self._chosen()
        if not dataset.fit.judged:
            raise DataError("Taylor scores need examples whose truth is known.", "Connect labelled data, or choose the L1 or L2 norm.")
        split, judge = dataset.split(name), task(dataset.artifact.task)
        parts = [chosen[start : start + _BATCH] for start in range(0, len(chosen), _BATCH)]
        batches = [(torch.from_numpy(split.take(part)), torch.from_numpy(np.asarray(split.targets(part)))) for part in parts]
        return Examples(batches, lambda outputs, truth: judge.loss(outputs, truth, 0.0))

    def _chosen(self) -> tuple[str, np.ndarray]:
        """Which split to look at, the one for training or, of data for testing only, the one for calibration, and which examples."""
        assert self.dataset is not None
        held = self.dataset.artifact.splits
        # Noise has other statistics than any data, so random inputs are asked for training examples, which they refuse to have.
        name = "calibration" if "train" not in held and "calibration" in held and not self.dataset.artifact.random else "train"
        return name, np.random.default_rng(self.context.seed).permutation(len(self.dataset.split(name)))[: self.params.examples]

    def reestimate(self, module: nn.Module) -> str:
        """Makes batch-norm statistics anew; says on how many examples of which split."""
        assert self.dataset is not None
        name, chosen = self._chosen()
        split, context = self.dataset.split(name), self.context

        def batches() -> Iterator[Tensor]:
            for start in range(0, len(chosen), _BATCH):
                if start and len(chosen) - start < _BATCH // 2:
                    return  # a small last batch would weigh as much as a full one
                yield torch.from_numpy(split.take(chosen[start : start + _BATCH])).to(context.device)

        module.to(context.device)
        with reproducible(context):
            seen = batch_norm.reestimate(module, batches(), context.check)
        module.to("cpu")
        return f"{seen} {'training' if name == 'train' else name} {noun_of(self.dataset.artifact)}"
