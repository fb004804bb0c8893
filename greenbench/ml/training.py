"""The one training loop: train, fine-tune and distil differ in their loss alone. Joules are not its business."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from greenbench.core.errors import ModelError, StepError
from greenbench.core.step import StepContext
from greenbench.core.task import TASKS
from greenbench.ml.artifacts import apply_masks
from greenbench.ml.data import Dataset, Split
from greenbench.ml.evaluation import scores
from greenbench.ml.footprint import flops
from greenbench.ml.models import blank
from greenbench.ml.target_scale import TargetScale, answering, standardised
from greenbench.ml.tasks import task

_METRIC_INTERVAL_S = 0.05
_KEEP_IN_MEMORY_BYTES = 1 << 30
_STEP_DECAY = 0.1
# Below this, threads wait for each other longer than they compute: a batch of 1 GFLOP took 0.36 s an epoch with one thread
# and 0.45 s with two, and six times as long as soon as other processes wanted the same cores.
_ONE_THREAD_FLOPS = 2e9


@dataclass(frozen=True)
class Settings:
    """How to train. The rate rises linearly over the first `warm_up` share of all batches and then follows the schedule."""

    epochs: int
    batch: int = 64
    learning_rate: float = 0.05
    optimizer: Literal["sgd", "adamw"] = "sgd"
    schedule: Literal["cosine", "step", "constant"] = "cosine"
    weight_decay: float = 5e-4
    momentum: float = 0.9
    label_smoothing: float = 0.0
    warm_up: float = 0.1


@dataclass(frozen=True)
class Batch:
    """One training batch: examples, what is true of them, and their places in the training split."""

    x: Tensor
    y: Tensor
    indices: Tensor


Loss = Callable[[Tensor, Batch], Tensor]
"""From outputs (N, …) and the batch to a scalar."""


@dataclass(frozen=True)
class FitReport:
    """What training did: mean loss and validation metric of each epoch, and in the end the score of each validation example."""

    losses: tuple[float, ...]
    values: tuple[float, ...]
    scores: NDArray[np.float64]
    seconds: float
    batches: int


def task_loss(key: str, settings: Settings) -> Loss:
    """The loss of a task; cross-entropy is smoothed as the settings say."""
    judge = task(key)
    return lambda outputs, batch: judge.loss(outputs, batch.y, settings.label_smoothing)


def fit(
    module: nn.Module,
    dataset: Dataset,
    settings: Settings,
    context: StepContext,
    loss: Loss | None = None,
    masks: Mapping[str, Tensor] | None = None,
) -> FitReport:
    """Trains a module in place on the training split; the last state is kept, none is picked by its accuracy.

    The task is that of the data. A regression is learnt in standardised steps; the network answers in the target's unit afterwards.
    Small networks take one thread, however many there are.

    Masked weights are exactly zero after each batch. The same seed, threads and libraries give the same weights.

    Raises:
        StepError: the loss is no longer a number, or memory does not suffice.
        ModelError: the data does not fit the model.
        Cancelled: the user pressed Stop.
    """
    if settings.epochs == 0:
        return _judged(module, dataset, context)
    try:
        with reproducible(context), _scale(module, dataset) as scale:
            loss = loss or task_loss(dataset.artifact.task, settings)
            return _Fit(module, dataset, settings, context, loss, dict(masks or {}), scale).run()
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
def reproducible(context: StepContext) -> Iterator[None]:
    """Seeds torch and sets its threads for a while; the generator is given back as it was."""
    devices = [torch.device(context.device)] if context.device.startswith("cuda") else []
    before, deterministic = torch.get_num_threads(), torch.backends.cudnn.deterministic
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(context.seed)
        torch.set_num_threads(max(1, context.threads))
        torch.backends.cudnn.deterministic = True
        try:
            yield
        finally:
            torch.set_num_threads(before)
            torch.backends.cudnn.deterministic = deterministic


def learning_rate(settings: Settings, done: int, total: int) -> float:
    """The rate for the batch after `done` of `total`: linear warm-up, then cosine to 0 (Loshchilov 2017), or 1/10 at one half
    and three quarters (He 2015, section 4.2), or constant."""
    rise = max(1, round(settings.warm_up * total)) if settings.warm_up else 0
    if done < rise:
        return settings.learning_rate * (done + 1) / rise
    share = (done - rise) / max(1, total - rise)
    match settings.schedule:
        case "cosine":
            return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
        case "step":
            return settings.learning_rate * _STEP_DECAY ** ((share >= 0.5) + (share >= 0.75))
        case _:
            return settings.learning_rate


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
class _Fit:
    """One training under way."""

    module: nn.Module
    dataset: Dataset
    settings: Settings
    context: StepContext
    loss: Loss
    masks: dict[str, Tensor]
    scale: TargetScale
    losses: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.task = task(self.dataset.artifact.task)
        check_fits(self.dataset, self.output_shape())
        self.device = torch.device(self.context.device)
        self.feed = _Feed(self.dataset.split("train"), self.settings.batch, self.device)
        self.total = self.feed.per_epoch * self.settings.epochs
        self.done = 0
        self.pace, self.mean_loss, self.mean_seconds = _Pace(), _Mean(), _Mean()

    def output_shape(self) -> tuple[int, ...]:
        """What the module gives for one example of this data."""
        self.module.eval()
        with torch.no_grad():
            parameter = next(self.module.parameters())
            return tuple(self.module(blank(self.dataset.input, 1, parameter.device)).shape)

    def run(self) -> FitReport:
        started = time.perf_counter()
        # Forward and backward together cost about three times the forward.
        if 3 * flops(self.module, self.dataset.input) * self.settings.batch < _ONE_THREAD_FLOPS:
            torch.set_num_threads(1)
        self.module.to(self.device)
        masks = {name: mask.to(self.device) for name, mask in self.masks.items()}
        apply_masks(self.module, masks)
        optimizer = _optimizer(self.module, self.settings)
        found = np.zeros(0)
        for epoch in range(self.settings.epochs):
            self._epoch(epoch, optimizer, masks)
            found = self._validate()
            self.values.append(float(found.mean()))
            self.context.metric(self.task.metric, self.values[-1])
        self.module.to("cpu")
        self.module.eval()
        return FitReport(
            losses=tuple(self.losses),
            values=tuple(self.values),
            scores=found,
            seconds=time.perf_counter() - started,
            batches=self.done,
        )

    def _validate(self) -> NDArray[np.float64]:
        with answering(self.module, self.dataset.input, self.scale):
            return scores(self.module, self.dataset.split("validation"), self.task, self.context, quiet=True)

    def _epoch(self, epoch: int, optimizer: torch.optim.Optimizer, masks: Mapping[str, Tensor]) -> None:
        self.module.train()
        whole = _Mean()
        for plain in self.feed.epoch(self.context.seed, epoch):
            batch = replace(plain, y=self.scale.targets(plain.y)) if self.task.key == "regression" else plain
            self.context.check()
            begin = time.perf_counter()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(self.settings, self.done, self.total)
            optimizer.zero_grad(set_to_none=True)
            outputs = self.module(batch.x)
            loss = self.loss(self.scale.outputs(outputs) if self.task.key == "regression" else outputs, batch)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            apply_masks(self.module, masks)
            value = float(loss.detach())
            if not math.isfinite(value):
                raise StepError(f"Training came apart in epoch {epoch + 1}: the loss is no longer a number.", "Lower the learning rate.")
            self.done += 1
            whole.add(value)
            self._show(value, time.perf_counter() - begin, epoch)
        self.losses.append(whole.take())

    def _show(self, loss: float, seconds: float, epoch: int) -> None:
        self.mean_loss.add(loss)
        self.mean_seconds.add(seconds)
        self.context.progress(self.done / self.total, f"epoch {epoch + 1} of {self.settings.epochs}")
        if self.pace.due() or self.done == self.total:
            self.context.metric("loss", self.mean_loss.take())
            self.context.metric("batch_s", self.mean_seconds.take())


class _Feed:
    """Training batches: from memory where the split fits, else read as they are needed."""

    def __init__(self, split: Split, batch: int, device: torch.device) -> None:
        self.split, self.batch, self.device = split, batch, device
        count = len(split)
        # A last batch of a single example has no variance, which batch normalisation needs.
        self.used = count - 1 if count % batch == 1 and count > 1 and batch > 1 else count
        self.per_epoch = math.ceil(self.used / batch)
        self.labels = torch.from_numpy(np.array(split.targets(np.arange(count)))).to(device)
        self.whole = self._tensor(split.arrays()[0]) if split.nbytes <= _KEEP_IN_MEMORY_BYTES else None

    def _tensor(self, x: np.ndarray) -> Tensor:
        # Channels stay first: with them last, oneDNN's gradient of a strided 1×1 convolution with few input channels writes
        # past its buffer (uxlfoundation/oneDNN issue 6035), and pruned shortcuts are just that. It would gain a tenth.
        return torch.from_numpy(x).to(self.device)

    def epoch(self, seed: int, epoch: int) -> Iterator[Batch]:
        order = np.random.default_rng((seed, epoch)).permutation(len(self.split))[: self.used]
        for start in range(0, self.used, self.batch):
            chosen = order[start : start + self.batch]
            indices = torch.from_numpy(chosen).to(self.device)
            x = self.whole[indices] if self.whole is not None else self._tensor(self.split.take(chosen))
            yield Batch(x, self.labels[indices], indices)


def _optimizer(module: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """Weight decay pulls on matrices and filters only, not on biases and norms."""
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trainable if p.dim() > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trainable if p.dim() <= 1], "weight_decay": 0.0},
    ]
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=settings.learning_rate)
    return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum, nesterov=settings.momentum > 0)


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
