"""The one training loop: train, fine-tune and distil differ in their loss alone. Joules are not its business."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from greenbench.core.errors import ModelError, StepError
from greenbench.core.metrics import BY_KEY
from greenbench.core.step import StepContext
from greenbench.core.task import TASKS
from greenbench.ml.artifacts import apply_masks
from greenbench.ml.augmentation import Augmentation, Augmenter
from greenbench.ml.batches import Batch, Feed
from greenbench.ml.data import Dataset
from greenbench.ml.evaluation import scores
from greenbench.ml.footprint import flops
from greenbench.ml.models.blank import as_taken, blank
from greenbench.ml.models.versions import versioned
from greenbench.ml.optimizers import Optimizer, Schedule, learning_rate, make_optimizer
from greenbench.ml.target_scale import TargetScale, answering, standardised
from greenbench.ml.tasks import task

__all__ = ["Batch", "FitReport", "Guidance", "Loss", "Settings", "fit", "learning_rate", "reproducible", "task_loss"]

_METRIC_INTERVAL_S = 0.05
# Forward and backward together cost about three times the forward (Kaplan 2020, section 2.1: backward twice the forward).
_FORWARD_AND_BACKWARD = 3
# Below this, threads wait for each other longer than they compute: a batch of 1 GFLOP took 0.36 s an epoch with one thread
# and 0.45 s with two, and six times as long as soon as other processes wanted the same cores.
_ONE_THREAD_FLOPS = 2e9
_LAST_LOOK = 64  # examples that a trained network must answer with numbers


@dataclass(frozen=True)
class Settings:
    """How to train. The rate rises linearly over the first `warm_up` share of all batches and then follows the schedule.

    `early_stopping` is the number of epochs without a better validation metric after which training ends, and the best state seen is
    kept; 0 keeps the last state. `mixed_precision` computes the network in bf16 and the loss in float32. `seed` is added to the run's.
    `shift` is the largest shift of an augmented image in pixels.
    """

    epochs: int
    batch: int = 64
    learning_rate: float = 0.05
    optimizer: Optimizer = "sgd"
    schedule: Schedule = "cosine"
    weight_decay: float = 5e-4
    momentum: float = 0.9
    label_smoothing: float = 0.0
    warm_up: float = 0.1
    augmentation: Augmentation = "none"
    shift: int = 2
    early_stopping: int = 0
    mixed_precision: bool = False
    seed: int = 0


Loss = Callable[[Tensor, Batch], Tensor]
"""From outputs (N, …) and the batch to a scalar. If it is a module, its parameters are trained too."""


@dataclass(frozen=True)
class Guidance:
    """What one kind of training does otherwise than the others; everything is optional.

    `loss` None is that of the data's task. A loss asks a teacher on batch.x where the batch is augmented. `masks` (True: kept) hold
    weights at zero (None: those the model came with); they are moved to the training device in place. `after_batch(done, total)` is
    called after each step of the optimiser with the number of batches done; it may change the masks in place, which are applied right
    after it. `around(module)` is entered while the module is trained, to listen to its layers.
    """

    loss: Loss | None = None
    masks: dict[str, Tensor] | None = None
    after_batch: Callable[[int, int], None] | None = None
    around: Callable[[nn.Module], AbstractContextManager[None]] | None = None


@dataclass(frozen=True)
class FitReport:
    """What training did: mean loss and validation metric of each epoch, and in the end the score of each validation example.

    `epoch` is the one whose state was kept, from 1. `flops` is the work: 3 × those of the forward pass of one example × examples seen.
    """

    losses: tuple[float, ...]
    values: tuple[float, ...]
    scores: NDArray[np.float64]
    seconds: float
    batches: int
    epoch: int = 0
    flops: int = 0
    examples: int = 0


def task_loss(key: str, settings: Settings) -> Loss:
    """The loss of a task; cross-entropy is smoothed as the settings say."""
    judge = task(key)
    return lambda outputs, batch: judge.loss(outputs, batch.y, settings.label_smoothing)


def fit(module: nn.Module, dataset: Dataset, settings: Settings, context: StepContext, guidance: Guidance | None = None) -> FitReport:
    """Trains a module in place on the training split. The last state is kept, unless early stopping asks for the best on validation.

    The task is that of the data. A regression is learnt in standardised steps; the network answers in the target's unit afterwards.
    Small networks take one thread, however many there are.

    Masked weights are exactly zero after each batch. The same seed, threads and libraries give the same weights.

    Raises:
        StepError: the loss is no longer a number, memory does not suffice, or the data cannot be augmented.
        ModelError: the data does not fit the model.
        Cancelled: the user pressed Stop.
    """
    if settings.epochs == 0:
        return _judged(module, dataset, context)
    guidance = guidance or Guidance()
    try:
        around = guidance.around(module) if guidance.around else nullcontext()
        with reproducible(context, settings.seed), _scale(module, dataset) as scale, around:
            return _Fit(module, dataset, settings, context, guidance, scale).run()
    except torch.OutOfMemoryError:
        raise StepError(f"Memory does not suffice for batches of {settings.batch}.", "Lower the batch size.") from None


def _judged(module: nn.Module, dataset: Dataset, context: StepContext) -> FitReport:
    found = scores(module, dataset.split("validation"), task(dataset.artifact.task), context)
    return FitReport((), (float(found.mean()),), found, 0.0, 0)


def _scale(module: nn.Module, dataset: Dataset) -> AbstractContextManager[TargetScale]:
    if dataset.artifact.task != "regression":
        return nullcontext(TargetScale())
    return standardised(module, dataset.input, dataset.split("train").labels)


@contextmanager
def reproducible(context: StepContext, more: int = 0) -> Iterator[None]:
    """Seeds torch with the run's seed plus `more` and sets its threads for a while; the generator is given back as it was."""
    devices = [torch.device(context.device)] if context.device.startswith("cuda") else []
    before, deterministic = torch.get_num_threads(), torch.backends.cudnn.deterministic
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(context.seed + more)
        torch.set_num_threads(max(1, context.threads))
        torch.backends.cudnn.deterministic = True
        try:
            yield
        finally:
            torch.set_num_threads(before)
            torch.backends.cudnn.deterministic = deterministic


@dataclass
class _Pace:
    """Lets at most one value through in each interval."""

    last: float = -math.inf

    def due(self) -> bool:
        now = time.perf_counter()
        if now - self.last < _METRIC_INTERVAL_S:
            return False
        self.last = now
        return True


@dataclass
class _Mean:
    """A running mean that starts anew when it is taken."""

    total: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1

    def take(self) -> float:
        mean = self.total / max(1, self.count)
        self.total, self.count = 0.0, 0
        return mean


@dataclass
class _Best:
    """The best state that validation has seen; with a patience of 0, simply the last one."""

    patience: int
    higher: bool
    kept_weights: int = -1
    epoch: int = 0
    value: float = math.nan
    scores: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    state: dict[str, Tensor] = field(default_factory=dict)

    def see(self, epoch: int, found: NDArray[np.float64], module: nn.Module, masks: Mapping[str, Tensor]) -> bool:
        """Takes note of an epoch (from 1); returns whether patience is over."""
        value = float(found.mean())
        # A state with other masks is another network: while pruning goes on, what was best before does not count.
        kept = sum(int(mask.sum()) for mask in masks.values()) if self.patience else 0
        better = value > self.value if self.higher else value < self.value
        if not self.patience or better or not self.epoch or kept != self.kept_weights:
            self.epoch, self.value, self.scores, self.kept_weights = epoch, value, found, kept
            if self.patience:
                self.state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
        return bool(self.patience) and epoch - self.epoch >= self.patience

    def restore(self, module: nn.Module) -> None:
        if self.state:
            module.load_state_dict(versioned(module, self.state))


@dataclass
class _Fit:
    """One training under way."""

    module: nn.Module
    dataset: Dataset
    settings: Settings
    context: StepContext
    guidance: Guidance
    scale: TargetScale
    losses: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.task = task(self.dataset.artifact.task)
        self.loss = self.guidance.loss or task_loss(self.task.key, self.settings)
        self.masks = {} if self.guidance.masks is None else self.guidance.masks
        check_fits(self.dataset, self.output_shape())
        self.device = torch.device(self.context.device)
        augment = Augmenter(self.settings.augmentation, self.settings.shift, self.dataset.input)
        self.feed = Feed(self.dataset.split("train"), self.settings.batch, self.device, augment)
        self.total = self.feed.per_epoch * self.settings.epochs
        self.done = 0
        self.seed = self.context.seed + self.settings.seed
        self.pace, self.mean_loss, self.mean_seconds = _Pace(), _Mean(), _Mean()

    def output_shape(self) -> tuple[int, ...]:
        """What the module gives for one example of this data."""
        self.module.eval()
        with torch.no_grad():
            parameter = next(self.module.parameters())
            return tuple(self.module(blank(self.dataset.input, 1, parameter.device)).shape)

    def run(self) -> FitReport:
        started = time.perf_counter()
        work = _FORWARD_AND_BACKWARD * flops(self.module, self.dataset.input)
        if work * self.settings.batch < _ONE_THREAD_FLOPS:
            torch.set_num_threads(1)
        optimizer = self._on_device()
        best = _Best(self.settings.early_stopping, BY_KEY[self.task.metric].better == "higher")
        for epoch in range(self.settings.epochs):
            self._epoch(epoch, optimizer)
            found = self._validate()
            self.values.append(float(found.mean()))
            self.context.metric(self.task.metric, self.values[-1])
            if best.see(epoch + 1, found, self.module, self.masks):
                self.context.log(f"No better for {self.settings.early_stopping} epochs; the state of epoch {best.epoch} is kept.")
                break
        best.restore(self.module)
        self._check_end()
        self.module.to("cpu")
        self.module.eval()
        examples = self.feed.used * len(self.losses)
        return FitReport(
            losses=tuple(self.losses),
            values=tuple(self.values),
            scores=best.scores,
            seconds=time.perf_counter() - started,
            batches=self.done,
            epoch=best.epoch,
            flops=work * examples,
            examples=examples,
        )

    def _check_end(self) -> None:
        """The very last step may have gone astray, and no loss was computed after it."""
        for name, tensor in self.module.state_dict().items():
            if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                raise StepError(f"Training came apart at its end: {name} holds values that are no numbers.", "Lower the learning rate.")
        # Weights may be numbers, and yet so large that nothing which goes through them stays one.
        x, _ = next(iter(self.dataset.split("validation").batches(_LAST_LOOK)))
        with torch.inference_mode():
            answers = self.module.eval()(as_taken(self.module, torch.from_numpy(x).to(self.device)))
        if not torch.isfinite(answers).all():
            raise StepError("Training came apart at its end: the network's answers are no numbers.", "Lower the learning rate.")

    def _on_device(self) -> torch.optim.Optimizer:
        self.module.to(self.device)
        for name, mask in self.masks.items():
            self.masks[name] = mask.to(self.device)
        apply_masks(self.module, self.masks)
        if isinstance(self.loss, nn.Module):
            return make_optimizer(self.settings, self.module, self.loss.to(self.device).train())
        return make_optimizer(self.settings, self.module)

    def _validate(self) -> NDArray[np.float64]:
        with answering(self.module, self.dataset.input, self.scale):
            return scores(self.module, self.dataset.split("validation"), self.task, self.context, quiet=True)

    def _epoch(self, epoch: int, optimizer: torch.optim.Optimizer) -> None:
        self.module.train()
        whole = _Mean()
        for plain in self.feed.epoch(self.seed, epoch):
            batch = replace(plain, y=self.scale.targets(plain.y)) if self.task.key == "regression" else plain
            self.context.check()
            begin = time.perf_counter()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(self.settings, self.done, self.total)
            optimizer.zero_grad(set_to_none=True)
            loss = self._loss(batch)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            self.done += 1
            if self.guidance.after_batch is not None:
                self.guidance.after_batch(self.done, self.total)
            if self.masks:
                apply_masks(self.module, self.masks)
            value = float(loss.detach())
            if not math.isfinite(value):
                raise StepError(f"Training came apart in epoch {epoch + 1}: the loss is no longer a number.", "Lower the learning rate.")
            whole.add(value)
            self._show(value, time.perf_counter() - begin, epoch)
        self.losses.append(whole.take())

    def _loss(self, batch: Batch) -> Tensor:
        """The loss of a batch; in mixed precision the network computes in bf16, the loss in float32 all the same."""
        mixed = self.settings.mixed_precision
        with torch.autocast(self.device.type, dtype=torch.bfloat16) if mixed else nullcontext():
            outputs = self.module(batch.x)
            given = outputs.float() if mixed else outputs
            return self.loss(self.scale.outputs(given) if self.task.key == "regression" else given, batch)

    def _show(self, loss: float, seconds: float, epoch: int) -> None:
        self.mean_loss.add(loss)
        self.mean_seconds.add(seconds)
        self.context.progress(self.done / self.total, f"epoch {epoch + 1} of {self.settings.epochs}")
        if self.pace.due() or self.done == self.total:
            self.context.metric("loss", self.mean_loss.take())
            self.context.metric("batch_s", self.mean_seconds.take())


def check_fits(dataset: Dataset, outputs: tuple[int, ...]) -> None:
    """Demands outputs that can be answers: as many as there are classes, or one number for a regression.

    Raises:
        ModelError: names both numbers.
    """
    problem = task(dataset.artifact.task).output_problem(outputs, len(dataset.classes))
    if problem:
        noun = f"has {len(dataset.classes)} classes" if TASKS[dataset.artifact.task].has_classes else "has one value for each example"
        raise ModelError(
            f"The model gives {'×'.join(str(side) for side in outputs[1:])} outputs, the data set {dataset.artifact.name} {noun}.",
            "A model built by name takes its outputs from a data set linked to its step; another must have as many itself.",
        )
